import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { ViewsReport } from '../../src/common/run-report.ts'
import type { WantedViews, Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { int, money, text } from '../../src/schema/column.ts'
import { liveViews } from '../../src/schema/live-views.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { amount, type View, type ViewInput, view } from '../../src/schema/view.ts'
import { DESTINATIONS, type DestinationConfig, type TestDestination } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'

/* The life of views over one small stream: made, replaced, refused, dropped and kept as tables. */

const RECORDS = [parcel(1, 1, { raw: 'Whole bean' }), parcel(2, 2, { raw: 5 }), parcel(3, 3)]

const sizes: ViewInput = {
  name: 'sizes',
  layer: 'metrics',
  doc: 'Parcels, a row for each.',
  grain: ['id'],
  columns: { id: int('Key of the parcel.'), size: money('Its size.') },
  sql: `select id, id as size from {{parcels}}`,
}
const total: ViewInput = {
  name: 'total',
  layer: 'metrics',
  doc: 'All parcels, in one row.',
  grain: [],
  columns: { parcels: int('How many there are.'), size: amount('Their sizes.') },
  sql: `select count(*) as parcels, sum(size) as size from {{sizes}}`,
}
const live = liveViews([parcels], [])

interface Opened {
  readonly config: DestinationConfig
  ask(sql: string): Promise<Record<string, unknown>[]>
  use<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T>
  load(records: readonly unknown[], stream?: Stream, minutes?: number): Promise<void>
  /** What a run does about views after its streams. */
  keep(views?: readonly View[], more?: Partial<WantedViews>, stream?: Stream): Promise<ViewsReport>
}

const within = (place: TestDestination, work: (opened: Opened) => Promise<void>): Promise<void> =>
  place.with(async config => {
    const use: Opened['use'] = async work => {
      await using warehouse = await openDestination(config, { mode: 'write', connections: 2 })
      return await work(warehouse)
    }
    const opened: Opened = {
      config,
      ask: statement => withQuery(config, ask => ask(statement)),
      use,
      load: (records, stream = parcels, minutes = 1_000_000) =>
        use(async warehouse => {
          await warehouse.prepare(allTables(stream))
          await warehouse.migrateColumns(stream, new AbortController().signal)
          const from = await warehouse.checkpoint(stream.name)
          const batch = { ...batchOf(stream, records), receivedAt: at(minutes) }
          await warehouse.commit(batch, from, moved(from, at(9)))
        }),
      keep: (views = [view(sizes), view(total)], more = {}, stream = parcels) =>
        use(warehouse =>
          warehouse.keepViews(
            {
              views: [...liveViews([stream], []), ...views],
              tables: allTables(stream),
              zone: 'America/New_York',
              materialize: { add: [], except: [] },
              ...more,
            },
            new AbortController().signal,
          ),
        ),
    }
    await opened.load(RECORDS)
    await work(opened)
  })

const named = (...names: readonly string[]): readonly string[] => names.map(name => `recharge_analytics.${name}`)
const LIVE = named(...live.map(({ name }) => name))
const NOTHING = { made: [], dropped: [], refreshed: [], problems: [] }
const TOTAL = `select cast(parcels as int) as parcels, cast(size as text) as size from recharge_analytics.total`
const columnsOf = (name: string): string =>
  `select column_name as name from information_schema.columns
    where table_schema = 'recharge_analytics' and table_name = '${name}' order by ordinal_position`
const namesOf = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map(({ name }) => name)

describe.each(DESTINATIONS)('$name', place => {
  test('views are made once, with comments, and replaced when their text or a comment changes', () =>
    within(place, async ({ ask, keep }) => {
      expect(await keep()).toEqual({ ...NOTHING, made: [...LIVE, ...named('sizes', 'total')] })
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '6.0000' }])
      expect(await keep()).toEqual(NOTHING)
      const double = view({ ...sizes, sql: `select id, 2 * id as size from {{parcels}}` })
      expect(await keep([double, view(total)])).toEqual({ ...NOTHING, made: named('sizes') })
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '12.0000' }])
      const said = view({ ...total, doc: 'All parcels.', columns: { ...total.columns, size: amount('Of all.') } })
      expect(await keep([double, said])).toEqual({ ...NOTHING, made: named('total') })
      const comments =
        place.name === 'duckdb'
          ? `select comment as name from duckdb_views() where view_name = 'total' union all
              select comment from duckdb_columns() where table_name = 'total' order by 1`
          : `select obj_description('recharge_analytics.total'::regclass) as name union all
              select col_description('recharge_analytics.total'::regclass, n) from generate_series(1, 2) as n order by 1`
      expect(namesOf(await ask(comments))).toEqual(['All parcels.', 'How many there are.', 'Of all.'])
    }))

  test('a view that fails keeps none of the others, and is tried again', () =>
    within(place, async ({ ask, keep }) => {
      const wrong = view({ ...sizes, sql: `select id, nothing as size from {{parcels}}` })
      const report = await keep([wrong, view(total)])
      expect(report.made).toEqual(LIVE)
      expect(report.problems).toMatchObject([
        { view: 'recharge_analytics.sizes', code: 'refused', message: expect.stringContaining('nothing') },
        { view: 'recharge_analytics.total', code: 'refused', message: expect.stringContaining('sizes') },
      ])
      expect(await ask('select count(*) as n from recharge_analytics.parcels')).toHaveLength(1)
      expect(await keep()).toEqual({ ...NOTHING, made: named('sizes', 'total') })
      // One that was there stays as it was.
      expect((await keep([wrong, view(total)])).problems).toHaveLength(1)
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '6.0000' }])
    }))

  test('what somebody else made under the name of a view is left alone', () =>
    within(place, async ({ ask, keep }) => {
      await keep([view(sizes)])
      await ask('create table recharge_analytics.total as select 7 as theirs')
      await ask('drop view recharge_analytics.sizes')
      await ask(
        `create view recharge_analytics.sizes as select cast(1 as bigint) as id, cast(1 as decimal(18, 6)) as size`,
      )
      const report = await keep([view({ ...sizes, doc: 'Other.' }), view(total)])
      expect(report.problems).toMatchObject([
        { view: 'recharge_analytics.sizes', code: 'not_ours', message: expect.stringContaining('a view that') },
        { view: 'recharge_analytics.total', code: 'not_ours', message: expect.stringContaining('a table that') },
      ])
      expect(await ask('select cast(theirs as int) as n from recharge_analytics.total')).toEqual([{ n: 7 }])
      expect(await ask('select cast(id as int) as id from recharge_analytics.sizes')).toEqual([{ id: 1 }])
      await ask('drop table recharge_analytics.total')
      await ask('drop view recharge_analytics.sizes')
      expect(await keep()).toEqual({ ...NOTHING, made: named('sizes', 'total') })
    }))

  test('a schema that somebody else has filled is left alone', () =>
    within(place, async ({ ask, keep }) => {
      await ask('create schema recharge_analytics')
      await ask('create table recharge_analytics.theirs as select 1 as n')
      const report = await keep()
      expect(report).toMatchObject({
        made: [],
        problems: [{ view: 'recharge_analytics', code: 'not_ours', message: expect.stringContaining('theirs') }],
      })
      await ask('drop table recharge_analytics.theirs')
      // An empty one is used.
      expect((await keep()).problems).toEqual([])
    }))

  test('new columns come last, and removed ones do not stop the views that read the others', () =>
    within(place, async ({ ask, keep }) => {
      await keep()
      const wider = view({
        ...sizes,
        columns: { weight: int('Its weight.'), ...sizes.columns },
        sql: `select id, id as size, 3 as weight from {{parcels}}`,
      })
      expect(await keep([wider, view(total)])).toEqual({ ...NOTHING, made: named('sizes') })
      expect(namesOf(await ask(columnsOf('sizes')))).toEqual(['id', 'size', 'weight'])
      expect(await keep([wider, view(total)])).toEqual(NOTHING)
      const { size } = sizes.columns
      const narrower = view({ ...sizes, columns: { size: size as never, id: text('Key as text.') } })
      const report = await keep([narrower, view(total)])
      expect(report.problems).toEqual([])
      expect(namesOf(await ask(columnsOf('sizes')))).toEqual(place.name === 'duckdb' ? ['id', 'size'] : ['size', 'id'])
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '6.0000' }])
      expect(await keep([narrower, view(total)])).toEqual(NOTHING)
    }))

  test('a view that is no longer declared is dropped', () =>
    within(place, async ({ ask, keep }) => {
      await keep()
      const direct = view({ ...total, sql: `select count(*) as parcels, 0 as size from {{parcels}}` })
      expect(await keep([direct])).toEqual({ ...NOTHING, made: named('total'), dropped: named('sizes') })
      expect(await ask(columnsOf('sizes'))).toEqual([])
      expect(await ask('select name from recharge._sync_views order by 1')).toEqual(
        [...live.map(({ name }) => name), 'total'].sort().map(name => ({ name })),
      )
    }))

  test('the columns of a table are converted under the views, which are there again after the run', () =>
    within(place, async ({ ask, keep, load }) => {
      await keep()
      const { raw: _raw, ...others } = parcels.columns
      const retyped: Stream = { ...parcels, columns: { ...parcels.columns, raw: text('Anything.') } }
      await load([], retyped)
      const converted = `select cast(raw as text) as raw from recharge_analytics.parcels order by id`
      // As a run that was killed leaves it.
      if (place.name === 'postgres') expect(await ask(columnsOf('total'))).toEqual([])
      const { made, problems } = await keep(undefined, {}, retyped)
      expect(problems).toEqual([])
      expect(made).toContain('recharge_analytics.parcels')
      expect(await ask(converted)).toEqual([{ raw: 'Whole bean' }, { raw: '5' }, { raw: null }])
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '6.0000' }])
      // A column that is retired and empty goes, whatever our own views say of it.
      const { sent: _sent, ...fewer } = others
      const retired: Stream = { ...parcels, columns: { ...fewer, raw: text('Anything.') } }
      await load([], retired)
      expect(
        await ask(`select column_name from information_schema.columns where table_schema = 'recharge'
        and table_name = 'parcels' and column_name = 'sent'`),
      ).toHaveLength(0)
      expect((await keep(undefined, {}, retired)).problems).toEqual([])
      expect(await ask(TOTAL)).toEqual([{ parcels: 3, size: '6.0000' }])
    }))

  test('two streams that a view reads are converted at the same time', () =>
    within(place, async ({ ask, keep, load, use }) => {
      const boxes: Stream = { ...parcels, name: 'boxes', singular: 'box' }
      await load([parcel(7, 1, { raw: 'Tin' })], boxes)
      const both = view({
        name: 'raws',
        layer: 'metrics',
        doc: 'What both say.',
        grain: [],
        columns: { raws: int('How many.') },
        sql: `select count(p.raw) + (select count(b.raw) from {{table boxes}} as b) as raws from {{parcels}} as p`,
      })
      const retyped = [parcels, boxes].map(
        (stream): Stream => ({ ...stream, columns: { ...stream.columns, raw: text('Anything.') } }),
      )
      const tables = { tables: [parcels, boxes].flatMap(allTables) }
      expect((await keep([both], tables)).problems).toEqual([])
      await use(async warehouse => {
        await warehouse.prepare(retyped.flatMap(allTables))
        await Promise.all(retyped.map(stream => warehouse.migrateColumns(stream, new AbortController().signal)))
      })
      expect((await keep([both], { tables: retyped.flatMap(allTables) }, retyped[0])).problems).toEqual([])
      expect(await ask('select cast(raws as int) as n from recharge_analytics.raws')).toEqual([{ n: 3 }])
    }))

  test("somebody's view on ours keeps a column from being converted, and is named", () =>
    within(place, async ({ ask, keep, load }) => {
      await keep()
      await ask('create schema reports')
      await ask('create view reports.raws as select raw from recharge_analytics.parcels')
      const retyped: Stream = { ...parcels, columns: { ...parcels.columns, raw: text('Anything.') } }
      await expect(load([], retyped)).rejects.toMatchObject({
        kind: 'in_use',
        message: expect.stringMatching(/because this uses it: view reports\.raws$/),
      })
      expect(await ask('select * from reports.raws')).toHaveLength(3)
      expect(await keep()).toEqual(NOTHING)
    }))

  test('a view is kept as a table, which is made anew when its rows may have changed, and no more', () =>
    within(place, async ({ ask, keep, load }) => {
      const kept = [view({ ...sizes, materialized: true }), view(total)]
      const refreshed = named('sizes')
      expect(await keep(kept)).toMatchObject({ refreshed, problems: [] })
      expect(await keep(kept)).toEqual(NOTHING)
      expect(await ask('select cast(count(*) as int) as n from recharge._view_sizes')).toEqual([{ n: 3 }])
      // The view reads the table.
      await ask('delete from recharge._view_sizes where id = 1')
      expect(await ask(TOTAL)).toEqual([{ parcels: 2, size: '5.0000' }])
      await load([parcel(4, 10)])
      expect(await keep(kept)).toEqual({ ...NOTHING, refreshed })
      expect(await ask(TOTAL)).toEqual([{ parcels: 4, size: '10.0000' }])
      // A row that changes is seen by its time: there are as many as before.
      await load([parcel(4, 11)], parcels, 1_000_001)
      expect(await keep(kept)).toEqual({ ...NOTHING, refreshed })
      const double = view({ ...sizes, materialized: true, sql: `select id, 2 * id as size from {{parcels}}` })
      expect(await keep([double, view(total)])).toEqual({ ...NOTHING, made: refreshed, refreshed })
      expect(await ask(TOTAL)).toEqual([{ parcels: 4, size: '20.0000' }])
      // The setting takes it from them, and adds another.
      const report = await keep(kept, { materialize: { add: ['total'], except: ['sizes'] } })
      expect(report).toEqual({ ...NOTHING, made: named('sizes'), refreshed: named('total') })
      expect(
        await ask(`select table_name from information_schema.tables where table_name like '\\_view%' escape '\\'`),
      ).toEqual([{ table_name: '_view_total' }])
      expect(await ask(TOTAL)).toEqual([{ parcels: 4, size: '10.0000' }])
      await ask('create table recharge._view_sizes as select 1 as theirs')
      expect((await keep(kept)).problems).toMatchObject([{ view: 'recharge_analytics.sizes', code: 'not_ours' }])
      expect(await ask(TOTAL)).toEqual([{ parcels: 4, size: '10.0000' }])
    }))
})

