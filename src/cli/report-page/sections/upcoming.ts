import type { AnyCard } from '../card.ts'
import { type Decimal, sumOf } from '../decimal.ts'
import { count, drawn, longDay, money, shortDay, titleIn } from '../figures.ts'
import type { PageData } from '../page-data.ts'
import type { Period } from '../period.ts'
import { NARROW, type SeriesPoint, stackedBars } from '../specs.ts'

const DAY = 86_400_000
const WEEKS = 8

interface Week {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Items before discounts, tax and shipping. */
  readonly items: Decimal | null
  /** What will be billed. */
  readonly total: Decimal | null
  readonly charges: number
}

const plus = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10)

/** Charges that are queued from one day to another, both included. */
export function queuedBetween({ rows: { upcoming } }: PageData, currency: string, from: string, to: string) {
  const rows = upcoming.rows.filter(row => {
    const day = row.scheduled_on ?? ''
    return row.currency === currency && day >= from && day <= to
  })
  return {
    items: sumOf(rows.map(row => row.items_gross)),
    total: sumOf(rows.map(row => row.total)),
    charges: rows.reduce((sum, row) => sum + Number(row.charges), 0),
  }
}

/** The next 30 days, beginning with the day that the data reaches. */
export const nextThirtyDays = (data: PageData, period: Period, currency: string) =>
  queuedBetween(data, currency, period.asOf.day, plus(period.asOf.day, 29))

export function upcomingCard(data: PageData, period: Period, currency: string, key: string): AnyCard {
  const { upcoming } = data.rows
  const id = `upcoming-${key}`
  const title = titleIn('Upcoming revenue of queued charges, by week', currency)
  const metrics = [['upcoming_charges', 'items_gross']] as const
  const { day: today } = period.asOf
  if (!upcoming.rows.some(row => row.currency === currency))
    return { id, title, metrics, missing: upcoming.missing ?? `No charge is queued.` }
  const weeks: Week[] = Array.from({ length: WEEKS }, (_, i) => {
    const from = plus(today, i * 7)
    const to = plus(from, 6)
    return { name: shortDay(from), from, to, ...queuedBetween(data, currency, from, to) }
  })
  const overdue = queuedBetween(data, currency, '', plus(today, -1))
  const later = queuedBetween(data, currency, plus(today, WEEKS * 7), '9999-12-31')
  const month = nextThirtyDays(data, period, currency)
  const points: SeriesPoint[] = weeks
    .filter(({ items }) => items !== null)
    .map(({ name, from, to, items, charges }) => ({
      at: name,
      value: drawn(items) ?? 0,
      label: `${money(items, currency)} from ${count(charges)} charges, ${longDay(from)} to ${longDay(to)}`,
      open: false,
      series: 'reactivation',
    }))
  const row = (name: string, { items, total, charges }: Pick<Week, 'items' | 'total' | 'charges'>): string[] => [
    name,
    count(charges),
    money(items ?? '0', currency),
    money(total ?? '0', currency),
  ]
  return {
    id,
    title,
    says: `${money(month.items ?? '0', currency)} of items in ${count(month.charges)} charges in the 30 days from ${longDay(today)}. With discounts, tax and shipping ${money(month.total ?? '0', currency)} will be billed, if nothing is skipped, fails or is cancelled.`,
    notes: [
      ...(overdue.charges > 0
        ? [
            `${count(overdue.charges)} more charges, ${money(overdue.items, currency)}, were due earlier and are still queued.`,
          ]
        : []),
      ...(period.isCurrent ? [] : ['What is queued is always as of the newest sync.']),
    ],
    narrow: stackedBars({ positions: weeks.map(({ name }) => name), points, kind: 'amount', width: NARROW }, [
      'reactivation',
    ]),
    wide: null,
    legend: [],
    table: {
      head: ['Week from', 'Charges', 'Items', 'To be billed'],
      rows: [
        ...(overdue.charges > 0 ? [row('Earlier', overdue)] : []),
        ...weeks.map(week => row(week.name, week)),
        ...(later.charges > 0 ? [row('Later', later)] : []),
      ],
    },
    metrics,
  }
}
