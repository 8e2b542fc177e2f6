import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { thisProcess } from '../../src/common/process-identity.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { runSync } from '../support/run.ts'
import { synced } from '../support/synced.ts'

const STREAMS = ['customers', 'webhooks']

interface Stated {
  readonly stream: string
  readonly outcome: string | null
  readonly run: string | null
  readonly problem: { readonly code: string } | null
  readonly failed: { readonly problem: { readonly code: string } | null } | null
  readonly impossible: readonly { readonly code: string }[]
}

async function look(config: Config) {
  const app = createApp(config, { level: 'silent' })
  const { code, json, text } = await status(app, select(app, STREAMS), null)
  const { streams } = json as { streams: readonly Stated[] }
  const of = (name: string): Stated => {
    const found = streams.find(({ stream }) => stream === name)
    if (!found) throw new Error(text)
    return found
  }
  return { code, text, of, outcomes: streams.map(({ outcome }) => outcome) }
}

/** The process of a program that has ended. */
function deadProcess() {
  const { pid, stdout } = spawnSync('sh', ['-c', 'cut -d " " -f 22 /proc/$$/stat'])
  return { ...thisProcess(), pid, started: String(stdout).trim() || null }
}

/** A run as it is written down when it begins; its id is later than that of every run before. */
const begun = (more: Record<string, unknown>, run = '7ZZZZZZZZZ0000000000000000') => ({
  run,
  started_at: `${new Date().toISOString().slice(0, -1)}000Z`,
  finished_at: null,
  outcome: 'running',
  streams: [],
  problem: null,
  ...more,
})