const onPostgres = (work: (opened: Opened) => Promise<void>): Promise<void> => {
  const place = DESTINATIONS.find(({ name }) => name === 'postgres')
  if (!place) throw new Error('there is no Postgres')
  return within(place, work)
}

test("Postgres: somebody's view on ours keeps a view as it was, rights survive what is dropped and made again", () =>
  onPostgres(async ({ ask, keep, load }) => {
    await keep()
    await ask(`do $$ begin create role analyst login; exception when duplicate_object then null; end $$`)
    await ask('grant usage on schema recharge_analytics to analyst')
    await ask('grant select on all tables in schema recharge_analytics to analyst with grant option')
    await ask('revoke all on recharge_analytics.total from analyst')
    await ask('grant select (size) on recharge_analytics.total to analyst')
    const rights = `select c.relname as name, g.privilege_type as privilege, g.is_grantable as grantable, g.column
      from pg_class c cross join lateral (
        select a.*, null as column from aclexplode(c.relacl) a union all
        select a.*, t.attname from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid) g
      where c.relnamespace = 'recharge_analytics'::regnamespace and g.grantee = 'analyst'::regrole order by 1, 2`
    const before = await ask(rights)
    expect(before).toHaveLength(LIVE.length + 2)
    await ask('create schema reports')
    await ask('create view reports.large as select * from recharge_analytics.sizes where size > 1')
    const changed = view({ ...sizes, columns: { ...sizes.columns, size: int('Its size.') } })
    const report = await keep([changed, view(total)])
    expect(report).toMatchObject({
      made: [],
      problems: [
        {
          view: 'recharge_analytics.sizes',
          code: 'in_use',
          message: expect.stringMatching(
            /its columns size\. It is left as it was, because this uses it: view reports\.large$/,
          ),
        },
      ],
    })
    expect(await ask('select * from reports.large')).toHaveLength(2)
    // Text and comments alone change in place.
    expect(await keep([view({ ...sizes, doc: 'Each parcel.' }), view(total)])).toEqual({
      ...NOTHING,
      made: named('sizes'),
    })
    expect(await ask(rights)).toEqual(before)
    await ask('drop view reports.large')
    expect((await keep([changed, view(total)])).problems).toEqual([])
    expect(await ask(rights)).toEqual(before)
    // A conversion drops the views, and the next run that makes them gives the rights again.
    const retyped: Stream = { ...parcels, columns: { ...parcels.columns, raw: text('Anything.') } }
    await load([], retyped)
    expect(await ask(columnsOf('total'))).toEqual([])
    expect((await keep([changed, view(total)], {}, retyped)).problems).toEqual([])
    expect(await ask(rights)).toEqual(before)
    const kept = { materialize: { add: ['sizes'], except: [] } }
    await keep([changed, view(total)], kept, retyped)
    expect(await ask(rights)).toEqual(before)
  }))

