export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The usual 2021-11 spelling. */
export const utcText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`

/** The spelling without an offset that metafields, payment methods and events still have on 2021-11. */
export const easternText = (at: number): string => new Date(at + easternOffset(at)).toISOString().slice(0, 19)

/** Calendar days are counted from 1970-01-01, so that adding weeks never meets a clock change. */
export const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10)

export const easternDay = (at: number): number => Math.floor((at + easternOffset(at)) / DAY)

/** 04:30 UTC lies on the same side of either clock change as midnight in New York does. */
export const easternMidnight = (day: number): number => day * DAY - easternOffset(day * DAY + 4.5 * HOUR)

/** A moment for every spelling the API uses; 0 for a missing one, so that it sorts first. */
export function instant(text: unknown): number {
  if (typeof text !== 'string') return 0
  if (text.length === 19 && text[10] === 'T') return fromEastern(Date.parse(`${text}Z`))
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : at
}

/** The hour that happens twice each November is read as its first occurrence. */
function fromEastern(wall: number): number {
  const summer = wall + 4 * HOUR
  return easternOffset(summer) === -4 * HOUR ? summer : wall + 5 * HOUR
}

const summers = new Map<number, readonly [from: number, to: number]>()

/**
 * The rule in force since 2007, computed rather than asked of Intl: a history of a million
 * timestamps would spend longer in Intl.DateTimeFormat than in everything else together.
 */
export function easternOffset(at: number): number {
  const year = new Date(at).getUTCFullYear()
  let summer = summers.get(year)
  if (!summer) {
    summer = [sunday(year, 2, 2) + 7 * HOUR, sunday(year, 10, 1) + 6 * HOUR]
    summers.set(year, summer)
  }
  return (at >= summer[0] && at < summer[1] ? -4 : -5) * HOUR
}

function sunday(year: number, month: number, nth: number): number {
  const first = Date.UTC(year, month, 1)
  return first + (((7 - new Date(first).getUTCDay()) % 7) + (nth - 1) * 7) * DAY
}
