import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { createApp, select } from '../../src/cli/app.ts'
import { plan } from '../../src/cli/commands/plan.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import { behindTheWall } from '../../src/simulator/serve/visible.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const addressOf = (to: DestinationConfig): string =>
  to.kind === 'duckdb' ? `duckdb: ${to.file}` : `postgres: ${to.url}`

describe.each(drawDestination())('$name', place => {
  test('K8/42: a run is written down when it begins, so that one that is killed has left a trace', async () => {
    await withSimulator({ store: makeStore({ customers: 10, months: 2 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const runs = () =>
            withQuery(destination, query =>
              query('select run, outcome, finished_at is null as open from recharge._sync_runs order by run'),
            )
          const kept = (): RunReport[] =>
            readdirSync(join(folder, 'state', 'runs'))
              .sort()
              .map(file => JSON.parse(readFileSync(join(folder, 'state', 'runs', file), 'utf8')))
          writeConfig(
            folder,
            `recharge:\n  token: ${simulator.token}\n  base_url: ${simulator.url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  ${addressOf(destination)}\n`,
          )
          const asked = Promise.withResolvers<void>()
          simulator.faults.add({ kind: 'hang', match: '/customers' })
          simulator.faults.before(({ path }) => {
            if (path === '/customers') asked.resolve()
          })
          const killed = await cli(folder, ['sync', '--streams', 'customers'], {}, child => {
            asked.promise.then(() => child.kill('SIGKILL'))
          })
          expect(killed.signal).toBe('SIGKILL')
          const [begun] = kept()
          expect(begun).toMatchObject({ outcome: 'running', finished_at: null, version: packageJson.version })
          expect(await runs()).toEqual([{ run: begun?.run, outcome: 'running', open: true }])

          simulator.faults.clear()
          const ran = await runSync(configFor(simulator, destination, folder), ['customers'])
          expect(ran.code, ran.text).toBe(0)
          expect(await runs()).toEqual([
            { run: begun?.run, outcome: 'running', open: true },
            { run: ran.report.run, outcome: 'complete', open: false },
          ])
          expect(kept().at(-1)).toEqual(ran.report)
          expect(ran.report.version).toBe(packageJson.version)
        }),
      ),
    )
  })
})

test('K8/42: a run that never reaches the destination is written down too', async () => {
  await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
    withFolder(async folder => {
      const destination: DestinationConfig = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' }
      const config = configFor(simulator, destination, folder, { token: 'sk_1x1_revoked' })
      const ran = await runSync(config, ['customers'])
      expect(ran.code).toBe(3)
      const [file = ''] = readdirSync(join(folder, 'state', 'runs'))
      expect(JSON.parse(readFileSync(join(folder, 'state', 'runs', file), 'utf8'))).toMatchObject(ran.report)
    }),
  )
})

test.each([true, false])(
  'K8/45: what the wall hides of the charges is not expected, whether counts hide it (%s) or not',
  async wallHidesCounts => {
    const store = makeStore({ customers: 40, months: 12 })
    const now = store.now().getTime()
    const visible = store.all('charges').filter(charge => !behindTheWall(charge, now)).length
    expect(visible).toBeLessThan(0.7 * store.count('charges'))
    // Slow answers at a high rate: the stream is counted with its first page.
    await withSimulator({ store, wallHidesCounts, latencyMs: 150 }, simulator =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' }
        const config = configFor(simulator, destination, folder)
        const app = createApp(config, { level: 'silent' })
        const planned = (await plan(app, select(app, ['charges']), new AbortController().signal)).json as {
          streams: { records: number }[]
        }
        const expected: (number | null)[] = [planned.streams[0]?.records ?? null]
        const progress = {
          ...NO_PROGRESS,
          ended: (stats: { expected: number | null }) => expected.push(stats.expected),
        }
        const ran = await runSync(config, ['charges'], new AbortController().signal, {
          ...progress,
          ended: progress.ended,
        })
        expect(ran.of('charges').records).toBe(visible)
        // Neither far too many, which would have the bar end in its middle, nor far too few.
        for (const count of expected) {
          expect(count).toBeGreaterThan(0.8 * visible)
          expect(count).toBeLessThan(1.1 * visible)
        }
      }),
    )
  },
)
