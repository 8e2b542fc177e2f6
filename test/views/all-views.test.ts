import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS, wantedViews } from '../../src/cli/app.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import { render, VIEW_SCHEMAS, type View } from '../../src/schema/view.ts'
import { DESTINATIONS, type TestDestination } from '../support/destinations.ts'
import { canonical, type Query, withQuery } from '../support/dump.ts'
import { makeViews, WANTED, withFixture } from '../support/views.ts'

/* Every declared view, over the fixture: the same rows in each database and under each zone of a session, one row for each grain, no failing check. */

const nameOf = ({ schema, name }: View): string => `"recharge${VIEW_SCHEMAS[schema]}"."${name}"`

/** Columns that say when this machine ran a sync: each load has its own. */
const OF_THE_CLOCK: readonly string[] = ['first_sync_at']

/** The rows of a view in one form for every database, sorted. */
async function rowsOf(query: Query, view: View): Promise<readonly string[]> {
  const columns = Object.entries(view.columns).filter(([name]) => !OF_THE_CLOCK.includes(name))
  const selected = columns.map(([name, { kind }]) =>
    kind === 'instant'
      ? `cast("${name}" at time zone 'UTC' as text) as "${name}"`
      : `cast("${name}" as text) as "${name}"`,
  )
  const rows = await query(`select ${selected.join(', ')} from ${nameOf(view)}`)
  const kinds = new Map(columns.map(([name, { kind }]) => [name, kind === 'time' ? 'instant' : kind]))
  return rows
    .map(row => JSON.stringify(columns.map(([name]) => [name, canonical(kinds.get(name) ?? 'text', row[name])])))
    .sort()
}

type AllRows = Readonly<Record<string, readonly string[]>>

async function allRows(query: Query): Promise<AllRows> {
  const rows: Record<string, readonly string[]> = {}
  for (const view of WANTED.views) rows[nameOf(view)] = await rowsOf(query, view)
  return rows
}

const byDestination = new Map<string, AllRows>()

async function rowsIn(place: TestDestination): Promise<AllRows> {
  const known = byDestination.get(place.name)
  if (known) return known
  await withFixture(place, async (_sql, destination) => {
    byDestination.set(place.name, await withQuery(destination, allRows))
  })
  return await rowsIn(place)
}

/** Sees another hour, and at the fixture's instants often another day, than the reporting zone. */
const ZONES = ['America/Los_Angeles', 'Asia/Kolkata'] as const

describe.each(DESTINATIONS)('$name', place => {
  test('rows do not depend on the zone of the session', () =>
    withFixture(place, async (_sql, destination) => {
      const expected = await rowsIn(place)
      for (const zone of ZONES)
        expect(
          await withQuery(destination, async query => {
            await query(place.name === 'duckdb' ? `set TimeZone = '${zone}'` : `set time zone '${zone}'`)
            return allRows(query)
          }),
        ).toEqual(expected)
    }))

  test('no view has two rows for a grain, and every check comes back empty', () =>
    withFixture(place, async (_sql, destination) => {
      const wrong = await withQuery(destination, async query => {
        const found: unknown[] = []
        for (const view of WANTED.views) {
          const grain = view.grain.map(column => `"${column}"`).join(', ')
          const twice =
            grain === ''
              ? `select count(*) as n from ${nameOf(view)} having count(*) <> 1`
              : `select ${grain}, count(*) as n from ${nameOf(view)} group by ${grain} having count(*) > 1`
          for (const { name, sql } of [{ name: 'grain', sql: twice }, ...view.checks]) {
            const rows = await query(
              render(sql, {
                view: other => `"recharge${VIEW_SCHEMAS[view.schema]}"."${other}"`,
                table: table => `"recharge"."${table}"`,
                zone: WANTED.zone,
                elements: list => list,
                member: object => object,
              }),
            )
            if (rows.length > 0) found.push([nameOf(view), name, rows.length, rows[0]])
          }
        }
        return found
      })
      expect(wrong).toEqual([])
    }))

  test('a view that is kept as a table has the rows of its text', () =>
    withFixture(place, async (_sql, destination) => {
      const expected = await rowsIn(place)
      const tables = WANTED.views.filter(({ materialized }) => materialized).map(({ name }) => name)
      const except = { materialize: { add: [], except: tables } }
      await makeViews(destination, except)
      expect(await withQuery(destination, allRows)).toEqual(expected)
      // All of them, in an order in which each is made after those that it reads.
      const add = WANTED.views
        .filter(({ layer, schema }) => layer !== 'live' && schema === 'analytics')
        .map(({ name }) => name)
      const { refreshed } = await makeViews(destination, { materialize: { add, except: [] } })
      expect(refreshed).toHaveLength(add.length)
      expect(await withQuery(destination, allRows)).toEqual(expected)
    }))

  test('lists inside lists have a row for each of their objects', () =>
    withFixture(place, async (sql, destination) => {
      const set = (place: string, properties: string, taxes: string): string =>
        `update recharge.orders__line_items set properties = '${properties}', tax_lines = '${taxes}'
          where order_id = (select min(order_id) + ${place} from recharge.orders__line_items) and "index" = 0`
      await withQuery(destination, async query => {
        await query(
          set(
            '0',
            '[{"name": "gift", "value": "no"}, {"name": "note", "value": {"a": [1, true]}}, {"name": "n", "value": 1.50}, {"name": "none", "value": null}, 7]',
            '[{"title": "State", "price": "1.60", "rate": 0.08875}, {"title": "City", "price": 0.5, "rate": "1e-5"}, {"title": "Odd", "price": "free"}]',
          ),
        )
        await query(set('1', '{"name": "not a list"}', 'null'))
        await query(set('10', '[]', '"text"'))
      })
      const first = `(select min(order_id) from recharge.orders__line_items)`
      expect(
        await sql(
          `select cast("index" as int) as place, name, value from recharge_analytics.orders__line_items__properties
            where order_id = ${first} order by 1`,
        ),
      ).toEqual([
        { place: 0, name: 'gift', value: 'no' },
        { place: 1, name: 'note', value: '{"a":[1,true]}' },
        { place: 2, name: 'n', value: '1.5' },
        { place: 3, name: 'none', value: null },
        { place: 4, name: null, value: null },
      ])
      expect(
        await sql(
          `select title, cast(price as text) as price, cast(rate as text) as rate from recharge_analytics.orders__line_items__tax_lines
            where order_id = ${first} and line_item_index = 0 order by "index"`,
        ),
      ).toEqual([
        { title: 'State', price: '1.600000', rate: '0.0887500000' },
        { title: 'City', price: '0.500000', rate: '0.0000100000' },
        { title: 'Odd', price: null, rate: null },
      ])
      for (const list of ['properties', 'tax_lines'])
        expect(
          await sql(
            `select distinct order_id from recharge_analytics.orders__line_items__${list} where order_id <> ${first}
              and order_id <= ${first} + 10`,
          ),
        ).toEqual([])
    }))
})

