import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { dbtSourcesFile } from '../../src/cli/commands/dbt-sources.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { allTables } from '../../src/schema/table.ts'
import { FIXTURE_TIMES, fixtureStore, moveFixture } from '../support/analytics-store.ts'
import { type DbtProject, type DbtResult, makeProject, NO_DBT, withDbt } from '../support/dbt.ts'
import { ANY_DESTINATION, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { LONG } from '../support/rounds.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'
import { makeViews } from '../support/views.ts'

/* The real dbt, as docs/dbt.md says to use it, over the sources file that the command writes. */

/** dbt needs about ten seconds of CPU for all tests of a warehouse, which is more on a busy machine. */
const PATIENCE = 600_000

/** Not synced the last time. */
const STALE = 'webhooks'

/** What is wrong in a copy of the warehouse, and which test has to find it. */
const FAULTS: readonly (readonly [
  found: string,
  status: string,
  /** With the variables that make references errors and values warnings. */
  otherwise: string,
  statements: readonly string[],
])[] = [
  [
    'source_unique_recharge_tables_customers_id',
    'fail',
    'fail',
    ['insert into recharge.customers select * from recharge.customers where id = 1001'],
  ],
  [
    'not_null_orders__line_items_key',
    'fail',
    'fail',
    [
      'alter table recharge.orders__line_items alter column "index" drop not null',
      'update recharge.orders__line_items set "index" = null where order_id = 6001',
    ],
  ],
  [
    'source_relationships_recharge_tables_charges__line_items_charge_id__id__source_recharge_tables_charges_',
    'fail',
    'fail',
    ['update recharge.charges__line_items set charge_id = 1 where charge_id = 5001'],
  ],
  [
    'source_relationships_recharge_tables_orders_customer_id__id__source_recharge_tables_customers_',
    'warn',
    'fail',
    ['update recharge.orders set customer_id = 1 where id = 6001'],
  ],
  [
    'source_accepted_values_recharge_tables_charges_status__',
    'fail',
    'warn',
    ["update recharge.charges set status = 'lost' where id = 5002"],
  ],
]
/** The streams of which the fixture has records of its own. */
const RECORDED = ['addresses', 'charges', 'customers', 'discounts', 'onetimes', 'orders', 'subscriptions']
const TABLES = STREAMS.filter(({ name }) => RECORDED.includes(name))
  .flatMap(allTables)
  .map(({ name }) => name)
/** Payment methods that the fixture names and does not have, and a onetime that was bought and is not there. */
const LEADS_NOWHERE = [
  'source_relationships_recharge_tables_addresses_payment_method_id__id__source_recharge_tables_payment_methods_',
  'source_relationships_recharge_tables_charges__line_items_purchase_item_id__id__source_recharge_tables_onetimes_',
  'source_relationships_recharge_tables_orders__line_items_purchase_item_id__id__source_recharge_tables_onetimes_',
]
const ANALYTICS = 'source:recharge_analytics'
const TOUCHED = ['customers', 'orders', 'orders__line_items', 'charges', 'charges__line_items']

const found = (results: readonly DbtResult[]): string[] =>
  results
    .filter(({ status }) => status !== 'pass')
    .map(({ name, status }) => `${status} ${name}`)
    .sort()

async function writeSources(config: Config, { sources }: DbtProject): Promise<void> {
  const app = createApp(config, { level: 'silent' })
  await dbtSourcesFile(app, select(app, null), sources)
}

/** The fixture as of its last time, and a sync just now, in which nothing has changed. */
async function loadFixture(destination: DestinationConfig, folder: string): Promise<Config> {
  const store = fixtureStore()
  return await withSimulator({ store }, async simulator => {
    const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
    for (const time of FIXTURE_TIMES) {
      moveFixture(store, time)
      const ran = await runSync(config)
      if (ran.code !== 0) throw new Error(ran.text)
    }
    store.setNow(new Date().toISOString())
    const ran = await runSync({ ...config, streams: { except: [STALE] } })
    if (ran.code !== 0) throw new Error(ran.text)
    await makeViews(destination)
    return { ...config, views: true }
  })
}

/** In Postgres the user of docs/dbt.md, who may read both schemas, without the salt, and write elsewhere. */
async function asReader(
  destination: DestinationConfig,
  work: (reader: DestinationConfig) => Promise<void>,
): Promise<void> {
  if (destination.kind !== 'postgres') return await work(destination)
  const role = `dbt_${randomUUID().replaceAll('-', '')}`
  await withQuery(destination, async sql => {
    await sql(`create role ${role} login password 'secret'`)
    try {
      for (const statement of [
        `create schema analysts authorization ${role}`,
        `grant usage on schema recharge, recharge_analytics to ${role}`,
        `grant select on all tables in schema recharge, recharge_analytics to ${role}`,
        `revoke select on recharge._sync_settings from ${role}`,
        `alter default privileges for role current_user in schema recharge, recharge_analytics grant select on tables to ${role}`,
      ])
        await sql(statement)
      const url = new URL(destination.url)
      url.username = role
      url.password = 'secret'
      const reader = { ...destination, url: url.href }
      await withQuery(reader, async query => {
        await expect(query('select * from recharge._sync_settings')).rejects.toThrow('permission denied')
        await expect(query('delete from recharge.orders')).rejects.toThrow('permission denied')
      })
      await work(reader)
    } finally {
      await sql(`drop owned by ${role} cascade`)
      await sql(`drop role ${role}`)
    }
  })
}

describe.skipIf(NO_DBT !== null).each(ANY_DESTINATION)('$name', place => {
  test(
    'dbt passes over the fixture, finds each planted fault and nothing else, and knows what is fresh',
    () =>
      place.with(destination =>
        withFolder(async folder => {
          const config = await loadFixture(destination, folder)
          // In one of the databases with the variables that change what is an error.
          const changed = destination.kind === 'duckdb'
          const vars = changed ? { recharge_references: 'error', recharge_values: 'warn' } : {}
          await asReader(destination, async reader => {
            const project = makeProject(join(folder, 'dbt'), reader, vars)
            await writeSources(config, project)

            const empty = new Set<string>()
            await withQuery(destination, async sql => {
              for (const name of ['customers', 'charges__order_attributes', 'charges__utm_params']) {
                const [row] = await sql(`select cast(count(*) as int) as n from recharge.${name}`)
                if (row?.n === 0) empty.add(name)
              }
              const [quiet] = await sql(
                `select cast(max(_synced_at at time zone 'UTC') as text) as at from recharge.customers`,
              )
              expect(String(quiet?.at)).toMatch(/^2025-/)
            })
            expect(empty.size).toBeGreaterThan(0)
            expect(empty).not.toContain('customers')

            const before = await withDbt(project, async dbt => {
              const fresh = await dbt.run('source', 'freshness', '--select', 'source:recharge_tables')
              expect(fresh.length).toBeGreaterThan(50)
              expect(found(fresh)).toEqual([`error ${STALE}`])
              for (const name of ['customers', ...empty]) expect(fresh.map(result => result.name)).toContain(name)
              return await dbt.run(
                'test',
                '--select',
                ...TABLES.map(name => `source:recharge_tables.${name}`),
                ANALYTICS,
              )
            })
            expect(before.length).toBeGreaterThan(100)
            const severity = changed ? 'fail' : 'warn'
            expect(found(before)).toEqual(LEADS_NOWHERE.map(name => `${severity} ${name}`))

            await withQuery(destination, async sql => {
              if (destination.kind === 'postgres')
                for (const table of ['customers', 'orders__line_items', 'charges__line_items'])
                  await sql(`alter table recharge.${table} drop constraint ${table}_pkey`)
              for (const [, , , statements] of FAULTS) for (const statement of statements) await sql(statement)
            })
            const after = await withDbt(project, dbt =>
              dbt.run('test', '--select', ...TOUCHED.map(table => `source:recharge_tables.${table}`)),
            )
            const news = found(after.filter(({ name }) => !LEADS_NOWHERE.includes(name)))
            const expected = FAULTS.map(([name, usual, otherwise]) => `${changed ? otherwise : usual} ${name}`).sort()
            expect(news).toHaveLength(expected.length)
            news.forEach((line, i) => {
              expect(line.startsWith(expected[i] ?? '–'), `${line} instead of ${expected[i]}`).toBe(true)
            })
          })
        }),
      ),
    PATIENCE,
  )

  test.runIf(LONG)(
    'dbt passes over the demo store (in a long run: dbt takes longer to start than to test)',
    () =>
      place.with(destination =>
        withFolder(async folder => {
          const config = await withSimulator({ store: makeStore({ customers: 40, months: 6 }) }, async simulator => {
            const configured = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
            const ran = await runSync(configured)
            if (ran.code !== 0) throw new Error(ran.text)
            return { ...configured, views: true }
          })
          await makeViews(destination)
          await asReader(destination, async reader => {
            const project = makeProject(join(folder, 'dbt'), reader)
            await writeSources(config, project)
            const results = await withDbt(project, dbt => dbt.run('test'))
            expect(results.length).toBeGreaterThan(200)
            expect(results.filter(({ status }) => status !== 'pass' && status !== 'warn')).toEqual([])
          })
        }),
      ),
    PATIENCE,
  )
})