test('Postgres: a role that sees the schema of the views alone reads them all, and nothing else', () =>
  onPostgres(async ({ config, ask, keep }) => {
    await keep([view({ ...sizes, materialized: true }), view(total)])
    await ask(`do $$ begin create role analyst login; exception when duplicate_object then null; end $$`)
    await ask('grant usage on schema recharge_analytics to analyst')
    await ask('grant select on all tables in schema recharge_analytics to analyst')
    if (config.kind !== 'postgres') throw new Error('not Postgres')
    const client = new pg.Client({ connectionString: config.url })
    await client.connect()
    try {
      await client.query('set role analyst')
      for (const name of [...live.map(({ name }) => name), 'sizes', 'total'])
        await client.query(`select * from recharge_analytics.${name}`)
      for (const table of ['parcels', '_sync_settings', '_view_sizes'])
        await expect(client.query(`select * from recharge.${table}`)).rejects.toThrow(/permission denied/)
    } finally {
      await client.end()
    }
  }))

test('Postgres: without the right to make the schema, or anything in it, one problem says so', () =>
  onPostgres(async ({ config, ask }) => {
    if (config.kind !== 'postgres') throw new Error('not Postgres')
    await ask(
      `do $$ begin create role loader login password 'secret'; exception when duplicate_object then null; end $$`,
    )
    await ask('grant usage, create on schema recharge to loader')
    await ask('grant all on all tables in schema recharge to loader')
    const url = new URL(config.url)
    url.username = 'loader'
    url.password = 'secret'
    const keep = async () => {
      await using warehouse = await openDestination({ ...config, url: url.href }, { mode: 'write', connections: 2 })
      return await warehouse.keepViews(
        { views: live, tables: allTables(parcels), zone: 'UTC', materialize: { add: [], except: [] } },
        new AbortController().signal,
      )
    }
    const problem = {
      view: 'recharge_analytics',
      code: 'denied',
      next: expect.stringContaining('"recharge_analytics"'),
    }
    expect(await keep()).toMatchObject({ made: [], problems: [problem] })
    await ask('create schema recharge_analytics')
    expect(await keep()).toMatchObject({ made: [], problems: [problem] })
    await ask('grant usage on schema recharge_analytics to loader')
    expect(await keep()).toMatchObject({ made: [], problems: [problem] })
    await ask('grant create on schema recharge_analytics to loader')
    expect(await keep()).toMatchObject({ made: LIVE, problems: [] })
  }))

