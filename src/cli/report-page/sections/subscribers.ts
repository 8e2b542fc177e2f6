import type { AnyCard } from '../card.ts'
import { count, drawn, longDay, longMonth, percent, shortDay } from '../figures.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import type { Series } from '../palette.ts'
import type { Period } from '../period.ts'
import { lines, NARROW, type SeriesPoint, stackedBars } from '../specs.ts'

type Day = RowOfPage<'subscribers'>

/** With fewer months than this each day is drawn. */
const FEW_MONTHS = 4

const FLOWS = [
  ['new', 'New'],
  ['reactivated', 'Reactivated'],
  ['churned_active', 'Cancelled'],
  ['churned_passive', 'Payment failed'],
  ['completed', 'Completed'],
] as const satisfies readonly (readonly [keyof Day, string])[]

const KINDS = [
  ['churned_active_rate', 'active', 'Cancelled (active)', 'churned_active'],
  ['churned_passive_rate', 'passive', 'Payment failed (passive)', 'churned_passive'],
  ['completed_rate', 'completed', 'Completed', 'completed'],
] as const satisfies readonly (readonly [keyof RowOfPage<'churn'>, Series, string, keyof RowOfPage<'churn'>])[]

export const subscriberCards = (data: PageData, period: Period): AnyCard[] => [
  activeCard(data, period),
  churnCard(data, period),
]

function activeCard({ rows: { subscribers } }: PageData, period: Period): AnyCard {
  const id = 'active-subscribers'
  const title = 'Active subscribers'
  const metrics = [['subscribers_daily', 'active_subscribers']] as const
  const days = subscribers.rows
  if (days.length === 0)
    return { id, title, metrics, missing: subscribers.missing ?? 'Nobody had a subscription in these months.' }
  const isDaily = period.list.length < FEW_MONTHS
  const byDay = new Map(days.map(row => [row.date_day ?? '', row]))
  const ends = isDaily
    ? days.map(row => ({ row, label: shortDay(row.date_day), month: '' }))
    : period.list.flatMap(month => {
        const row = byDay.get(period.lastDay(month))
        return row ? [{ row, label: period.label(month), month }] : []
      })
  const points: SeriesPoint[] = ends.map(({ row, label }) => ({
    at: label,
    value: drawn(row.active_subscribers),
    label: `${count(row.active_subscribers)} on ${longDay(row.date_day)}`,
    open: label.endsWith('*'),
    series: 'new',
  }))
  const newest = days.at(-1)
  const last = points.at(-1)
  const flowsOf = (of: readonly Day[]): string[] =>
    FLOWS.map(([column]) => count(of.reduce((sum, row) => sum + Number(row[column] ?? 0), 0)))
  return {
    id,
    title,
    says: `${count(newest?.active_subscribers ?? null)} customers had an active subscription on ${longDay(newest?.date_day ?? null)}.`,
    notes: isDaily ? [] : period.openNote,
    narrow: lines({ positions: points.map(({ at }) => at), points, kind: 'count', width: NARROW }, ['new'], {
      zero: true,
      last: last ? [{ ...last, label: count(newest?.active_subscribers ?? null) }] : [],
    }),
    wide: null,
    legend: [],
    table: {
      head: [isDaily ? 'Day' : 'Month', 'Active at its end', ...FLOWS.map(([, name]) => name)],
      rows: ends.map(({ row, label, month }) => [
        label,
        count(row.active_subscribers),
        ...flowsOf(isDaily ? [row] : days.filter(({ date_day }) => date_day?.startsWith(month.slice(0, 7)))),
      ]),
    },
    metrics,
  }
}

function churnCard({ rows: { churn } }: PageData, period: Period): AnyCard {
  const id = 'churn'
  const title = 'Subscribers lost each month, by kind'
  const metrics = [
    ['churn_monthly', 'churned_rate'],
    ['churn_monthly', 'churned_passive'],
  ] as const
  const rows = churn.rows.filter(
    ({ month_start, subscribers_start }) => period.list.includes(month_start ?? '') && subscribers_start !== null,
  )
  if (rows.length === 0)
    return { id, title, metrics, missing: churn.missing ?? 'There was no month that began with a subscriber.' }
  const points: SeriesPoint[] = rows.flatMap(row =>
    KINDS.flatMap(([rate, series, name, lost]) =>
      row[rate] === null || Number(row[rate]) === 0
        ? []
        : [
            {
              at: period.label(row.month_start ?? ''),
              value: drawn(row[rate]),
              label: `${name}: ${count(row[lost])} of ${count(row.subscribers_start)}, ${percent(row[rate])}, in ${longMonth(row.month_start)}`,
              open: period.isOpen(row.month_start ?? ''),
              series,
            },
          ],
    ),
  )
  const used = KINDS.filter(([, , , lost]) => rows.some(row => Number(row[lost] ?? 0) > 0))
  const full = rows.findLast(({ month_start }) => !period.isOpen(month_start ?? '')) ?? rows.at(-1)
  return {
    id,
    title,
    says: full
      ? `${longMonth(full.month_start)}: ${percent(full.churned_rate)} of the ${count(full.subscribers_start)} at its start. ${count(full.churned_active)} cancelled, ${count(full.churned_passive)} were lost because payment failed, ${count(full.completed)} had all their charges.`
      : '',
    notes: period.openNote,
    narrow: stackedBars(
      {
        positions: rows.map(({ month_start }) => period.label(month_start ?? '')),
        points,
        kind: 'ratio',
        width: NARROW,
      },
      KINDS.map(([, series]) => series),
    ),
    wide: null,
    legend: used.map(([, series, name]) => [series, name] as const),
    table: {
      head: ['Month', 'At its start', ...KINDS.map(([, , name]) => name), 'Rate'],
      rows: rows.map(row => [
        period.label(row.month_start ?? ''),
        count(row.subscribers_start),
        ...KINDS.map(([, , , lost]) => count(row[lost])),
        percent(row.churned_rate),
      ]),
    },
    metrics,
  }
}
