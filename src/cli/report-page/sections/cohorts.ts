import type { AnyCard } from '../card.ts'
import { count, percent, shortMonth, titleIn } from '../figures.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import { HEAT_STEPS } from '../palette.ts'
import type { Period } from '../period.ts'
import { type HeatCell, heatMap, NARROW, WIDE } from '../specs.ts'

/** Cohorts, and months of each, that the map has room for on a phone. */
const MOST = 13

/** The steps lie between the lowest rate and 1, so that cohorts differ where all are high. */
const stepOf = (rate: number, lowest: number): number =>
  lowest >= 1 ? HEAT_STEPS - 1 : Math.min(HEAT_STEPS - 1, Math.floor(((rate - lowest) / (1 - lowest)) * HEAT_STEPS))

export function cohortCard({ rows: { cohorts } }: PageData, period: Period, currency: string, key: string): AnyCard {
  const id = `cohorts-${key}`
  const title = titleIn('Customers who stayed, by the month of their first subscription', currency)
  const metrics = [['cohort_retention', 'retention_rate']] as const
  const byCohort = new Map<string, Map<number, RowOfPage<'cohorts'>>>()
  for (const row of cohorts.rows) {
    if (row.currency !== currency) continue
    const cells = byCohort.get(row.cohort_month ?? '') ?? new Map<number, RowOfPage<'cohorts'>>()
    byCohort.set(row.cohort_month ?? '', cells.set(Number(row.months_since), row))
  }
  const shown = [...byCohort.keys()].sort().slice(-MOST)
  if (shown.length === 0)
    return {
      id,
      title,
      metrics,
      missing: cohorts.missing ?? `Nobody began a subscription in these months.`,
    }
  const sizeOf = (cohort: string): string | null => [...(byCohort.get(cohort)?.values() ?? [])][0]?.cohort_size ?? null
  const highest = Math.max(...shown.flatMap(cohort => [...(byCohort.get(cohort)?.keys() ?? [])]))
  const columns = Array.from({ length: Math.min(highest + 1, MOST) }, (_, month) => month)
  const rateAt = (cohort: string, month: number): string | null =>
    byCohort.get(cohort)?.get(month)?.retention_rate ?? null
  const known = shown.flatMap(cohort =>
    columns.flatMap(month => {
      const rate = rateAt(cohort, month)
      return rate === null ? [] : [{ cohort, month, rate }]
    }),
  )
  const lowest = Math.min(...known.map(({ rate }) => Number(rate)))
  const map = (width: number) => {
    // A phone has no room for the number of customers, nor for month 0, in which everybody is there.
    const shownMonths = width === NARROW && columns.length > 1 ? columns.slice(1) : columns
    const nameOf = (cohort: string): string =>
      width === NARROW ? shortMonth(cohort) : `${shortMonth(cohort)} · ${count(sizeOf(cohort))}`
    const cells = known
      .filter(({ month }) => shownMonths.includes(month))
      .map(
        ({ cohort, month, rate }): HeatCell => ({
          row: nameOf(cohort),
          column: String(month),
          step: stepOf(Number(rate), lowest),
          text: String(Math.round(Number(rate) * 100)),
          label:
            width === NARROW
              ? ''
              : `${percent(rate)} of the ${count(sizeOf(cohort))} of ${shortMonth(cohort)} after ${month} ${month === 1 ? 'month' : 'months'}`,
        }),
      )
    const names = shown.map(nameOf).filter(name => cells.some(({ row }) => row === name))
    return heatMap(names, shownMonths.map(String), cells, width)
  }
  const left = byCohort.size - shown.length
  return {
    id,
    title,
    says: 'Each row is the customers who began in one month. Its cells say how many of 100 of them had an active subscription so many months later.',
    notes: [
      ...(left > 0 ? [`The newest ${MOST} cohorts are shown, of ${byCohort.size}.`] : []),
      ...(period.isCurrent ? ['The last cell of each row is of a month that is not finished.'] : []),
    ],
    narrow: map(NARROW),
    wide: map(WIDE),
    legend: [],
    table: {
      head: ['Cohort', 'Customers', ...columns.map(month => `Month ${month}`)],
      rows: shown.map(cohort => [
        shortMonth(cohort),
        count(sizeOf(cohort)),
        ...columns.map(month => {
          const rate = rateAt(cohort, month)
          return rate === null ? '' : percent(rate)
        }),
      ]),
    },
    metrics,
  }
}
