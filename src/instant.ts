import { Temporal } from 'temporal-polyfill'
import type { Zone } from './declare/column.ts'
import type { Instant } from './model.ts'

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * A timestamp in any of the four shapes that the API writes: ISO 8601 with an offset, without one, a plain date, and
 * the HTTP date of `/shop`. One without an offset is wall time in `zone`; of an hour that a clock change repeats, the
 * first. Null where the text is none of these, or finer than a microsecond.
 */
export function parseInstant(text: string, zone: Zone): Instant | null {
  const match = ISO.exec(text.trim())
  if (!match) return HTTP_DATE.test(text.trim()) ? fromMillis(Date.parse(text)) : null
  const [, date, time = '00:00', fraction = '', offset] = match
  if (/[1-9]/.test(fraction.slice(6))) return null
  const wall = `${date}T${time.length === 5 ? `${time}:00` : time}`
  const utc = offset === undefined && zone !== 'UTC' ? eastern(wall, zone) : absolute(wall, offset)
  return utc === null ? null : (`${utc}.${fraction.slice(0, 6).padEnd(6, '0')}Z` as Instant)
}

function absolute(wall: string, offset: string | undefined): string | null {
  const millis = Date.parse(`${wall}Z`)
  // Date.parse takes 30 February for 2 March: only what comes back unchanged is a date.
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== wall) return null
  if (offset === undefined || offset === 'Z' || offset === 'z') return wall
  const sign = offset.startsWith('-') ? -1 : 1
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.replace(':', '').slice(3, 5) || '0')
  return new Date(millis - sign * minutes * 60_000).toISOString().slice(0, 19)
}

function eastern(wall: string, zone: Zone): string | null {
  try {
    const zoned = Temporal.PlainDateTime.from(wall, { overflow: 'reject' }).toZonedDateTime(zone, {
      disambiguation: 'earlier',
    })
    return new Date(zoned.epochMilliseconds).toISOString().slice(0, 19)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** The calendar day in `zone` of an instant, as YYYY-MM-DD. */
export function dayIn(zone: Zone, instant: Instant): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString()
}

export const fromMillis = (millis: number): Instant => `${new Date(millis).toISOString().slice(0, -1)}000Z` as Instant

/** Milliseconds since 1970, rounded down. */
export const toMillis = (instant: Instant): number => Date.parse(`${instant.slice(0, 23)}Z`)

export const minus = (instant: Instant, millis: number): Instant => fromMillis(toMillis(instant) - millis)

export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)
export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** The form that filters take: whole seconds, rounded down, `Z` rather than an offset [inferred from clients]. */
export const asFilter = (instant: Instant): string => `${instant.slice(0, 19)}Z`
