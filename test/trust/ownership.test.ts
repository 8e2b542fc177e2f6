import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { STREAMS as ALL, createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { openDestination } from '../../src/load/open.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'
import { unpackFixture } from '../support/upgrade-store.ts'

const STREAMS = ['customers', 'orders']

describe.each(DESTINATIONS)('$name', place => {
  interface Scene {
    readonly config: Config
    ask(sql: string): Promise<Record<string, unknown>[]>
  }

  const scene = (work: (scene: Scene) => Promise<void>, schema = 'recharge'): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 5, months: 2 }) }, simulator =>
      place.with(empty =>
        withFolder(async folder => {
          const destination: DestinationConfig = { ...empty, schema }
          const ask: Scene['ask'] = sql => withQuery(destination, query => query(sql))
          await work({ config: configFor(simulator, destination, folder), ask })
        }),
      ),
    )

  /** Everything in the schema, and its columns. */
  const inSchema = ({ ask, config }: Scene): Promise<Record<string, unknown>[]> =>
    ask(`select table_name, column_name from information_schema.columns
         where table_schema = '${config.destination.schema}' order by 1, 2`)

  const checked = (config: Config) => {
    const app = createApp(config, { level: 'silent' })
    return check(app, select(app, STREAMS), new AbortController().signal)
  }

  async function expectRefused(refused: Scene, ...names: readonly RegExp[]): Promise<void> {
    const before = await inSchema(refused)
    const ran = await runSync(refused.config, STREAMS)
    expect([ran.code, ran.report.problem?.code]).toEqual([3, 'not_ours'])
    for (const name of names) expect(ran.report.problem?.message).toMatch(name)
    expect(await inSchema(refused)).toEqual(before)
    const said = await checked(refused.config)
    expect(said.code).toBe(3)
    for (const name of names) expect(said.text).toMatch(name)
    expect(await inSchema(refused)).toEqual(before)
  }

  test("K2/6: a user's table of the same name is not touched", () =>
    scene(async opened => {
      await opened.ask('create schema recharge')
      await opened.ask('create table recharge.customers (id bigint, email text, note text)')
      await opened.ask(`insert into recharge.customers values (1, 'a@b.example', 'mine')`)
      await expectRefused(opened, /recharge\.customers is a table with the columns (id|email|note)/)
      expect(await opened.ask('select * from recharge.customers')).toEqual([
        expect.objectContaining({ email: 'a@b.example', note: 'mine' }),
      ])
      await opened.ask('alter table recharge.customers rename to my_customers')
      expect((await runSync(opened.config, STREAMS)).code).toBe(0)
    }))

  const shared = place.name === 'postgres' ? 'public' : 'main'
  test(`I25: K2/6: an application's own tables in the schema ${shared} are not touched`, () =>
    scene(async opened => {
      await opened.ask(`create table ${shared}.orders (id bigint primary key, status text)`)
      await opened.ask(`create table ${shared}.orders__line_items (order_id bigint, index bigint, sku text)`)
      await expectRefused(opened, new RegExp(`${shared}\\.orders is a table with the columns`))
    }, shared))

  test('I25: K2/6: views of these names are refused, those of the system tables too', () =>
    scene(async opened => {
      await opened.ask('create schema recharge')
      await opened.ask('create view recharge.customers as select 1 as id, 2 as _hash, 3 as _synced_at')
      await opened.ask(`create view recharge._sync_settings as select 'a' as name, 'b' as value where false`)
      await expectRefused(opened, /recharge\.customers is a view/, /recharge\._sync_settings is a view/)
    }))

  test('I25: K2/6: a table that was put in the place of ours, and a system table of somebody else, are refused', () =>
    scene(async opened => {
      expect((await runSync(opened.config, STREAMS)).code).toBe(0)
      await opened.ask('drop table recharge.customers')
      await opened.ask('create table recharge.customers (id bigint, email text)')
      await opened.ask('alter table recharge._sync_gaps rename to elsewhere')
      await opened.ask('create table recharge._sync_gaps (width bigint)')
      await expectRefused(
        opened,
        /recharge\.customers is a table with the columns/,
        /recharge\._sync_gaps is a table with the columns width/,
      )
    }))

  test('I25: K2/6: a table with the name of a list is refused where the stream has no table yet', () =>
    scene(async opened => {
      await opened.ask('create schema recharge')
      await opened.ask('create table recharge.orders__line_items (order_id bigint, index bigint)')
      await expectRefused(opened, /recharge\.orders__line_items is a table with the columns/)
    }))

  test('I25: K2/6: the tables and columns that this program made are recorded; a warehouse without that is adopted', () =>
    scene(async ({ config, ask }) => {
      expect((await runSync(config, STREAMS)).code).toBe(0)
      const recorded = async (): Promise<Record<string, string[]>> => {
        const [row] = await ask(`select value from recharge._sync_settings where name = 'tables'`)
        return JSON.parse(String(row?.value ?? '{}'))
      }
      const before = await recorded()
      expect(before.customers).toEqual(expect.arrayContaining(['id', 'email', '_synced_at', '_hash']))
      expect(before.orders__line_items).toEqual(expect.arrayContaining(['order_id', 'index']))
      await ask(`delete from recharge._sync_settings where name = 'tables'`)
      const again = await runSync(config, STREAMS)
      expect([again.code, again.of('orders').problem]).toEqual([0, null])
      expect(await recorded()).toEqual(before)
    }))

  test('I25: K2/6: a warehouse of an older version is adopted', () =>
    scene(async ({ config, ask }) => {
      if (config.destination.kind === 'duckdb')
        writeFileSync(config.destination.file, unpackFixture('warehouse.duckdb.gz'))
      else await ask(unpackFixture('warehouse.sql.gz').toString())
      expect((await checked(config)).code).toBe(0)
    }))
})

