import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { views } from '../schemas/views/index.ts'
import { STREAMS, wantedViews } from '../src/cli/app.ts'
import { openDestination } from '../src/load/open.ts'
import { DEFAULT_ANALYTICS } from '../src/schema/lookup-views.ts'
import { allTables } from '../src/schema/table.ts'
import { withQuery } from '../test/support/dump.ts'
import { fillAnalytics } from './analytics-tables.ts'
import { withEmptyDestination } from './empty-destination.ts'

/*
 * How long does each view take to answer, over a store of 50,000 customers, 100,000 subscriptions and 1,000,000 orders? All
 * its rows and columns are computed, into a temporary table. Other work on the machine adds to the time of a view, and hardly
 * to its processor time, which DuckDB shares between the cores.
 * node bench/views.ts duckdb|postgres [orders] [none: no view is kept as a table] [view …]
 */
const [destination = 'duckdb', count = '1000000', ...rest] = process.argv.slice(2)
const orders = Number(count)
const names = rest.filter(name => name !== 'none')
const size = { customers: orders / 20, subscriptions: orders / 10, orders }
const ROUNDS = 3

const declared = views.map(({ name }) => name)
const wanted = wantedViews(
  {
    history: ['subscriptions'],
    analytics: DEFAULT_ANALYTICS,
    materialize: { add: [], except: rest.includes('none') ? declared : [] },
  },
  STREAMS,
)
const history = STREAMS.filter(({ name }) => name === 'subscriptions')
const tables = STREAMS.flatMap(allTables)
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const { signal } = new AbortController()
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now()
  await work()
  return (performance.now() - before) / 1000
}
try {
  await withEmptyDestination(destination, folder, async ({ into }) => {
    const withWarehouse = async (
      work: (warehouse: Awaited<ReturnType<typeof openDestination>>) => Promise<unknown>,
    ) => {
      await using warehouse = await openDestination(into, { mode: 'write', connections: 1, history })
      return await work(warehouse)
    }
    await withWarehouse(warehouse => warehouse.prepare(tables))
    await withQuery(into, async query => {
      await query(`set timezone = 'UTC'`)
      const filling = await seconds(() => fillAnalytics(query, into.schema, size))
      await query(destination === 'postgres' ? 'vacuum analyze' : 'checkpoint')
      console.log(`filled in ${filling.toFixed(0)} s`)
    })
    await withWarehouse(async warehouse => {
      await warehouse.createIndexes(tables, signal)
      const making = await seconds(async () => {
        const { problems } = await warehouse.keepViews(wanted, signal)
        for (const { view, message } of problems) console.log(`${view}: ${message}`)
      })
      console.log(`views made in ${making.toFixed(1)} s, with the tables of those that are kept as tables`)
    })
    await withQuery(into, async query => {
      await query(`set timezone = 'UTC'`)
      for (const name of names.length > 0 ? names : declared) {
        const times: number[] = []
        const work: number[] = []
        for (let round = 0; round < ROUNDS && (times[0] ?? 0) < 20; round++) {
          await query('drop table if exists measured')
          const before = process.cpuUsage()
          times.push(
            await seconds(() => query(`create temp table measured as select * from recharge_analytics.${name}`)),
          )
          const { user, system } = process.cpuUsage(before)
          work.push((user + system) / 1e6)
        }
        const [rows] = await query('select cast(count(*) as text) as n from measured')
        const processor = destination === 'duckdb' ? `, of processor ${Math.min(...work).toFixed(2)} s` : ''
        console.log(
          `${name.padEnd(28)} ${String(rows?.n).padStart(9)} rows  ${times.map(time => time.toFixed(2)).join('  ')} s${processor}, load ${loadavg()[0]?.toFixed(1)}`,
        )
      }
    })
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
