import { rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { lines, paragraphs } from '../../common/printable.ts'
import type { RunReport } from '../../common/run-report.ts'
import type { Warehouse } from '../../load/destination.ts'
import type { Progress } from '../../pipeline/progress.ts'
import { tablesOf } from '../../schema/table.ts'
import { SECOND } from '../../simulator/time.ts'
import { type AppOptions, clock, type Selection } from '../app.ts'
import { demoConfig, demoFile } from '../config/demo.ts'
import { prose } from '../look.ts'
import { STARTED_AS } from '../started-as.ts'
import { fittedTable, textTable } from '../text-table.ts'
import { makeYear, serveYear, syncYear } from './demo-year.ts'
import type { Result } from './result.ts'

/** What `demo` ends with. The first two columns of an answer are a value and its currency, or a value alone. */
const FIGURES = [
  {
    name: 'MRR now',
    sql: `select cast(sum(mrr) as decimal(18, 2)) as mrr, currency from recharge_analytics.mrr_current group by currency order by mrr desc`,
  },
  {
    name: 'Active subscribers',
    sql: `select active_subscribers from recharge_analytics.subscribers_daily order by date_day desc limit 1`,
  },
  {
    name: 'Revenue of the last full month',
    sql: `select cast(sum(net_revenue) as decimal(18, 2)) as revenue, currency from recharge_analytics.revenue_monthly
where month_start = (select max(month_start) from recharge_analytics.revenue_monthly where is_complete)
group by currency order by revenue desc`,
  },
] as const

/** Lives the last year of a made-up store, syncs it into a new DuckDB file, and says what to look at next. */
export async function demo(options: AppOptions, progress: Progress, signal: AbortSignal): Promise<Result> {
  const year = makeYear(Math.floor((options.now ?? clock)() / SECOND) * SECOND)
  await using store = await serveYear(year)
  const config = demoConfig(store.url, store.token)
  const file = config.destination.kind === 'duckdb' ? config.destination.file : ''
  for (const old of [file, `${file}.wal`]) rmSync(old, { force: true })
  const { app, selection, result } = await syncYear(year, config, options, progress, signal)
  if (result.code !== 0) return result
  const configFile = join(dirname(file), 'demo.config.yaml')
  writeFileSync(configFile, demoFile(store.url, store.token, basename(file)))
  await using destination = await app.open('read')
  const tables = await rowsOf(destination, selection)
  const figures = await figuresOf(destination, signal)
  const shown = (path: string): string => relative(app.config.directory, path)
  const [mrr] = FIGURES
  const command = `${STARTED_AS} query --config ${shown(configFile)}`
  const question = `${command} "${mrr.sql}"`
  const { writeReportPage } = await import('./report-page.ts')
  const out = join(dirname(file), 'report.html')
  const page = await writeReportPage(app, destination, { out, months: { from: null, to: null } })
  return {
    code: 0,
    json: { file, config: configFile, page: page.file, report: result.json as RunReport, tables, figures, question },
    text: paragraphs(
      fittedTable(
        [
          { head: 'stream', cell: row => row.stream },
          { head: 'rows', cell: row => row.rows },
          { head: 'rows of child tables', cell: row => row.owned, droppable: 1 },
        ],
        tables,
        app.look,
      ),
      prose(app.look, '', `A year of a made-up store is now in ${shown(file)}, every stream, with views that count.`),
      textTable(
        ['as of today', ''],
        figures.map(({ name, text }) => [name, text]),
      ),
      lines(`The query behind ${mrr.name}:`, '', `  ${question}`),
      lines(
        'Next:',
        `  the report      ${shown(page.file)}   (a page for any browser)`,
        `  all views       ${command} --list`,
        `  look around     duckdb ${shown(file)}   (or any program that opens DuckDB files)`,
        '  questions       docs/analysts.md',
        `  your own store  ${STARTED_AS} init`,
      ),
    ),
  }
}

async function rowsOf(destination: Warehouse, { streams }: Selection) {
  const tables = []
  for (const stream of streams) {
    const rows = await destination.rows(tablesOf(stream))
    const { root, children } = tablesOf(stream)
    tables.push({
      stream: stream.name,
      rows: rows.get(root.name) ?? 0,
      owned: children.reduce((sum, { table }) => sum + (rows.get(table.name) ?? 0), 0),
    })
  }
  return tables
}

async function figuresOf(destination: Warehouse, signal: AbortSignal) {
  const figures = []
  for (const { name, sql } of FIGURES) {
    const { rows } = await destination.answer(sql, signal)
    const values = rows.map(([value, currency]) => ({ value: value ?? null, currency: currency ?? null }))
    const text = values
      .map(({ value, currency }) => (currency === null ? value : `${grouped(value ?? '')} ${currency}`))
      .join(' and ')
    figures.push({ name, sql, values, text })
  }
  return figures
}

/** `1234.50` as `1,234.50`. */
function grouped(amount: string): string {
  return amount.replace(/\B(?=(\d{3})+(\.|$))/g, ',')
}
