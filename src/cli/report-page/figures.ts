import type { Decimal } from './decimal.ts'

/*
 * Numbers, months and days as the page shows them. Intl formats a decimal number given as text digit by digit, so money
 * never becomes a float.
 */

/** The language of the page. */
export const LANGUAGE = 'en'

/** A title with the currency that its amounts are in; none: the warehouse has no amounts. */
export const titleIn = (title: string, currency: string): string => (currency === '' ? title : `${title}, ${currency}`)

/** What stands for a value that is not known. */
export const UNKNOWN = '–'

/** An exact decimal number, which Intl takes as text. */
const exactly = (value: Decimal): number => value as unknown as number

/** @param currency null or unusual: the number stands alone, or with the name as it is. */
export function money(value: Decimal | null, currency: string | null): string {
  if (value === null) return UNKNOWN
  if (currency !== null && /^[A-Z]{3}$/.test(currency))
    return new Intl.NumberFormat(LANGUAGE, { style: 'currency', currency }).format(exactly(value))
  const number = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  return `${number.format(exactly(value))}${currency === null ? '' : ` ${currency}`}`
}

const counts = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 })
export const count = (value: string | number | null): string =>
  value === null ? UNKNOWN : counts.format(exactly(String(value)))

const percents = new Intl.NumberFormat(LANGUAGE, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
/** @param value a fraction: 0.25 is 25 %. */
export const percent = (value: string | number | null): string =>
  value === null ? UNKNOWN : percents.format(exactly(String(value)))

const points = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
/** A difference of two fractions, in percentage points, without its sign. */
export const pointsOf = (difference: number): string => `${points.format(Math.abs(difference) * 100)} points`

/** A day, or the first day of a month, as a number that Intl's formats take. */
const utc = (day: string): number => Date.parse(`${day.slice(0, 10)}T00:00:00Z`)

const formatOfDays = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat(LANGUAGE, { ...options, timeZone: 'UTC' })
  return (day: string | null): string => (day === null || Number.isNaN(utc(day)) ? UNKNOWN : format.format(utc(day)))
}

/** `Nov 2026` of `2026-11-01`. */
export const shortMonth = formatOfDays({ month: 'short', year: 'numeric' })
/** `November 2026` of `2026-11-01`. */
export const longMonth = formatOfDays({ month: 'long', year: 'numeric' })
/** `November` of `2026-11-01`. */
export const monthName = formatOfDays({ month: 'long' })
/** `November 29, 2026` of `2026-11-29`. */
export const longDay = formatOfDays({ day: 'numeric', month: 'long', year: 'numeric' })
/** `Nov 29, 2026` of `2026-11-29`. */
export const mediumDay = formatOfDays({ day: 'numeric', month: 'short', year: 'numeric' })
/** `Nov 29` of `2026-11-29`. */
export const shortDay = formatOfDays({ day: 'numeric', month: 'short' })

/** A value as a chart draws it. The numbers that are read are not made from it. */
export const drawn = (value: string | null): number | null => (value === null ? null : Number(value))