const put = (config: Config, report: ReturnType<typeof begun>): void => {
  const folder = join(config.directory, 'state', 'runs')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${report.run}.json`), JSON.stringify(report))
}

describe.each(DESTINATIONS)('$name', place => {
  test('K8/41: a run that never reached the database fails the streams it was for, until one succeeds', async () => {
    await synced(place, STREAMS, async ({ config }) => {
      expect(await look(config)).toMatchObject({ code: 0, outcomes: ['complete', 'complete'] })
      const refused = { ...config, recharge: { ...config.recharge, token: 'sk_1x1_wrong' } }
      expect((await runSync(refused, ['customers'])).code).toBe(3)
      const one = await look(config)
      expect(one.code).toBe(1)
      expect(one.of('customers')).toMatchObject({ outcome: 'failed', problem: { code: 'unauthorised' } })
      expect(one.of('webhooks')).toMatchObject({ outcome: 'complete', failed: null })
      expect((await runSync(refused, STREAMS)).code).toBe(3)
      const both = await look(config)
      expect(both.outcomes).toEqual(['failed', 'failed'])
      expect(both.text.match(/bad authentication/g), both.text).toHaveLength(1)
      // A run into another warehouse, whose reports lie in the same folder, has nothing to do with this one.
      const { run } = await runSync(config, STREAMS).then(({ report }) => report)
      expect(await look(config)).toMatchObject({ code: 0, outcomes: ['complete', 'complete'] })
      const elsewhere = {
        ...refused,
        destination: { kind: 'duckdb', file: join(config.directory, 'b'), schema: 's' },
      } as const
      expect((await runSync(elsewhere, STREAMS)).code).toBe(3)
      const end = await look(config)
      expect([end.code, end.of('customers').run]).toEqual([0, run])
    })
  })

  test('K8/41: a stream that failed in the last run fails `status`, the others do not', async () => {
    await synced(place, STREAMS, async ({ simulator, config }) => {
      simulator.faults.add({ kind: 'body', body: { nothing: [] }, match: '/webhooks', times: 100 })
      expect((await runSync(config, STREAMS)).code).toBe(1)
      const failed = await look(config)
      expect([failed.code, ...failed.outcomes]).toEqual([1, 'complete', 'failed'])
      // Without the files, the warehouse says the same.
      const moved = { ...config, directory: join(config.directory, 'elsewhere') }
      expect((await look(moved)).code).toBe(1)
    })
  })

  test('K8/42: a run that has begun is running while its process lives, and broken off when that is gone', async () => {
    await synced(place, STREAMS, async ({ config, sql }) => {
      const selected = { selected: ['customers'] }
      put(config, begun({ ...selected, process: thisProcess() }))
      const running = await look(config)
      expect([running.code, ...running.outcomes]).toEqual([0, 'running', 'complete'])
      put(config, begun({ ...selected, process: deadProcess() }))
      const broken = await look(config)
      expect([broken.code, ...broken.outcomes]).toEqual([1, 'broken_off', 'complete'])
      expect(broken.text).toContain('customers: run 7ZZZZZZZZZ0000000000000000')
      // Another process has the number of the dead one by now.
      put(config, begun({ ...selected, process: { ...thisProcess(), started: '1' } }))
      expect((await look(config)).of('customers').outcome).toBe('broken_off')
      const done = await runSync(config, STREAMS)
      // The warehouse has the beginning of the run too, and does not say which streams it was for.
      const note = (report: ReturnType<typeof begun>) =>
        sql(
          `insert into recharge._sync_runs select '${report.run}', started_at, finished_at, 'running', '${JSON.stringify(report)}'
           from recharge._sync_runs where run = '${done.report.run}'`,
        )
      put(config, begun({ ...selected, process: deadProcess() }, '7ZZZZZZZZZ0000000000000002'))
      await note(begun({}, '7ZZZZZZZZZ0000000000000002'))
      expect((await look(config)).outcomes).toEqual(['broken_off', 'complete'])
      await runSync(config, STREAMS)
      expect(await look(config)).toMatchObject({ code: 0, outcomes: ['complete', 'complete'] })
      // Written down in the warehouse only, by another machine: nobody has the right to write, so it is not at work.
      const at = '7ZZZZZZZZZ0000000000000001'
      const later = begun({ started_at: `${new Date(Date.now() + 1000).toISOString().slice(0, -1)}000Z` }, at)
      await note(later)
      const lost = await look(config)
      expect([lost.code, ...lost.outcomes]).toEqual([1, 'broken_off', 'broken_off'])
    })
  })

  test('K8/41: a run that found another at work counts when none is', async () => {
    await synced(place, STREAMS, async ({ config }) => {
      const held = begun({
        outcome: 'failed',
        finished_at: `${new Date().toISOString().slice(0, -1)}000Z`,
        problem: { code: 'held', message: 'another run', next: 'Wait.' },
      })
      put(config, held)
      put(config, begun({ process: thisProcess() }, '7ZZZZZZZZZ0000000000000001'))
      expect(await look(config)).toMatchObject({ code: 0, outcomes: ['running', 'running'] })
      put(
        config,
        begun({ process: deadProcess(), started_at: '2026-01-01T00:00:00.000000Z' }, '7ZZZZZZZZZ0000000000000001'),
      )
      expect(await look(config)).toMatchObject({ code: 1, outcomes: ['failed', 'failed'] })
    })
  })

  test('K1/1, K2/7: a time that has not come, and a table that is not there, fail `status`', async () => {
    await synced(place, STREAMS, async ({ config, sql }) => {
      await sql(`update recharge._sync_checkpoints set watermark = '2099-01-01T00:00:00Z' where stream = 'customers'`)
      const ahead = await look(config)
      expect(ahead.code).toBe(1)
      expect(ahead.of('customers').impossible).toMatchObject([{ code: 'watermark_in_future' }])
      expect(ahead.of('webhooks').impossible).toEqual([])
      expect(ahead.text).toContain('reset customers')
      await sql('drop table recharge.webhooks')
      expect((await look(config)).of('webhooks').impossible).toMatchObject([{ code: 'table_missing' }])
    })
  })

  test('a file in the folder of reports that is none is named, and hides no run', async () => {
    await synced(place, STREAMS, async ({ config }) => {
      put(config, begun({ run: '7ZZZZZZZZZ0000000000000000', started_at: 'soon' }))
      const said = await look(config)
      expect([said.code, ...said.outcomes]).toEqual([0, 'complete', 'complete'])
      expect(said.text).toContain('7ZZZZZZZZZ0000000000000000.json is not the report of a run')
    })
  })
})
