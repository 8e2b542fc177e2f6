import type { AnyCard } from '../card.ts'
import { type Decimal, signOf, sumOf } from '../decimal.ts'
import { count, drawn, longMonth, money, monthName, titleIn } from '../figures.ts'
import type { PageData } from '../page-data.ts'
import type { Series } from '../palette.ts'
import type { Period } from '../period.ts'
import { NARROW, type SeriesPoint, stackedBars } from '../specs.ts'

/** Types of orders and their colours. Others follow, in grey. */
const TYPES: readonly (readonly [string, Series, string])[] = [
  ['recurring', 'new', 'Recurring orders'],
  ['checkout', 'contraction', 'Checkout orders'],
]
const OTHER: readonly [Series, string] = ['completed', 'Other orders']

/** Net revenue of a currency in a month, over all types of orders; null: nothing is known of it. */
export const netRevenueOf = ({ rows: { revenue } }: PageData, currency: string, month: string): Decimal | null =>
  sumOf(revenue.rows.filter(row => row.currency === currency && row.month_start === month).map(row => row.net_revenue))

export function revenueCard(data: PageData, period: Period, currency: string, key: string): AnyCard {
  const { revenue } = data.rows
  const id = `revenue-${key}`
  const title = titleIn('Net revenue by type of order', currency)
  const metrics = [['revenue_daily', 'net_revenue']] as const
  const rows = revenue.rows.filter(row => row.currency === currency && period.list.includes(row.month_start ?? ''))
  if (rows.length === 0)
    return { id, title, metrics, missing: revenue.missing ?? `No order was processed in these months.` }
  const months = period.list.slice(period.list.indexOf(rows.map(row => row.month_start ?? '').sort()[0] ?? ''))
  const groups = [
    ...TYPES.map(([type, series, name]) => ({ series, name, has: (of: string | null) => of === type })),
    { series: OTHER[0], name: OTHER[1], has: (of: string | null) => !TYPES.some(([type]) => type === of) },
  ].filter(({ has }) => rows.some(row => has(row.order_type)))
  const inMonth = (month: string) => rows.filter(row => row.month_start === month)
  const sums = (month: string) =>
    groups.map(({ has }) =>
      sumOf(
        inMonth(month)
          .filter(row => has(row.order_type))
          .map(row => row.net_revenue),
      ),
    )
  const points: SeriesPoint[] = months.flatMap(month =>
    sums(month).flatMap((value, i) => {
      const group = groups[i]
      return value === null || group === undefined || signOf(value) === 0
        ? []
        : [
            {
              at: period.label(month),
              value: drawn(value),
              label: `${group.name}: ${money(value, currency)} in ${longMonth(month)}`,
              open: period.isOpen(month),
              series: group.series,
            },
          ]
    }),
  )
  const full = months.findLast(month => !period.isOpen(month)) ?? months.at(-1) ?? ''
  const orders = inMonth(full).reduce((sum, row) => sum + Number(row.orders ?? 0), 0)
  const refunds = sumOf(inMonth(full).map(row => row.refunds))
  return {
    id,
    title,
    says: `${monthName(full)}: ${money(netRevenueOf(data, currency, full), currency)} from ${count(orders)} orders, after ${money(refunds, currency)} of refunds.`,
    notes: period.openNote,
    narrow: stackedBars(
      { positions: months.map(month => period.label(month)), points, kind: 'amount', width: NARROW },
      groups.map(({ series }) => series),
    ),
    wide: null,
    legend: groups.map(({ series, name }) => [series, name] as const),
    table: {
      head: ['Month', ...groups.map(({ name }) => name), 'Net revenue', 'Refunds', 'Orders'],
      rows: months.map(month => [
        period.label(month),
        ...sums(month).map(value => money(value, currency)),
        money(netRevenueOf(data, currency, month), currency),
        money(sumOf(inMonth(month).map(row => row.refunds)), currency),
        count(inMonth(month).reduce((sum, row) => sum + Number(row.orders ?? 0), 0)),
      ]),
    },
    metrics,
  }
}
