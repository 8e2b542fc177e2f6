import { fromMillis, toMillis } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'

/** First instant of a month written as YYYY-MM. */
export const startOf = (month: string): Instant => fromMillis(Date.parse(`${month}-01T00:00:00Z`))

export function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return fromMillis(Date.UTC(year, number, 1)).slice(0, 7)
}

/** Every month from the first to the last, both included. */
export function monthsBetween(first: string, last: string): readonly string[] {
  const months: string[] = []
  for (let month = first; month <= last; month = nextMonth(month)) months.push(month)
  return months
}

/** The last second of a month, because times of the API are whole seconds. */
export const lastSecondOf = (month: string): Instant => fromMillis(toMillis(startOf(nextMonth(month))) - 1000)
