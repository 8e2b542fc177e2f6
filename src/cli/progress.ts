import { lines } from '../common/printable.ts'
import type { Progress } from '../pipeline/progress.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import { streamLine } from './report.ts'

export interface ProgressOptions {
  /** A terminal is redrawn; anything else gets a line every ten seconds. */
  readonly out: { readonly isTTY?: boolean; write(text: string): unknown }
  /** Milliseconds. */
  readonly monotonic: () => number
  /** Requests a second that the token allows; null: the share is not shown. */
  readonly perSecond: (() => number) | null
}

/** Milliseconds. */
const REDRAW = 200
/** Milliseconds. */
const LINE_EVERY = 10_000
/** Characters. */
const BAR = 20

export function createProgress({ out, monotonic, perSecond }: ProgressOptions): Progress {
  const running = new Map<StreamStats, number>()
  const all = new Set<StreamStats>()
  const startedAt = monotonic()
  let drawn = 0
  const erase = (): void => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`)
    drawn = 0
  }
  const show = (): string[] => {
    const seconds = Math.max(0.001, (monotonic() - startedAt) / 1000)
    const requests = [...all].reduce((sum, { requestStats }) => sum + requestStats.requests, 0)
    const streams = [...running].map(([stats, since]) => describe(stats, (monotonic() - since) / 1000))
    const rate = (requests / seconds).toFixed(1)
    const share =
      perSecond === null
        ? ''
        : `, ${Math.min(100, Math.round((100 * requests) / (seconds * perSecond())))} % of the token's rate`
    return streams.length === 0 ? [] : [...streams, `all: ${requests} requests, ${rate}/s${share}`]
  }
  const draw = (): void => {
    const shown = show()
    erase()
    for (const line of shown) out.write(`  ${line}\n`)
    drawn = shown.length
  }
  const print = (): void => {
    for (const line of show()) out.write(`${line}\n`)
  }
  const timer = setInterval(out.isTTY ? draw : print, out.isTTY ? REDRAW : LINE_EVERY)
  timer.unref()
  return {
    started(stats) {
      running.set(stats, monotonic())
      all.add(stats)
    },
    ended(stats, report, line) {
      running.delete(stats)
      if (out.isTTY) erase()
      out.write(`${line === undefined ? streamLine(report) : lines(line)}\n`)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      if (out.isTTY) erase()
    },
  }
}

/** One stream: records, speed and time left. Without a count from the API, the time left is not known. */
export function describe({ stream, records, expected, requestStats }: StreamStats, seconds: number): string {
  const rate = records / Math.max(0.001, seconds)
  const known = expected !== null && expected > 0
  const share = known ? Math.min(1, records / expected) : 0
  const bar = known ? `[${'#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.')}] ${Math.floor(share * 100)} %, ` : ''
  const of = known ? ` of ${expected}` : ''
  const remaining = known && rate > 0 ? `, ${clock((expected - Math.min(records, expected)) / rate)} left` : ''
  const throttled = requestStats.throttled > 0 ? `, throttled ${requestStats.throttled} times` : ''
  return `${stream}: ${bar}${records}${of} records, ${Math.round(rate)}/s${remaining}${throttled}`
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  const pad = (n: number): string => String(n).padStart(2, '0')
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}
