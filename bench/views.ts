import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { views } from '../schemas/views/index.ts'
import { STREAMS } from '../src/cli/app.ts'
import { openDestination } from '../src/load/open.ts'
import { historyTable } from '../src/schema/history-table.ts'
import { liveViews } from '../src/schema/live-views.ts'
import { DEFAULT_ANALYTICS, lookupViews } from '../src/schema/lookup-views.ts'
import { allTables } from '../src/schema/table.ts'
import { withQuery } from '../test/support/dump.ts'
import { fillAnalytics } from './analytics-tables.ts'
import { withEmptyDestination } from './empty-destination.ts'

/*
 * How long does each view take to answer, over a store of 50,000 customers, 100,000 subscriptions and 1,000,000 orders? All
 * its rows and columns are computed, into a temporary table. Other work on the machine adds to the time of a view, and hardly
 * to its processor time, which DuckDB shares between the cores.
 * node bench/views.ts duckdb|postgres [orders] [view,view …] [view,view … that are kept as tables]
 */
const [destination = 'duckdb', count = '1000000', names = '', kept = ''] = process.argv.slice(2)
const orders = Number(count)
const size = { customers: orders / 20, subscriptions: orders / 10, orders }
const ROUNDS = 3

const versioned = STREAMS.filter(({ name }) => name === 'subscriptions')
const tables = [...STREAMS.flatMap(allTables), ...versioned.map(historyTable)]
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now()
  await work()
  return (performance.now() - before) / 1000
}
try {
  await withEmptyDestination(destination, folder, async ({ into }) => {
    {
      await using warehouse = await openDestination(into, { mode: 'write', connections: 1, history: versioned })
      await warehouse.prepare(STREAMS.flatMap(allTables))
    }
    await withQuery(into, async query => {
      await query(`set timezone = 'UTC'`)
      const filling = await seconds(() => fillAnalytics(query, into.schema, size))
      await query(destination === 'postgres' ? 'vacuum analyze' : 'checkpoint')
      console.log(`filled in ${filling.toFixed(0)} s`)
    })
    {
      await using warehouse = await openDestination(into, { mode: 'write', connections: 1, history: versioned })
      await warehouse.createIndexes(STREAMS.flatMap(allTables), new AbortController().signal)
      await warehouse.createViews(
        [...liveViews(STREAMS, versioned), ...lookupViews(DEFAULT_ANALYTICS), ...views],
        tables,
        DEFAULT_ANALYTICS.zone,
      )
    }
    await withQuery(into, async query => {
      await query(`set timezone = 'UTC'`)
      const measured = names === '' ? views.map(({ name }) => name) : names.split(',')
      for (const name of kept === '' ? [] : kept.split(',')) await keep(query, name)
      for (const name of measured) {
        const times: number[] = []
        const work: number[] = []
        for (let round = 0; round < ROUNDS; round++) {
          await query('drop table if exists measured')
          const before = process.cpuUsage()
          times.push(
            await seconds(() => query(`create temp table measured as select * from recharge_analytics.${name}`)),
          )
          const { user, system } = process.cpuUsage(before)
          work.push((user + system) / 1e6)
          if ((times[0] ?? 0) > 20) break
        }
        const [rows] = await query('select cast(count(*) as text) as n from measured')
        console.log(
          `${name.padEnd(28)} ${String(rows?.n).padStart(9)} rows  ${times.map(time => time.toFixed(2)).join('  ')} s${destination === 'duckdb' ? `, of processor ${Math.min(...work).toFixed(2)} s` : ''}  load ${loadavg()[0]?.toFixed(1)}`,
        )
      }
    })
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Puts a table in the place of a view: what the other views read. */
async function keep(query: (sql: string) => Promise<unknown>, name: string): Promise<void> {
  const took = await seconds(async () => {
    await query(`create table recharge_analytics.${name}__kept as select * from recharge_analytics.${name}`)
    const view = views.find(one => one.name === name)
    const columns = Object.keys(view?.columns ?? {}).map(column => `"${column}"`)
    await query(
      `create or replace view recharge_analytics.${name} as select ${columns} from recharge_analytics.${name}__kept`,
    )
    if (destination === 'postgres') await query(`analyze recharge_analytics.${name}__kept`)
  })
  console.log(`${name} kept as a table in ${took.toFixed(2)} s`)
}
