import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { BEGINNING } from '../../src/common/complete-from.ts'
import { type InferredColumn, withInferred } from '../../src/schema/inferred-columns.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { DAY } from '../../src/simulator/time.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { type Dump, dump, withQuery } from '../support/dump.ts'
import { configFor, type Ran, runSync, withSimulator } from '../support/run.ts'
import { GONE, makeUpgradeStore, unpackFixture, untilInterrupted, untilResumed } from '../support/upgrade-store.ts'

/** Scans that the older version had begun and not ended, and how many records it had read of each. */
const UNDER_WAY = [
  ['collections', 250],
  ['customers', 1174],
  ['metafields', 250],
  ['products', 250],
] as const
const SYNCED = STREAMS.filter(({ optIn }) => !optIn)

async function restore(destination: DestinationConfig): Promise<void> {
  if (destination.kind === 'duckdb') writeFileSync(destination.file, unpackFixture('warehouse.duckdb.gz'))
  else await withQuery(destination, query => query(unpackFixture('warehouse.sql.gz').toString()))
}

describe.each(DESTINATIONS)('$name', place => {
  interface Upgraded {
    readonly simulator: Simulator
    readonly config: Config
    ask(sql: string): Promise<Record<string, unknown>[]>
    /** A sync of the same store into an empty destination. It is made once: the store and the salt are always the same. */
    fresh(): Promise<Fresh>
  }

  interface Fresh {
    readonly ran: Ran
    readonly tables: Tables
    readonly columns: readonly object[]
  }
  const COLUMNS = `select table_name, column_name, data_type, numeric_precision, numeric_scale
    from information_schema.columns where table_schema = 'recharge' order by 1, 2`
  let known: Fresh | null = null

  /** The fixture in a destination, and the store that it was read from. */
  const inUpgraded = (work: (upgraded: Upgraded) => Promise<void>): Promise<void> => {
    const store = makeUpgradeStore()
    untilInterrupted(store)
    untilResumed(store)
    return withSimulator({ store }, simulator =>
      withFolder(folder =>
        place.with(async destination => {
          await restore(destination)
          const configured = (to: DestinationConfig): Config => {
            const config = configFor(simulator, to, folder)
            const policies: Config['policies'] = { ...config.policies, sensitive: 'hash', drift: 'evolve' }
            return { ...config, refreshMs: () => DAY, policies }
          }
          const ask: Upgraded['ask'] = sql => withQuery(destination, query => query(sql))
          const fresh: Upgraded['fresh'] = async () => {
            known ??= await place.with(async other => {
              const config = configured(other)
              // The salt of the fixture, so that equal values have equal hashes.
              await runSync(config, ['shop'])
              const [salt] = await ask(`select value from recharge._sync_settings where name = 'salt'`)
              const adopt = `update recharge._sync_settings set value = '${salt?.value}' where name = 'salt'`
              await withQuery(other, query => query(adopt))
              const ran = await runSync(config)
              expect(ran.code, ran.text).toBe(0)
              const columns = await withQuery(other, query => query(COLUMNS))
              return { ran, tables: await tablesOf(other), columns }
            })
            return known
          }
          await work({ simulator, config: configured(destination), ask, fresh })
        }),
      ),
    )
  }

  test('a first sync that an older version began goes on, and ends equal to a fresh one', async () => {
    await inUpgraded(async ({ simulator, config, ask, fresh }) => {
      const bookmarks = await bookmarksOf(ask)
      expect([...bookmarks.keys()].sort()).toEqual(UNDER_WAY.map(([stream]) => stream))
      expect(bookmarks.get('customers')).toHaveLength(2)

      const ran = await runSync({ ...config, views: true })
      expect(ran.code, ran.text).toBe(0)
      expect(ran.report.views?.problems).toEqual([])
      const asked = simulator.requests.flatMap(({ query }) => query.cursor ?? query.page_info ?? [])
      for (const [stream, resumes] of bookmarks)
        for (const resume of resumes)
          expect(
            asked.some(cursor => resume.includes(cursor)),
            `${stream} ${resume}`,
          ).toBe(true)

      // What the older version had completed counts from when its reports say, and what it had begun from its window on.
      for (const stream of ['addresses', 'customers', 'discounts', 'metafields', 'plans'])
        expect([stream, ran.of(stream).complete_from]).toEqual([stream, BEGINNING])
      const [{ at: ended } = {}] = await ask(
        `select cast(max(finished_at) as text) as at from recharge._sync_runs where outcome = 'interrupted'`,
      )
      const since = Date.parse(ran.of('charges').complete_from ?? '')
      expect(Math.abs(Date.parse(String(ended)) - 90 * DAY - since)).toBeLessThan(10 * 60_000)
      // The older version set whole records aside for one value; this one loads them.
      const app = createApp(config, { level: 'silent' })
      const { json } = await replay(app, select(app, null), new AbortController().signal)
      expect(json).toMatchObject({ streams: [{ stream: 'customers', rejects: 1, added: 1, kept: 0 }] })

      const { ran: whole, tables } = await fresh()
      for (const [stream, read] of UNDER_WAY) {
        const [rest, all] = [ran.of(stream), whole.of(stream)]
        expect([stream, rest.requests < all.requests]).toEqual([stream, true])
        const twice = rest.records - (simulator.store.table(stream).size - read)
        // Two segments were cut after their first request, which their cursors do not know: each ends with a page too large.
        expect([stream, twice >= 0 && twice <= (stream === 'customers' ? 2 * 250 : 0)]).toEqual([stream, true])
      }
      expect(ran.report.requests).toBeLessThan(whole.report.requests)

      const { present, deleted } = await live(config.destination)
      expect(deleted).toEqual({
        collections: [[String(GONE.collection), 'absence']],
        customers: [[String(GONE.customer), 'event']],
        discounts: [[String(GONE.discount), 'event']],
      })
      expect(present).toEqual(tables)
      expect(await ask('select stream from recharge._sync_checkpoints where walk is not null')).toEqual([])
      expect(await ask('select type from recharge._sync_tombstones')).toEqual([])

      const again = await runSync(config)
      for (const stream of again.report.streams)
        expect(stream, stream.stream).toMatchObject({ outcome: 'complete', added: 0, changed: 0, deleted: 0 })
    })
  })

  test('columns of older types are converted, but for those that a view of the user’s uses, until it is gone', async () => {
    await inUpgraded(async ({ config, ask, fresh }) => {
      // A subscription that Recharge no longer returns, as the older version wrote it.
      await ask(
        `insert into recharge.subscriptions (id, updated_at, _synced_at, _hash) select 7, timestamptz '2026-11-01 00:00:00+00', timestamptz '2026-11-01 00:00:00+00', 7`,
      )
      const values = ['"Whole bean"', '"5"', '5', '12.5', 'true', '""', '{"a":["b, c"]}', null]
      for (const [i, value] of values.entries())
        await ask(
          `insert into recharge.subscriptions__properties (subscription_id, index, name, value) values (7, ${i}, 'n', ${value === null ? 'null' : `'${value}'`})`,
        )
      const stored = `select cast(value as text) as value from recharge.subscriptions__properties where subscription_id = 7 order by index`
      const before = await ask(stored)
      await ask(
        `create view recharge.grinds as select subscription_id, value from recharge.subscriptions__properties where name = 'Grind'`,
      )

      const ran = await runSync(config)
      expect(ran.code, ran.text).toBe(1)
      const { outcome, problem } = ran.of('subscriptions')
      expect({ outcome, code: problem?.code }).toEqual({ outcome: 'failed', code: 'in_use' })
      expect(problem?.message).toMatch(
        /subscriptions__properties\.value is jsonb? and has to become (text|varchar)\. Nothing was changed, because this uses it: view recharge\.grinds$/,
      )
      expect(problem?.next).toContain('view recharge.grinds')
      for (const { stream, outcome: other } of ran.report.streams)
        if (stream !== 'subscriptions') expect([stream, other]).toEqual([stream, 'complete'])
      expect(ran.of('charges').problem?.message).toMatch(
        /charges__line_items\.grams was bigint and is decimal\(28,10\) now/,
      )
      expect(ran.of('charges').problem?.message).toContain(
        'charges.include is no longer declared, had no value, and was dropped',
      )
      expect(await ask(stored)).toEqual(before)
      await ask('select * from recharge.grinds')

      await ask('drop view recharge.grinds')
      const second = await runSync(config)
      expect(second.code, second.text).toBe(0)
      expect(second.of('subscriptions').problem).toMatchObject({ code: 'migrated' })
      expect((await ask(stored)).map(({ value }) => value)).toEqual([
        ...['Whole bean', '5', '5', '12.5', 'true', '', '{"a":["b, c"]}'],
        null,
      ])
      const beans = `select subscription_id from recharge.subscriptions__properties where value = 'Whole bean' and subscription_id = 7`
      expect(await ask(beans)).toHaveLength(1)
      for (const stream of second.report.streams)
        if (stream.stream !== 'subscriptions') expect(stream.problem).toBeNull()

      const third = await runSync(config)
      expect(third.of('subscriptions')).toMatchObject({ outcome: 'complete', problem: null, changed: 0 })
      expect(await ask(COLUMNS)).toEqual((await fresh()).columns)
    })
  })

  test('a stored scan that cannot be read fails its stream, which reset mends', async () => {
    await inUpgraded(async ({ config, ask, fresh }) => {
      await ask(`update recharge._sync_checkpoints set walk = '{"window":1}' where stream = 'customers'`)
      const ran = await runSync(config)
      expect(ran.code, ran.text).toBe(1)
      const { outcome, problem, records } = ran.of('customers')
      expect({ outcome, records, code: problem?.code }).toEqual({ outcome: 'failed', records: 0, code: 'unreadable' })
      expect(problem?.message).toMatch(/^customers: the row of _sync_checkpoints, walk.*window.* cannot be read/)
      expect(problem?.next).toContain('reset customers')
      for (const { stream, outcome: other } of ran.report.streams)
        if (stream !== 'customers') expect([stream, other]).toEqual([stream, 'complete'])

      const app = createApp(config, { level: 'silent' })
      const selection = select(app, ['customers'])
      const { json } = await status(app, selection, null)
      expect(json).toMatchObject({
        streams: [{ stream: 'customers', outcome: 'failed', problem: { code: 'unreadable' } }],
      })
      const [customers] = selection.streams
      if (!customers) throw new Error('customers is no stream')
      expect(await reset(app, [customers], false)).toMatchObject({
        code: 0,
        json: { streams: [{ stream: 'customers' }] },
      })
      const mended = await runSync(config)
      expect(mended.code, mended.text).toBe(0)
      const { tables } = await fresh()
      expect((await live(config.destination)).present).toEqual(tables)
    })
  })
})

