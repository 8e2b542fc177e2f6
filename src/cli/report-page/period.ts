import { longDay, shortMonth } from './figures.ts'
import { type AsOf, monthsOf, nextMonth, shifted } from './page-data.ts'
import type { Months } from './source.ts'

/** The months of the page, and which of them are finished. */
export class Period {
  readonly asOf: AsOf
  /** First days of the months, oldest first. */
  readonly list: readonly string[]

  constructor(asOf: AsOf, months: Months) {
    this.asOf = asOf
    this.list = monthsOf(months)
  }

  /** The last month that the page shows and that is finished. */
  get lastFull(): string | null {
    return this.list.findLast(month => !this.isOpen(month)) ?? null
  }

  /** Whether the page reaches to where the data does, so that the newest values are those of today. */
  get isCurrent(): boolean {
    return this.list.at(-1) === this.asOf.month
  }

  isOpen(month: string): boolean {
    return month >= this.asOf.month
  }

  /** `Nov 2026`, with a star if it is not finished. */
  label(month: string): string {
    return `${shortMonth(month)}${this.isOpen(month) ? '*' : ''}`
  }

  get labels(): string[] {
    return this.list.map(month => this.label(month))
  }

  /** The last day of a month that the data reaches. */
  lastDay(month: string): string {
    if (this.isOpen(month)) return this.asOf.day
    return new Date(Date.parse(`${nextMonth(month)}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
  }

  /** What the star says; none if every month of the page is finished. */
  get openNote(): string[] {
    return this.isCurrent ? [`* Not finished: until ${longDay(this.asOf.day)}.`] : []
  }

  before(month: string): string {
    return shifted(month, -1)
  }
}
