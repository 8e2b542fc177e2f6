import type { Progress } from '../../pipeline/progress.ts'
import { type Simulator, startSimulator } from '../../simulator/server.ts'
import { type LivingStore, makeBusiness } from '../../simulator/story.ts'
import { DAY, dayText, easternDay, easternMidnight, HOUR } from '../../simulator/time.ts'
import { type App, type AppOptions, createApp, type Selection, STREAM_NAMES, STREAMS, select } from '../app.ts'
import type { Config } from '../config/load.ts'
import { fixturesOf } from '../fixtures.ts'
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

/** The last year of the made-up store. */
export interface Year {
  /** Milliseconds since 1970: when the year ends. */
  readonly until: number
  /** When the store is synced before, oldest first. */
  readonly visits: readonly number[]
  readonly living: LivingStore
}

/** Within a month it is one story, told to different ends. */
export function makeYear(until: number): Year {
  const visits = firstsOfMonths(until, -MONTHS + 1, 0).map(first => first - HOUR / 2)
  const [plannedTo = until] = firstsOfMonths(until, 1, 1)
  const [from = until] = visits
  const opening = from - DAYS_BEFORE * DAY
  return { until, visits, living: makeBusiness({ customers: CUSTOMERS, opening, from, until, plannedTo }) }
}

export const serveYear = ({ living }: Year): Promise<Simulator> =>
  startSimulator({ store: living.store, fixtures: fixturesOf(STREAMS), ...RATE })

export interface SyncedYear {
  /** That of the last sync. */
  readonly app: App
  readonly selection: Selection
  readonly result: Result
}

/**
 * Lives the year, and syncs it at the end of each month and at its own end.
 * @param config its destination is empty.
 * @returns the last sync, or the first one that failed.
 */
export async function syncYear(
  { until, visits, living }: Year,
  config: Config,
  options: AppOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<SyncedYear> {
  const appAt = (time: number, views: boolean): App => {
    living.liveTo(new Date(time))
    return createApp(
      { ...config, views, recharge: { ...config.recharge, rate: RATE } },
      { ...options, now: () => time, runsDirectory: null },
    )
  }
  for (const [i, visit] of visits.entries()) {
    const app = appAt(visit, false)
    const selection = select(
      app,
      EVERY.flatMap(([stream, months]) => ((i + 1) % months === 0 ? [stream] : [])),
    )
    const result = await sync(app, selection, ofMonth(visit, progress), signal)
    if (result.code !== 0) return { app, selection, result }
  }
  const app = appAt(until, true)
  const selection = select(app, STREAM_NAMES)
  return { app, selection, result: await sync(app, selection, progress, signal) }
}

/** When months begin in the zone of the API, oldest first: from the `first` to the `last` one after that of a time. */
function firstsOfMonths(time: number, first: number, last: number): readonly number[] {
  const today = new Date(easternDay(time) * DAY)
  return Array.from({ length: last - first + 1 }, (_, i) =>
    easternMidnight(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + first + i, 1) / DAY),
  )
}

/** One line for the sync of a month. */
function ofMonth(visit: number, progress: Progress): Progress {
  const [main] = EVERY[0] ?? []
  return {
    showsEnds: true,
    planned: streams => progress.planned(streams.filter(({ stream }) => stream === main)),
    started: stats => {
      if (stats.stream === main) progress.started(stats)
    },
    ended: (stats, report) => {
      if (stats.stream === main) progress.ended(stats, report, `${dayText(easternDay(visit))}: synced`)
    },
    [Symbol.dispose]() {},
  }
}
