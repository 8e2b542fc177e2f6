import { Temporal } from 'temporal-polyfill'
import type { Zone } from './declare/column.ts'
import type { Instant } from './model.ts'

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,](\d{1,9}))?)?)\s*(Z|z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
/** Years that four digits hold; Postgres knows no year 0. */
const FIRST = Date.parse('0001-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59Z')

/**
 * A timestamp in any of the four shapes that the API writes: ISO 8601 with an offset, without one, a plain date, and
 * the HTTP date of `/shop`. One without an offset is wall time in `zone`; of an hour that a clock change repeats, the
 * first. Null where the text is none of these, finer than a microsecond, or outside the years 1 to 9999.
 */
export function parseInstant(text: string, zone: Zone): Instant | null {
  const match = ISO.exec(text.trim())
  if (!match) return httpDate(text.trim())
  const [, date, time = '00:00', fraction = '', offset] = match
  if (/[1-9]/.test(fraction.slice(6))) return null
  const wall = `${date}T${time.slice(0, 8).padEnd(8, ':00')}`
  const clock = Date.parse(`${wall}Z`)
  // Date.parse takes 30 February for 2 March: only what comes back unchanged is a date.
  if (Number.isNaN(clock) || new Date(clock).toISOString().slice(0, 19) !== wall) return null
  const millis = offset === undefined && zone !== 'UTC' ? eastern(wall, zone) : clock - ahead(offset)
  if (millis < FIRST || millis > LAST) return null
  return `${new Date(millis).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z` as Instant
}

/** Milliseconds that an offset is ahead of UTC. */
function ahead(offset = 'Z'): number {
  if (offset.toUpperCase() === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.replace(':', '').slice(3, 5))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

const eastern = (wall: string, zone: Zone): number =>
  Temporal.PlainDateTime.from(wall).toZonedDateTime(zone, { disambiguation: 'earlier' }).epochMilliseconds

function httpDate(text: string): Instant | null {
  const millis = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  // As above: what does not come back, weekday and all, is no date.
  return Number.isNaN(millis) || new Date(millis).toUTCString() !== text ? null : fromMillis(millis)
}

/** The calendar day in `zone` of an instant, as YYYY-MM-DD. */
export function dayIn(zone: Zone, instant: Instant): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString()
}

export const fromMillis = (millis: number): Instant => `${new Date(millis).toISOString().slice(0, -1)}000Z` as Instant

/** Milliseconds since 1970, rounded down. */
export const toMillis = (instant: Instant): number => Date.parse(`${instant.slice(0, 23)}Z`)

export const minus = (instant: Instant, millis: number): Instant => fromMillis(toMillis(instant) - millis)

/** A microsecond less. */
export function justBefore(instant: Instant): Instant {
  const micros = Number(instant.slice(20, 26))
  if (micros === 0) return `${minus(instant, 1).slice(0, 23)}999Z` as Instant
  return `${instant.slice(0, 20)}${String(micros - 1).padStart(6, '0')}Z` as Instant
}

export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)
export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** The form that filters take: whole seconds, rounded down, `Z` rather than an offset [inferred from clients]. */
export const asFilter = (instant: Instant): string => `${instant.slice(0, 19)}Z`