test('I25: K2/6: our own tables that a role may not read are ours all the same', () =>
  withSimulator(
    { store: makeStore({ customers: 5, months: 2 }) },
    simulator =>
      DESTINATIONS[1]?.with(destination =>
        withFolder(async folder => {
          if (destination.kind !== 'postgres') throw new Error('there is no Postgres')
          const config = configFor(simulator, destination, folder)
          expect((await runSync(config, STREAMS)).code).toBe(0)
          const role = `reader_${randomUUID().replaceAll('-', '')}`
          await withQuery(destination, async query => {
            await query(`create role ${role} login password 'reader'`)
            await query(`grant usage, create on schema recharge to ${role}`)
          })
          try {
            const url = new URL(destination.url)
            url.username = role
            url.password = 'reader'
            await using warehouse = await openDestination(
              { ...destination, url: url.href },
              { mode: 'read', connections: 1 },
            )
            const tables = ALL.filter(({ name }) => STREAMS.includes(name)).flatMap(allTables)
            await expect(warehouse.plan(tables)).resolves.not.toEqual([])
          } finally {
            await withQuery(destination, async query => {
              await query(`drop owned by ${role}`)
              await query(`drop role ${role}`)
            })
          }
        }),
      ) ?? Promise.reject(new Error('there is no Postgres')),
  ))

test('I25: K2/6: a materialized view and a sequence are refused', () =>
  withSimulator(
    { store: makeStore({ customers: 5, months: 2 }) },
    simulator =>
      DESTINATIONS[1]?.with(destination =>
        withFolder(async folder => {
          await withQuery(destination, async query => {
            await query('create schema recharge')
            await query('create materialized view recharge.customers as select 1 as id, 2 as _hash, 3 as _synced_at')
            await query('create sequence recharge.orders')
          })
          const ran = await runSync(configFor(simulator, destination, folder), STREAMS)
          expect([ran.code, ran.report.problem?.code]).toEqual([3, 'not_ours'])
          expect(ran.report.problem?.message).toContain('recharge.customers is a materialized view')
          expect(ran.report.problem?.message).toContain('recharge.orders is a sequence')
        }),
      ) ?? Promise.reject(new Error('there is no Postgres')),
  ))
