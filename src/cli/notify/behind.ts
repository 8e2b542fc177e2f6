import { toMillis } from '../../common/instant.ts'
import type { Instant, RunId } from '../../common/model.ts'
import { second } from '../runs.ts'
import type { Condition, Evidence } from './condition.ts'

export interface Age {
  readonly stream: string
  /** Null: it was never complete, so nothing can say how old it is. */
  readonly complete_to: Instant | null
  /** How old it may be, in milliseconds. */
  readonly acceptedMs: number
}

/** Which streams are too far behind. One that was never complete is not among them: why it is not, its runs say. */
export function behind(ages: readonly Age[], now: Instant, run: RunId | null): Evidence {
  const late = new Map(ages.flatMap(age => (isLate(age, now) ? [[age.stream, age] as const] : [])))
  return {
    found: [...late.values()].map(({ stream, complete_to, acceptedMs }) => ({
      about: 'behind',
      stream,
      code: 'behind',
      message: `complete to ${complete_to && second(complete_to)} only, which is longer ago than ${durationText(acceptedMs)}`,
      next: `Look at \`status\` for what its last run said. If there was none, look at the schedule; if the run left it out, run \`sync --streams ${stream}\`.`,
      since: now,
      run,
    })),
    ends: ({ about, stream }: Condition) => about === 'behind' && !late.has(stream ?? ''),
  }
}

const isLate = ({ complete_to, acceptedMs }: Age, now: Instant): boolean =>
  complete_to !== null && toMillis(now) - toMillis(complete_to) > acceptedMs

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** As the configuration would say it: `1d2h`. */
export function durationText(ms: number): string {
  let left = ms
  const parts = UNITS.flatMap(([unit, size]) => {
    const count = Math.floor(left / size)
    left -= count * size
    return count > 0 ? [`${count}${unit}`] : []
  })
  return parts.length > 0 ? parts.join('') : `${ms}ms`
}