interface Tables {
  readonly rows: Dump
  readonly inferred: readonly object[]
  readonly rejects: readonly object[]
}

/** Rows with the columns that were made for them, and what else says what was read. */
async function tablesOf(destination: DestinationConfig): Promise<Tables> {
  const [columns, rejects] = await withQuery(destination, async query => [
    await query('select stream, table_name, column_name, path, kind from recharge._sync_columns order by 1, 2, 3'),
    await query('select fingerprint, stream, key, path from recharge._sync_rejects order by 1'),
  ])
  const made = (columns ?? []).map(row => ({
    stream: String(row.stream),
    table: String(row.table_name),
    column: String(row.column_name),
    path: String(row.path),
    kind: String(row.kind) as InferredColumn['kind'],
  }))
  const streams: Stream[] = SYNCED.map(stream =>
    withInferred(
      stream,
      made.filter(column => column.stream === stream.name),
    ),
  )
  // A fingerprint depends on the declared types, and a record that is not read again keeps that of the older version.
  const rows = Object.entries(await dump(destination, streams)).map(([table, all]) => [
    table,
    all.map(({ _hash, ...row }) => row),
  ])
  return { rows: Object.fromEntries(rows), inferred: made, rejects: rejects ?? [] }
}

/** What stands, apart from the rows that are marked as deleted. */
async function live(destination: DestinationConfig) {
  const tables = await tablesOf(destination)
  const deleted: Record<string, unknown[]> = {}
  const rows = Object.entries(tables.rows).map(([name, all]) => {
    const gone = all.filter(row => (row._deleted_at ?? null) !== null)
    if (gone.length > 0) deleted[name] = gone.map(row => [row.id, row._deleted_by])
    return [name, all.filter(row => !gone.includes(row))] as const
  })
  return { present: { ...tables, rows: Object.fromEntries(rows) }, deleted }
}

/** Where each scan under way goes on, by stream. */
async function bookmarksOf(ask: (sql: string) => Promise<Record<string, unknown>[]>) {
  const rows = await ask(
    'select stream, cast(walk as text) as walk from recharge._sync_checkpoints where walk is not null',
  )
  return new Map(
    rows.map(({ stream, walk }) => {
      const { segments } = JSON.parse(String(walk)) as { segments: { resume: string | null }[] }
      return [String(stream), segments.flatMap(({ resume }) => (resume === null ? [] : decodeURIComponent(resume)))]
    }),
  )
}