const count = (view: View, catalog = ''): string => `select count(*) as n from ${catalog}${nameOf(view)}`

test('DuckDB: every view answers when the file is opened by its path, as a copy, and attached under another name', async () => {
  const place = DESTINATIONS.find(({ name }) => name === 'duckdb')
  if (!place) throw new Error('there is no DuckDB')
  await withFixture(place, async (_sql, config) => {
    if (config.kind !== 'duckdb') throw new Error('not DuckDB')
    const copy = join(dirname(config.file), 'copy of it.duckdb')
    copyFileSync(config.file, copy)
    const readAll = (file: string, attached: string | null): Promise<void> =>
      withQuery({ ...config, file }, async query => {
        if (attached !== null) await query(`attach '${attached}' as other (read_only)`)
        for (const view of WANTED.views)
          expect(await query(count(view, attached === null ? '' : 'other.'))).toHaveLength(1)
      })
    await readAll(config.file, null)
    await readAll(copy, null)
    await readAll(':memory:', copy)
  })
})

test('Postgres: a role that sees the schema of the views alone reads every view', async () => {
  const place = DESTINATIONS.find(({ name }) => name === 'postgres')
  if (!place) throw new Error('there is no Postgres')
  await withFixture(place, (_sql, config) =>
    withQuery(config, async query => {
      await query(`do $$ begin create role analyst login; exception when duplicate_object then null; end $$`)
      await query('grant usage on schema recharge_analytics to analyst')
      await query('grant select on all tables in schema recharge_analytics to analyst')
      await query('set role analyst')
      for (const view of WANTED.views.filter(({ schema }) => schema === 'analytics'))
        expect(await query(count(view))).toHaveLength(1)
      await expect(query('select 1 from recharge.orders')).rejects.toThrow(/permission denied/)
    }),
  )
})

test('materialize takes only names of views', () => {
  const settings = { history: [], analytics: DEFAULT_ANALYTICS, materialize: { add: ['order'], except: [] } }
  expect(() => wantedViews(settings, STREAMS)).toThrow(/materialize: there is no view order; did you mean orders\?/)
})

test('every view has the same rows in every database', async () => {
  const [first, ...others] = DESTINATIONS
  if (first === undefined) throw new Error('there is no database')
  const expected = await rowsIn(first)
  for (const other of others) {
    const rows = await rowsIn(other)
    const differing = Object.keys(expected).flatMap(name => {
      const [here, there] = [expected[name] ?? [], rows[name] ?? []]
      const at = here.findIndex((row, i) => row !== there[i])
      return here.length === there.length && at === -1 ? [] : [{ name, here: here[at], there: there[at] }]
    })
    expect(differing).toEqual([])
  }
  // Views that are empty over the fixture prove little: most are not.
  expect(Object.values(expected).filter(rows => rows.length > 0).length).toBeGreaterThan(20)
})
