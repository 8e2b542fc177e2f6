import { lines, type Printable } from '../common/printable.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'

/** Characters. */
const BAR = 20

/** A run at one moment, over all its streams. */
export interface Overall {
  readonly streams: number
  readonly done: number
  readonly records: number
  readonly requests: number
  readonly seconds: number
  /** Share of the rate that the token allows, in percent; null: not known. */
  readonly rate_percent: number | null
  /** Seconds that the known records still take; null: nothing is known yet. */
  readonly seconds_left: number | null
  /** Some streams have not begun, or the API does not count their records: it takes at least that long. */
  readonly at_least: boolean
}

/** @param running the streams that are being read, each with the seconds since it began. */
export function overall(
  planned: ReadonlySet<StreamStats>,
  running: ReadonlyMap<StreamStats, number>,
  done: ReadonlySet<StreamStats>,
  seconds: number,
  perSecond: number | null,
): Overall {
  const all = [...new Set([...planned, ...running.keys(), ...done])]
  const sum = (of: (stats: StreamStats) => number): number => all.reduce((total, stats) => total + of(stats), 0)
  const records = sum(stats => stats.records)
  const requests = sum(stats => stats.requestStats.requests)
  const counted = [...running].filter(([{ expected }]) => expected !== null)
  const left = counted.reduce((total, [stats]) => total + recordsLeft(stats), 0)
  // Streams share the rate of the token: as one ends, the others become faster. None ends before its own time.
  const own = counted.map(([stats, since]) => secondsLeft(stats, since) ?? 0)
  const rate = records / Math.max(0.001, seconds)
  return {
    streams: all.length,
    done: done.size,
    records,
    requests,
    seconds: Math.round(seconds),
    rate_percent:
      perSecond === null ? null : Math.min(100, Math.round((100 * requests) / (Math.max(0.001, seconds) * perSecond))),
    seconds_left: counted.length === 0 || rate === 0 ? null : Math.ceil(Math.max(left / rate, ...own)),
    at_least: counted.length < all.length - done.size,
  }
}

const recordsLeft = ({ records, expected }: StreamStats): number => Math.max(0, (expected ?? 0) - records)

function secondsLeft(stats: StreamStats, seconds: number): number | null {
  const rate = stats.records / Math.max(0.001, seconds)
  return rate > 0 && stats.expected !== null && stats.expected > 0 ? recordsLeft(stats) / rate : null
}

/** All streams, in the longest form that fits. */
export function overallText(run: Overall, width = Number.POSITIVE_INFINITY): Printable {
  const { streams, done, requests, seconds, rate_percent: share, seconds_left: left, at_least: isLeast } = run
  const count = `${requests} requests`
  const rate = `${(requests / Math.max(0.001, seconds)).toFixed(1)}/s`
  const percent = share === null ? [] : [`${share} % of the token's rate`]
  const time = left === null ? [] : [`${isLeast ? 'at least ' : ''}${clock(left)} left`]
  const ended = `${done} of ${streams} streams done${done === streams ? ', finishing' : ''}`
  return longest(
    width,
    [
      [count, rate, ...percent, ...time, ended],
      [rate, ...percent, ...time, ended],
      [...percent, ...time, ended],
      [...time, ended],
      time,
    ].map(parts => `all: ${parts.join(', ')}`),
  )
}

/**
 * One stream: records, speed and time left, in the longest form that fits. Without a count from the API, the time left is
 * not known.
 */
export function streamText(stats: StreamStats, seconds: number, width = Number.POSITIVE_INFINITY): Printable {
  const { stream, records, expected, requestStats } = stats
  const known = expected !== null && expected > 0
  const share = known ? Math.min(1, records / expected) : 0
  const percent = `${Math.floor(share * 100)} %`
  const bar = (size: number): string =>
    known ? `[${'#'.repeat(Math.round(share * size)).padEnd(size, '.')}] ${percent}, ` : ''
  const read = `${records}${known ? ` of ${expected}` : ''} records`
  const rate = `, ${Math.round(records / Math.max(0.001, seconds))}/s`
  const remaining = secondsLeft(stats, seconds)
  const left = remaining === null ? '' : `, ${clock(remaining)} left`
  const throttled = requestStats.throttled > 0 ? `, throttled ${requestStats.throttled} times` : ''
  return longest(width, [
    `${stream}: ${bar(BAR)}${read}${rate}${left}${throttled}`,
    `${stream}: ${bar(BAR / 2)}${read}${rate}${left}${throttled}`,
    `${stream}: ${bar(BAR / 2)}${read}${left}${throttled}`,
    `${stream}: ${bar(BAR / 2)}${read}${left}`,
    `${stream}: ${known ? `${percent}, ` : ''}${read}${left}`,
    `${stream}: ${known ? percent : read}${left}`,
  ])
}

/** The first text that fits, else the last. */
function longest(width: number, texts: readonly string[]): Printable {
  const all = texts.map(text => lines(text))
  return all.find(text => text.length <= width) ?? all.at(-1) ?? lines('')
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  const pad = (n: number): string => String(n).padStart(2, '0')
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}
