import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { views } from '../schemas/views/index.ts'
import { STREAMS, wantedViews } from '../src/cli/app.ts'
import { openDestination } from '../src/load/open.ts'
import { DEFAULT_ANALYTICS } from '../src/schema/lookup-views.ts'
import { allTables } from '../src/schema/table.ts'
import { withQuery } from '../test/support/dump.ts'
import { problemsOf } from '../test/support/view-checks.ts'
import { fillAnalytics } from './analytics-tables.ts'
import { withEmptyDestination } from './empty-destination.ts'
import { machine, writeSection } from './section.ts'

/*
 * How long does each view take to answer, over a store of 50,000 customers, 100,000 subscriptions and 1,000,000 orders? All
 * its rows and columns are computed, into a temporary table. A view of the layer live shows a table as it is: there the
 * time is that of counting its rows. Other work on the machine adds to the time of a view, and hardly to its processor time,
 * which DuckDB shares between the cores. Last, the grain and the checks of every view are tried on this store.
 * node bench/views.ts duckdb|postgres [orders] [none: no view is kept as a table] [view …]
 */
const [destination = 'duckdb', count = '1000000', ...rest] = process.argv.slice(2)
const orders = Number(count)
const names = rest.filter(name => name !== 'none')
const size = { customers: orders / 20, subscriptions: orders / 10, orders }
const ROUNDS = 3
const COUNT = 'select cast(count(*) as text) as n from measured'

const declared = views.map(({ name }) => name)
/** Of the layer live, those with the most rows. */
const LIVE = [
  'orders',
  'orders__line_items',
  'orders__line_items__tax_lines',
  'charges',
  'charges__line_items',
  'subscriptions',
  'subscriptions__history',
  'customers',
]
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
    let making = 0
    await withWarehouse(async warehouse => {
      await warehouse.createIndexes(tables, signal)
      making = await seconds(async () => {
        const { problems } = await warehouse.keepViews(wanted, signal)
        for (const { view, message } of problems) console.log(`${view}: ${message}`)
      })
      console.log(`views made in ${making.toFixed(1)} s, with the tables of those that are kept as tables`)
    })
    await withQuery(into, async query => {
      await query(`set timezone = 'UTC'`)
      const measured: string[] = []
      for (const name of names.length > 0 ? names : [...declared, ...LIVE]) {
        const times: number[] = []
        const work: number[] = []
        const view = `recharge_analytics.${name}`
        const rows = LIVE.includes(name) ? `select count(*) as n from ${view}` : `select * from ${view}`
        for (let round = 0; round < ROUNDS && (times[0] ?? 0) < 20; round++) {
          await query('drop table if exists measured')
          const before = process.cpuUsage()
          times.push(await seconds(() => query(`create temp table measured as ${rows}`)))
          const { user, system } = process.cpuUsage(before)
          work.push((user + system) / 1e6)
        }
        const counted = LIVE.includes(name) ? 'select cast(n as text) as n from measured' : COUNT
        const [row] = await query(counted)
        const least = Math.min(...times).toFixed(2)
        const kept = wanted.views.find(view => view.name === name)?.materialized ? 'yes' : ''
        const processor = destination === 'duckdb' ? Math.min(...work).toFixed(2) : ''
        measured.push(`| \`${name}\` | ${row?.n} | ${kept} | ${least} | ${processor} |`)
        console.log(measured.at(-1), times.map(time => time.toFixed(2)).join('  '), `load ${loadavg()[0]?.toFixed(1)}`)
      }
      if (names.length > 0) return
      const wrong: string[] = []
      for (const view of wanted.views) wrong.push(...(await problemsOf(query, view)))
      const tried = `The grain of ${wanted.views.length} views and their ${wanted.views.flatMap(({ checks }) => checks).length} checks: ${wrong.length === 0 ? 'no row is wrong' : wrong.join('; ')}.`
      console.log(tried)
      if (wrong.length > 0) process.exitCode = 1
      const text = [
        `${machine()} \`node bench/views.ts ${process.argv.slice(2).join(' ')}\`, at a load of ${loadavg()[1]?.toFixed(1)}.`,
        '',
        `| ${destination} | rows | kept as a table | s, least of ${ROUNDS} | s of processor |`,
        '| --- | ---: | --- | ---: | ---: |',
        ...measured,
        '',
        `Making the views, with the tables of those that are kept: ${making.toFixed(0)} s. ${tried}`,
      ]
      if (orders === 1_000_000 && !rest.includes('none')) writeSection(`views-${destination}`, text.join('\n'))
    })
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
