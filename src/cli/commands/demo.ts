import { rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { RunReport } from '../../common/model.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import type { Warehouse } from '../../load/destination.ts'
import type { Progress } from '../../pipeline/progress.ts'
import { tablesOf } from '../../schema/table.ts'
import { type Simulator, startSimulator } from '../../simulator/server.ts'
import { makeBusiness } from '../../simulator/story.ts'
import { DAY, dayText, easternDay, easternMidnight, HOUR, SECOND } from '../../simulator/time.ts'
import { type App, type AppOptions, clock, createApp, type Selection, STREAM_NAMES, STREAMS, select } from '../app.ts'
import { demoConfig, demoFile } from '../config/demo.ts'
import { fixturesOf } from '../fixtures.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'
import { sync } from './sync.ts'

/** A thousand times the limit of a real store, so that nobody waits for the demo. */
const RATE = { bucket: 40_000, perSecond: 2000 }
const CUSTOMERS = 400
/** The shop is half a year old at the first sync, and is synced at the end of each month for a year. */
const MONTHS = 12
const DAYS_BEFORE = 183
/**
 * Streams, and how many months lie between two syncs of each; all others are synced once, at the end. Versions of
 * subscriptions are worth a sync a month. Of a queued charge that is gone it is only known within 90 days that it was
 * deleted, and a large loss is believed when a second sync shows it too. The rest shows what was deleted.
 */
const EVERY: readonly (readonly [stream: string, months: number])[] = [
  ['subscriptions', 1],
  ['charges', 1],
  ['customers', 6],
  ['addresses', 6],
  ['orders', 6],
]

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

/** In a checkout, and in an installed package. */
const PROGRAM = import.meta.url.endsWith('.ts') ? 'npm run -s cli --' : 'npx recharge-sync'

/** Lives the last year of a made-up store, syncs it into a new DuckDB file, and says what to look at next. */
export async function demo(options: AppOptions, progress: Progress, signal: AbortSignal): Promise<Result> {
  const until = Math.floor((options.now ?? clock)() / SECOND) * SECOND
  const visits = endsOfMonths(until)
  const [from = until] = visits
  const living = makeBusiness({ customers: CUSTOMERS, opening: from - DAYS_BEFORE * DAY, from, until })
  await using store = await startSimulator({ store: living.store, fixtures: fixturesOf(STREAMS), ...RATE })
  const file = fileOf(store)
  for (const old of [file, `${file}.wal`]) rmSync(old, { force: true })
  for (const [i, visit] of visits.entries()) {
    living.liveTo(new Date(visit))
    const app = appOn(store, { ...options, now: () => visit }, { views: false })
    const due = EVERY.flatMap(([stream, months]) => ((i + 1) % months === 0 ? [stream] : []))
    const synced = await sync(app, select(app, due), ofMonth(visit, progress), signal)
    if (synced.code !== 0) return synced
  }
  living.liveTo(new Date(until))
  const app = appOn(store, { ...options, now: () => until }, { views: true })
  const selection = select(app, STREAM_NAMES)
  const synced = await sync(app, selection, progress, signal)
  if (synced.code !== 0) return synced
  const configFile = join(dirname(file), 'demo.config.yaml')
  writeFileSync(configFile, demoFile(store.url, store.token, basename(file)))
  await using destination = await app.open('read')
  const tables = await rowsOf(destination, selection)
  const figures = await figuresOf(destination, signal)
  const shown = (path: string): string => relative(app.config.directory, path)
  const [mrr] = FIGURES
  const command = `${PROGRAM} query --config ${shown(configFile)}`
  const question = `${command} "${mrr.sql}"`
  // Where the report page is; null: there is none.
  const page: string | null = null
  return {
    code: 0,
    json: { file, config: configFile, page, report: synced.json as RunReport, tables, figures, question },
    text: paragraphs(
      textTable(
        ['stream', 'rows', 'rows of child tables'],
        tables.map(t => [t.stream, t.rows, t.owned]),
      ),
      lines(`A year of a made-up store is now in ${shown(file)}, every stream, with views that count.`),
      textTable(
        ['as of today', ''],
        figures.map(({ name, text }) => [name, text]),
      ),
      lines(`The query behind ${mrr.name}:`, '', `  ${question}`),
      lines(
        'Next:',
        ...(page === null ? [] : [`  the report      ${page}`]),
        `  all views       ${command} --list`,
        `  look around     duckdb ${shown(file)}   (or any program that opens DuckDB files)`,
        '  questions       docs/analysts.md',
        `  your own store  put a token in RECHARGE_ACCESS_TOKEN, then: ${PROGRAM} check`,
      ),
    ),
  }
}

function appOn({ url, token }: Simulator, options: AppOptions, more: { readonly views: boolean }): App {
  const config = demoConfig(url, token)
  return createApp(
    { ...config, ...more, recharge: { ...config.recharge, rate: RATE } },
    { ...options, runsDirectory: null },
  )
}

function fileOf({ url, token }: Simulator): string {
  const { destination } = demoConfig(url, token)
  return destination.kind === 'duckdb' ? destination.file : ''
}

/** The last half hour of each of the months before, in the zone of the API, oldest first. */
function endsOfMonths(until: number): readonly number[] {
  const today = new Date(easternDay(until) * DAY)
  return Array.from({ length: MONTHS }, (_, i) => {
    const next = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - (MONTHS - 1 - i), 1)
    return easternMidnight(next / DAY) - HOUR / 2
  })
}

/** One line for the sync of a month. */
function ofMonth(visit: number, progress: Progress): Progress {
  const [main] = EVERY[0] ?? []
  return {
    started: stats => {
      if (stats.stream === main) progress.started(stats)
    },
    ended: (stats, report) => {
      if (stats.stream === main) progress.ended(stats, report, `${dayText(easternDay(visit))}: synced`)
    },
    [Symbol.dispose]() {},
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
