import { rmSync } from 'node:fs'
import type { RunReport } from '../../common/model.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import { NO_PROGRESS, type Progress } from '../../pipeline/progress.ts'
import { tablesOf } from '../../schema/table.ts'
import { startSimulator } from '../../simulator/server.ts'
import { makeBusiness } from '../../simulator/story.ts'
import { DAY, easternDay, easternMidnight, HOUR, SECOND } from '../../simulator/time.ts'
import { type AppOptions, clock, createApp, STREAM_NAMES, STREAMS, select } from '../app.ts'
import { demoConfig } from '../config/demo.ts'
import { fixturesOf } from '../fixtures.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'
import { sync } from './sync.ts'

/** A hundred times the limit of a real store, so that nobody waits for the demo. */
const RATE = { bucket: 40_000, perSecond: 2000 }
const CUSTOMERS = 400
/** The shop is half a year old at the first sync, and is synced at the end of each month for a year. */
const MONTHS = 12
const DAYS_BEFORE = 183
/**
 * Streams, and how many months lie between two syncs of each; all others are synced once, at the end. Versions of
 * subscriptions are worth a sync a month. Charges are served for 90 days only. The rest shows what was deleted.
 */
const EVERY: readonly (readonly [stream: string, months: number])[] = [
  ['subscriptions', 1],
  ['charges', 2],
  ['customers', 6],
  ['addresses', 6],
  ['orders', 6],
]

/** Lives a year of a made-up store, syncs it into a new DuckDB file, and says what to look at next. */
export async function demo(options: AppOptions, progress: Progress, signal: AbortSignal): Promise<Result> {
  const { now = clock } = options
  const until = Math.floor(now() / SECOND) * SECOND
  const visits = endsOfMonths(until)
  const [first = until] = visits
  const living = makeBusiness({ customers: CUSTOMERS, opening: first - DAYS_BEFORE * DAY, from: first, until })
  await using store = await startSimulator({ store: living.store, fixtures: fixturesOf(STREAMS), ...RATE })
  const config = demoConfig(store.url, store.token)
  const { destination: target } = config
  const file = target.kind === 'duckdb' ? target.file : ''
  for (const old of [file, `${file}.wal`]) rmSync(old, { force: true })
  const appAt = (views: boolean) =>
    createApp(
      { ...config, views, recharge: { ...config.recharge, rate: RATE } },
      { ...options, now: () => living.store.now().getTime(), runsDirectory: null },
    )
  for (const [i, visit] of visits.entries()) {
    living.liveTo(new Date(visit))
    const app = appAt(false)
    const synced = await sync(
      app,
      select(
        app,
        EVERY.flatMap(([stream, months]) => (i % months === 0 ? [stream] : [])),
      ),
      NO_PROGRESS,
      signal,
    )
    if (synced.code !== 0) return synced
  }
  living.liveTo(new Date(until))
  const app = appAt(true)
  const selection = select(app, STREAM_NAMES)
  const synced = await sync(app, selection, progress, signal)
  const report = synced.json as RunReport
  if (synced.code !== 0) return synced
  await using destination = await app.open('read')
  const tables = []
  for (const stream of selection.streams) {
    const rows = await destination.rows(tablesOf(stream))
    const { root, children } = tablesOf(stream)
    tables.push({
      stream: stream.name,
      rows: rows.get(root.name) ?? 0,
      owned: children.reduce((sum, { table }) => sum + (rows.get(table.name) ?? 0), 0),
    })
  }
  const text = [
    textTable(
      ['stream', 'rows', 'rows of child tables'],
      tables.map(t => [t.stream, t.rows, t.owned]),
    ),
    lines(`Every stream of a made-up store is now in ${file}`),
  ]
  return { code: 0, json: { file, report, tables }, text: paragraphs(...text) }
}

/** The last half hour of each of the months before, in the zone of the API, oldest first. */
function endsOfMonths(until: number): readonly number[] {
  const today = new Date(easternDay(until) * DAY)
  return Array.from({ length: MONTHS }, (_, i) => {
    const first = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - (MONTHS - 1 - i), 1)
    return easternMidnight(first / DAY) - HOUR / 2
  })
}
