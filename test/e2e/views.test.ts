import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { ViewsReport } from '../../src/common/run-report.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runReconcile, runSync, withSimulator } from '../support/run.ts'

const NOTHING: ViewsReport = { made: [], dropped: [], refreshed: [], problems: [] }

describe.each(drawDestination())('$name', place => {
  test("two syncs and a reconcile with a change of schema between them leave the views, their rights and a user's own views", () =>
    withSimulator({ store: makeStore({ customers: 20, months: 4 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config: Config = {
            ...configFor(simulator, destination, folder),
            history: ['subscriptions'],
            views: true,
            refreshMs: () => 86_400_000,
          }
          const ask = (statement: string) => withQuery(destination, query => query(statement))
          const count = async (relation: string): Promise<number> =>
            Number((await ask(`select count(*) as n from ${relation}`))[0]?.n)
          const isPostgres = place.name === 'postgres'
          const rights = () =>
            isPostgres
              ? ask(`select c.relname, c.relacl::text from pg_class c
                  where c.relnamespace = 'recharge_analytics'::regnamespace order by 1`)
              : Promise.resolve([])
          const first = await runSync(config, ['customers', 'orders'])
          expect(first.report.views).toMatchObject({ dropped: [], refreshed: expect.any(Array), problems: [] })
          expect(first.text).toMatch(/^views: \d+ made/m)
          expect(await count('recharge_analytics.orders')).toBeGreaterThan(0)
          // A table that is not there yet is empty.
          expect(await count('recharge_analytics.subscriptions__history')).toBe(0)
          if (isPostgres) {
            await ask(`do $$ begin create role analyst login; exception when duplicate_object then null; end $$`)
            await ask('grant usage on schema recharge_analytics to analyst')
            await ask('grant select on all tables in schema recharge_analytics to analyst')
          }
          await ask('create schema reports')
          await ask('create view reports.open as select id from recharge_analytics.subscriptions')
          const before = await rights()
          // All other tables are made: the views that read them are replaced.
          const second = await runSync(config)
          expect(second.report.views?.problems).toEqual([])
          expect(second.report.views?.made).toContain('recharge_analytics.subscriptions')
          expect(second.report.views?.made).not.toContain('recharge_analytics.orders')
          expect(await count('reports.open')).toBeGreaterThan(0)
          expect(await count('recharge_analytics.subscriptions__history')).toBeGreaterThan(0)
          const third = await runSync(config)
          expect({ ...third.report.views, refreshed: [] }).toEqual(NOTHING)
          const { document } = await runReconcile(config, ['customers'], { repair: true })
          expect(document).toMatchObject({ agrees: true, views: NOTHING })
          expect(await rights()).toEqual(before)
          expect(await count('reports.open')).toBeGreaterThan(0)
        }),
      ),
    ))
})

test('the command makes the views by hand, whatever the configuration says, and tells what it could not make', async () => {
  await withSimulator({ store: makeStore({ customers: 10, months: 3 }) }, simulator =>
    withFolder(async folder => {
      writeConfig(
        folder,
        [
          `recharge: { token: ${simulator.token}, base_url: '${simulator.url}', rate: { bucket: 100000, per_second: 10000 } }`,
          'destination: { duckdb: warehouse.duckdb }',
          'views: false',
          'analytics: { zone: store }',
        ].join('\n'),
      )
      expect(await cli(folder, ['views'])).toMatchObject({ code: 3, stdout: expect.stringContaining('Run sync.') })
      const synced = await cli(folder, ['sync', '--json'])
      expect(synced.code, synced.stderr).toBe(0)
      expect(JSON.parse(synced.stdout).views).toBe(null)
      simulator.clearRequests()
      const made = await cli(folder, ['views', '--json'])
      expect(made.code, made.stdout).toBe(0)
      expect(JSON.parse(made.stdout)).toMatchObject({ dropped: [], problems: [] })
      expect(simulator.requests).toEqual([])
      const file = { kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: 'recharge' } as const
      const ask = (statement: string) => withQuery(file, query => query(statement))
      const [zone] = await ask(`select cast(count(*) as int) as n from duckdb_views()
        where schema_name = 'recharge_analytics' and sql like '%America/Los_Angeles%'`)
      expect(zone?.n).toBeGreaterThan(0)
      expect(await cli(folder, ['views'])).toMatchObject({ code: 0, stdout: 'views: all are as they should be\n' })
      await ask('drop view recharge_analytics.orders')
      await ask('create table recharge_analytics.orders as select 1 as theirs')
      const refused = await cli(folder, ['views'])
      expect(refused.code).toBe(1)
      expect(refused.stdout).toContain('view recharge_analytics.orders: a table that this program did not make')
    }),
  )
})
