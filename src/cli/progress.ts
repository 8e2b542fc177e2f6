import type { Log } from '../common/log.ts'
import { lines } from '../common/printable.ts'
import type { Progress } from '../pipeline/progress.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import { cut, type Look, PLAIN } from './look.ts'
import { type Overall, overall, overallText, streamText } from './progress-text.ts'
import { streamLine } from './report.ts'
import type { Screen } from './screen.ts'

export interface ProgressOptions {
  /** Milliseconds. */
  readonly monotonic: () => number
  /** Requests a second that the token allows; null: the share is not shown. */
  readonly perSecond: (() => number) | null
}

/** Milliseconds. */
const REDRAW = 200
/** Milliseconds. */
const LINE_EVERY = 10_000

/** On a terminal: a line for each stream that is read, one for all of them, and above them one for each that has ended. */
export function createProgress(screen: Screen, options: ProgressOptions, look: Look = PLAIN): Progress {
  const run = follow(options)
  const draw = (): void => {
    const room = look.width - INDENT
    const all = run.overall()
    const streams = run.running().map(([stats, seconds]) => streamText(stats, seconds, room))
    if (all.streams > 0) screen.draw([...streams, overallText(all, room)], line => look.paint('aside', line))
  }
  const timer = setInterval(draw, REDRAW)
  timer.unref()
  return {
    showsEnds: true,
    planned: run.planned,
    started: run.started,
    ended(stats, report, line) {
      run.ended(stats)
      // The end of the run lists the scopes that are missing.
      if (report.problem?.code === 'missing_scope' && report.outcome === 'skipped') return
      screen.print(line === undefined ? streamLine(report, look) : cut(lines(line), look.width))
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      screen.clear()
    },
  }
}

/** Columns before a line that is drawn, and one that stays free behind it. */
const INDENT = 3

/** In a log: one line every ten seconds. The log itself tells the end of each stream. */
export function createLogProgress(log: Log, options: ProgressOptions): Progress {
  const run = follow(options)
  const timer = setInterval(() => {
    const reading = run.running().map(([{ stream, records, expected }]) => ({ stream, records, expected }))
    if (reading.length > 0) log.info({ event: 'progress', ...run.overall(), reading })
  }, LINE_EVERY)
  timer.unref()
  return {
    showsEnds: false,
    planned: run.planned,
    started: run.started,
    ended: run.ended,
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** Keeps which streams are read at the moment. */
function follow({ monotonic, perSecond }: ProgressOptions) {
  const planned = new Set<StreamStats>()
  const running = new Map<StreamStats, number>()
  const done = new Set<StreamStats>()
  const startedAt = monotonic()
  const since = (start: number): number => (monotonic() - start) / 1000
  const runningNow = (): readonly (readonly [StreamStats, number])[] =>
    [...running].map(([stats, start]) => [stats, since(start)] as const)
  return {
    planned(streams: readonly StreamStats[]): void {
      planned.clear()
      done.clear()
      for (const stats of streams) planned.add(stats)
    },
    started(stats: StreamStats): void {
      running.set(stats, monotonic())
    },
    ended(stats: StreamStats): void {
      // One that is skipped without a request was not planned.
      if (running.delete(stats)) done.add(stats)
    },
    running: runningNow,
    overall: (): Overall =>
      overall(planned, new Map(runningNow()), done, since(startedAt), perSecond === null ? null : perSecond()),
  }
}