test('Postgres: a view that a reader holds is refreshed later, and never read empty', () =>
  onPostgres(async ({ config, ask, keep, load }) => {
    const kept = [view({ ...sizes, materialized: true }), view(total)]
    await keep(kept)
    if (config.kind !== 'postgres') throw new Error('not Postgres')
    const reader = new pg.Client({ connectionString: config.url })
    await reader.connect()
    try {
      await reader.query('begin')
      const read = async () => (await reader.query('select count(*)::int as n from recharge_analytics.sizes')).rows
      expect(await read()).toEqual([{ n: 3 }])
      await load([parcel(4, 10)])
      expect((await keep(kept)).problems).toMatchObject([{ view: 'recharge_analytics.sizes', code: 'locked' }])
      expect(await read()).toEqual([{ n: 3 }])
      await reader.query('commit')
      expect((await keep(kept)).refreshed).toEqual(named('sizes'))
      expect(await read()).toEqual([{ n: 4 }])
    } finally {
      await reader.end()
    }
    expect(await ask(TOTAL)).toEqual([{ parcels: 4, size: '10.0000' }])
  }))

test('DuckDB: the views answer when the file is opened by its path, as a copy, and attached under another name', async () => {
  const [place] = DESTINATIONS
  if (!place) throw new Error('there is no DuckDB')
  await within(place, async ({ config, keep }) => {
    if (config.kind !== 'duckdb') throw new Error('not DuckDB')
    await keep([view({ ...sizes, materialized: true }), view(total)])
    const copy = join(dirname(config.file), 'other name.duckdb')
    copyFileSync(config.file, copy)
    const read = async (path: string, attached: string | null): Promise<void> => {
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      try {
        if (attached !== null) await connection.run(`attach '${attached}' as warehouse (read_only)`)
        const from = attached === null ? '' : 'warehouse.'
        for (const name of [...live.map(({ name }) => name), 'sizes', 'total'])
          await connection.run(`select * from ${from}recharge_analytics.${name}`)
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    }
    await read(config.file, null)
    await read(copy, null)
    await read(':memory:', copy)
  })
})
