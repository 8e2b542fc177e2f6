import { rmSync } from 'node:fs'
import type { RunReport } from '../../common/model.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import type { Progress } from '../../pipeline/progress.ts'
import { tablesOf } from '../../schema/table.ts'
import { startSimulator } from '../../simulator/server.ts'
import { makeStore } from '../../simulator/story.ts'
import { type AppOptions, createApp, STREAM_NAMES, STREAMS, select } from '../app.ts'
import { demoConfig } from '../config/demo.ts'
import { fixturesOf } from '../fixtures.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'
import { sync } from './sync.ts'

/** A hundred times the limit of a real store, so that nobody waits for the demo. */
const RATE = { bucket: 4000, perSecond: 200 }
const CUSTOMERS = 300

/** A prepaid charge pays for several orders, each of which shows its whole price: an order is worth its share of it. */
const QUESTION = `with shipped as (
  select *, max(total_price) over charge / count(*) over charge as share
  from recharge.orders window charge as (partition by charge_id)
), sales as (
  select date_trunc('month', processed_at) as month, count(*) as orders,
         count(distinct customer_id) as buyers, sum(share) as revenue
  from shipped where status = 'success' group by 1
), losses as (
  select date_trunc('month', cancelled_at) as month, count(*) as cancelled
  from recharge.subscriptions where status = 'cancelled' group by 1
)
select strftime(month, '%Y-%m') as month, orders, buyers,
       revenue::decimal(18, 2) as revenue, coalesce(cancelled, 0) as cancelled
from sales left join losses using (month) order by month desc limit 6`

/** Syncs a local store with made-up data into a new DuckDB file, and says what to look at next. */
export async function demo(options: AppOptions, progress: Progress, signal: AbortSignal): Promise<Result> {
  await using store = await startSimulator({
    store: makeStore({ customers: CUSTOMERS }),
    fixtures: fixturesOf(STREAMS),
    ...RATE,
  })
  const config = demoConfig(store.url, store.token)
  const { destination: target } = config
  const file = target.kind === 'duckdb' ? target.file : ''
  const app = createApp(
    { ...config, recharge: { ...config.recharge, rate: RATE } },
    { ...options, runsDirectory: null },
  )
  for (const old of [file, `${file}.wal`]) rmSync(old, { force: true })
  const selection = select(app, STREAM_NAMES)
  const synced = await sync(app, selection, progress, signal)
  const report = synced.json as RunReport
  if (synced.code !== 0) return synced
  await using destination = await app.open('read')
  const answer = await destination.query(QUESTION)
  const tables = []
  for (const stream of selection.streams) {
    const rows = await destination.rows(tablesOf(stream))
    const { root, children } = tablesOf(stream)
    const ran = report.streams.find(s => s.stream === stream.name)
    tables.push({
      stream: stream.name,
      rows: rows.get(root.name) ?? 0,
      owned: children.reduce((sum, { table }) => sum + (rows.get(table.name) ?? 0), 0),
      requests: ran?.requests ?? 0,
      seconds: Number((ran?.seconds ?? 0).toFixed(1)),
    })
  }
  const head = Object.keys(answer[0] ?? {})
  const text = [
    textTable(
      ['stream', 'rows', 'rows of child tables', 'requests', 'seconds'],
      tables.map(t => [t.stream, t.rows, t.owned, t.requests, t.seconds]),
    ),
    lines(
      `Every stream of a made-up store is now in ${file}`,
      `(${report.requests} requests; a real store allows 2 a second.)`,
    ),
    lines('A question an analyst would ask:', '', ...`${QUESTION};`.split('\n')),
    textTable(
      head,
      answer.map(row => head.map(name => row[name] ?? null)),
    ),
    lines(
      'Next:',
      '  look around     duckdb state/demo.duckdb   (or any program that opens DuckDB files)',
      '  all tables      docs/streams.md',
      '  your own store  put a token in RECHARGE_ACCESS_TOKEN, then: npm run -s cli -- check',
    ),
  ]
  return { code: 0, json: { file, report, tables, question: QUESTION, answer }, text: paragraphs(...text) }
}
