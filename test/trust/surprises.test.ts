import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type App, createApp, select } from '../../src/cli/app.ts'
import { runCommand } from '../../src/cli/commands/run.ts'
import { syncWork } from '../../src/cli/commands/sync.ts'
import { DestinationError } from '../../src/common/errors.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import type { StreamWork } from '../../src/jobs/run-options.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, withSimulator } from '../support/run.ts'

const STREAMS = ['customers', 'orders', 'plans']

describe.each(drawDestination())('$name', place => {
  interface Place {
    readonly app: App
    readonly simulator: Simulator
    readonly folder: string
    /** Syncs the streams, one of them by other work. */
    run(
      name: string,
      work: StreamWork,
      signal?: AbortSignal,
    ): Promise<{ code: number; report: RunReport; text: string }>
    sql(statement: string): Promise<Record<string, unknown>[]>
  }

  const inWarehouse = (work: (given: Place) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 10, months: 2 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const app = createApp(configFor(simulator, destination, folder), { level: 'silent' })
          await work({
            app,
            simulator,
            folder,
            async run(name, other, signal = new AbortController().signal) {
              const own = syncWork(app)
              const either: StreamWork = (stream, ...rest) => (stream.name === name ? other : own)(stream, ...rest)
              const { code, json, text } = await runCommand(
                app,
                'sync',
                select(app, STREAMS),
                either,
                NO_PROGRESS,
                signal,
              )
              return { code, report: json as RunReport, text }
            },
            sql: statement => withQuery(destination, query => query(statement)),
          })
        }),
      ),
    )

  const outcomesOf = ({ streams }: RunReport) =>
    streams.map(({ stream, outcome, problem }) => [stream, outcome, problem?.code])

  test('I26: K6/23: an error that nobody foresaw fails one stream; the others are loaded, the run is recorded, the exit is 70', async () => {
    await inWarehouse(async ({ run, sql, app, folder }) => {
      const ran = await run('customers', async () => {
        throw new TypeError('x is not a function\nand more')
      })
      expect(ran.code, ran.text).toBe(70)
      expect(ran.report).toMatchObject({ outcome: 'failed', problem: null })
      expect(outcomesOf(ran.report)).toEqual([
        ['customers', 'failed', 'bug'],
        ['orders', 'complete', undefined],
        ['plans', 'complete', undefined],
      ])
      expect(ran.report.streams[0]?.problem?.message).toBe(
        'an error that recharge-sync does not know: TypeError: x is not a function',
      )
      expect(await sql('select outcome from recharge._sync_runs')).toEqual([{ outcome: 'failed' }])
      const kept = JSON.parse(readFileSync(join(folder, 'state', 'runs', `${app.run}.json`), 'utf8'))
      expect(kept).toEqual(ran.report)
      const [orders] = await sql('select count(*) as n from recharge.orders')
      expect(Number(orders?.n)).toBeGreaterThan(0)
    })
  })

  test('I26: K6/25: streams that another one stops tell of the true cause', async () => {
    await inWarehouse(async ({ run, simulator }) => {
      const underWay = Promise.withResolvers<void>()
      simulator.faults.add({ kind: 'hang', match: '/orders', times: 10 })
      simulator.faults.before(({ path }) => {
        if (path === '/orders') underWay.resolve()
      })
      const ran = await run('customers', async () => {
        await underWay.promise
        throw new DestinationError('full', 'the disk is full')
      })
      expect(ran.code, ran.text).not.toBe(70)
      expect(ran.report.problem?.code).toBe('full')
      expect(outcomesOf(ran.report).slice(0, 2)).toEqual([
        ['customers', 'failed', 'full'],
        ['orders', 'failed', 'full'],
      ])
    })
  })

  test('I26: K6/25: an interruption while the last page waits for its commit ends with 130', async () => {
    await inWarehouse(async ({ run, app }) => {
      const stop = new AbortController()
      const own = syncWork(app)
      const ran = await run(
        'customers',
        (stream, options, stats, signal) => {
          const { source } = options
          // The interruption comes between the last page and the commit of it.
          const pages: typeof source.pages = async function* (...given) {
            for await (const page of source.pages(...given)) {
              if (page.last) stop.abort()
              yield page
            }
          }
          return own(stream, { ...options, source: { ...source, rate: source.rate, pages } }, stats, signal)
        },
        stop.signal,
      )
      expect(ran.code, ran.text).toBe(130)
      expect(outcomesOf(ran.report)[0]).toEqual(['customers', 'interrupted', 'interrupted'])
    })
  })
})
