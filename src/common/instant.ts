import { Temporal } from 'temporal-polyfill'
import type { Zone } from '../schema/column.ts'

/** RFC 3339 in UTC with six fractional digits, so that the order of text is the order of time. */
export type Instant = string & { readonly __instant: true }

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,](\d{1,9}))?)?)\s*(Z|z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
/** Years that four digits hold; Postgres knows no year 0. */
const FIRST = Date.parse('0001-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59Z')

/**
 * Reads a timestamp in any of the four forms that the API writes: ISO 8601 with an offset, ISO 8601 without one, a date,
 * and the HTTP date of `/shop`. Without an offset it is wall time in `zone`. If a clock change repeats that hour, the first
 * one is meant; if it skips the hour, the offset before the change applies.
 * @returns null for any other text, for more than six decimals of a second, and outside the years 1 to 9999.
 */
export function parseInstant(text: string, zone: Zone): Instant | null {
  if (plainUtc(text) >= 0) return `${text.slice(0, 19)}.000000Z` as Instant
  const match = ISO.exec(text.trim())
  if (!match) return httpDate(text.trim())
  const [, date, time = '00:00', fraction = '', offset] = match
  if (/[1-9]/.test(fraction.slice(6))) return null
  const wall = `${date}T${time.slice(0, 8).padEnd(8, ':00')}`
  const clock = Date.parse(`${wall}Z`)
  // Date.parse reads 30 February as 2 March, so the date is written again and has to be the same.
  if (Number.isNaN(clock) || new Date(clock).toISOString().slice(0, 19) !== wall) return null
  const millis = offset === undefined && zone !== 'UTC' ? millisOfWallTime(wall, zone) : clock - offsetMillis(offset)
  if (millis < FIRST || millis > LAST) return null
  return `${new Date(millis).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z` as Instant
}

/**
 * A fast path for timestamps such as `2025-01-31T10:00:00+00:00`, the form of nearly all of them.
 * @returns seconds since 1970; -1: `parseInstant` has to read the text.
 */
export function plainUtc(text: string): number {
  if (text.length !== 25 || !text.endsWith('+00:00') || !beginsWithDay(text)) return -1
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  const plain =
    text.charCodeAt(10) === T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    hour >= 0 &&
    hour <= 23 &&
    minute >= 0 &&
    minute <= 59 &&
    second >= 0 &&
    second <= 59
  return plain ? daysOf(text) * 86_400 + hour * 3_600 + minute * 60 + second : -1
}

/** Whether the text is YYYY-MM-DD and certainly a day of the calendar. False says nothing. */
export const isPlainDay = (text: string): boolean => text.length === 10 && beginsWithDay(text)

/** Whether the text begins with a day. False for years before 2000 and for the last days of a month, which need a calendar. */
function beginsWithDay(text: string): boolean {
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  return (
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    twoDigits(text, 0) >= 20 &&
    twoDigits(text, 2) >= 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    (day <= 28 || (day <= 30 && month !== 2))
  )
}

const DASH = 45
const T = 84
const COLON = 58

/** The number that two digits make; negative if they are not digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : -10_000
}

/** Days since 1970 of YYYY-MM-DD in the proleptic Gregorian calendar. */
export function daysOf(text: string): number {
  const month = twoDigits(text, 5)
  // The year is counted from March, so that 29 February is its last day.
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2) - (month <= 2 ? 1 : 0)
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + twoDigits(text, 8) - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Seconds since 1970, rounded down. */
export const toSeconds = (instant: Instant): number =>
  daysOf(instant) * 86_400 + twoDigits(instant, 11) * 3_600 + twoDigits(instant, 14) * 60 + twoDigits(instant, 17)

/** An offset such as `+02:00` in milliseconds. */
function offsetMillis(offset = 'Z'): number {
  if (offset.toUpperCase() === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.replace(':', '').slice(3, 5))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

const millisOfWallTime = (wall: string, zone: Zone): number =>
  Temporal.PlainDateTime.from(wall).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds

function httpDate(text: string): Instant | null {
  const millis = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  // As above, weekday included.
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

/** One microsecond earlier. */
export function justBefore(instant: Instant): Instant {
  const micros = Number(instant.slice(20, 26))
  if (micros === 0) return `${minus(instant, 1).slice(0, 23)}999Z` as Instant
  return `${instant.slice(0, 20)}${String(micros - 1).padStart(6, '0')}Z` as Instant
}

export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)
export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** Milliseconds by which two clocks may differ. */
const CLOCK_DIFFERENCE = 5 * 60_000

/** The latest time that can have passed when a clock says `now`; a later one is in the future. */
export const latestPast = (now: Instant): Instant => minus(now, -CLOCK_DIFFERENCE)

/**
 * Milliseconds. Filters are sent with `Z`. If the API reads them as US Eastern wall time all the same [unknown], the
 * records it returns start and end up to this much later than requested.
 */
export const ZONE_UNCERTAINTY = 5 * 3_600_000

/** The form that filters take: whole seconds, rounded down, `Z` rather than an offset [inferred from clients]. */
export const asFilter = (instant: Instant): string => `${instant.slice(0, 19)}Z`
