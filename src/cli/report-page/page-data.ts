import { ConfigError } from '../../common/errors.ts'
import type { Inspection } from '../../load/inspection.ts'
import { type Answer, day, type Months, type Row, type Source, ViewReader } from './source.ts'

/*
 * What the page reads, and from which view. The page computes no metric of its own: it adds up rows of one currency, and
 * compares months.
 */

const source = <C extends string>(of: Source<C>): Source<C> => of
const inMonths =
  (column: string) =>
  ({ from, to }: Months): string =>
    `v.${column} between ${day(from)} and ${day(to)}`

const SOURCES = {
  movements: source({
    view: 'mrr_movements_monthly',
    columns: [
      'month_start',
      'currency',
      'start_mrr',
      'new',
      'expansion',
      'contraction',
      'churn_active',
      'churn_passive',
      'churn_completed',
      'reactivation',
      'end_mrr',
      'nrr',
      'grr',
    ],
    where: inMonths('month_start'),
  }),
  current: source({
    view: 'mrr_current',
    columns: ['currency', 'mrr', 'subscriptions'],
    sums: ['mrr', 'subscriptions'],
  }),
  subscribers: source({
    view: 'subscribers_daily',
    columns: ['date_day', 'active_subscribers', 'new', 'reactivated', 'churned_active', 'churned_passive', 'completed'],
    where: ({ from, to }) => `v.date_day >= ${day(from)} and v.date_day < ${day(nextMonth(to))}`,
  }),
  churn: source({
    view: 'churn_monthly',
    columns: [
      'month_start',
      'subscribers_start',
      'new',
      'churned',
      'churned_active',
      'churned_passive',
      'completed',
      'churned_rate',
      'churned_active_rate',
      'churned_passive_rate',
      'completed_rate',
    ],
    where: inMonths('month_start'),
  }),
  cohorts: source({
    view: 'cohort_retention',
    columns: ['cohort_month', 'currency', 'months_since', 'is_complete', 'cohort_size', 'active', 'retention_rate'],
    where: inMonths('cohort_month'),
  }),
  revenue: source({
    view: 'revenue_monthly',
    columns: ['month_start', 'currency', 'order_type', 'orders', 'refunds', 'net_revenue'],
    where: inMonths('month_start'),
  }),
  payments: source({
    view: 'payment_attempts_monthly',
    columns: [
      'month_start',
      'currency',
      'attempted',
      'failed_first',
      'recovered',
      'lost',
      'open',
      'error_rate',
      'recovery_rate',
      'recovery_rate_closed',
      'is_in_window',
      'is_complete',
      'is_mature',
    ],
    where: inMonths('month_start'),
  }),
  upcoming: source({
    view: 'upcoming_charges',
    columns: ['scheduled_on', 'currency', 'items_gross', 'total', 'charges'],
    sums: ['items_gross', 'total'],
    counted: 'charges',
  }),
  products: source({
    view: 'product_performance_monthly',
    columns: ['currency', 'product_id', 'product_title', 'units', 'net_items'],
    sums: ['units', 'net_items'],
    chosenBy: ['month_start'],
    where: inMonths('month_start'),
  }),
  completeness: source({
    view: 'completeness',
    columns: ['stream', 'complete_from_on', 'complete_to_on', 'gaps', 'first_gap_from', 'last_gap_to', 'days_missing'],
  }),
  checks: source({ view: 'quality_checks', columns: ['name', 'severity', 'failing_rows', 'example', 'description'] }),
  definitions: source({
    view: 'metric_definitions',
    columns: ['name', 'view', 'column', 'definition', 'source', 'differs_from_recharge'],
  }),
} as const

type Sources = typeof SOURCES
type RowOf<S> = S extends Source<infer C> ? Row<C> : never
type AnswerOf<S> = S extends Source<infer C> ? Answer<C> : never

/** A row of one source. */
export type RowOfPage<K extends keyof Sources> = RowOf<Sources[K]>
/** The rows of every source. */
export type PageRows = { readonly [K in keyof Sources]: AnswerOf<Sources[K]> }

/** Up to when the data reaches. */
export interface AsOf {
  readonly day: string
  /** The first day of its month. */
  readonly month: string
}

export interface PageData {
  /** Null: nothing was synced yet, or the views are not there. */
  readonly asOf: AsOf | null
  readonly months: Months
  readonly rows: PageRows
}

/** Months that the page shows if the command line does not say which: a year, and the month that is not finished. */
const USUAL_MONTHS = 13
/** Charts with more months have no room for them. */
const MOST_MONTHS = 60

/** The month after, by its first day. */
export const nextMonth = (month: string): string => shifted(month, 1)

/** @param by number of months; negative: before. */
export function shifted(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  const months = year * 12 + number - 1 + by
  return `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}-01`
}

/** The months of a range, by their first days. */
export function monthsOf({ from, to }: Months): string[] {
  const months: string[] = []
  for (let month = from; month <= to; month = nextMonth(month)) months.push(month)
  return months
}

/** Which months the command line asks for, by their first days. */
export interface AskedMonths {
  readonly from: string | null
  readonly to: string | null
}

/** Reads all that the page shows. @param schema that of the views. */
export async function readPageData(
  destination: Pick<Inspection, 'query'>,
  schema: string,
  asked: AskedMonths,
): Promise<PageData> {
  const reader = await ViewReader.open(destination, schema)
  const any = { from: '', to: '' }
  const { rows } = await reader.read({ view: 'as_of', columns: ['as_of_on', 'month_start'] }, any)
  const [first] = rows
  const asOf = first?.as_of_on && first.month_start ? { day: first.as_of_on, month: first.month_start } : null
  const to = asked.to ?? asOf?.month ?? asked.from ?? '2000-01-01'
  const last = asOf !== null && to > asOf.month ? asOf.month : to
  const months = { from: asked.from ?? shifted(last, 1 - USUAL_MONTHS), to: last }
  const problem = rangeProblem(months, asOf)
  if (problem !== null) throw new ConfigError('the command line', [{ path: '--from', line: null, message: problem }])
  const answers: Partial<Record<keyof Sources, Answer<string>>> = {}
  for (const [name, of] of Object.entries(SOURCES) as [keyof Sources, Source<string>][])
    answers[name] = await reader.read(of, months)
  return { asOf, months, rows: answers as PageRows }
}

function rangeProblem({ from, to }: Months, asOf: AsOf | null): string | null {
  const reach = asOf === null ? '' : `; the data reaches ${asOf.day}`
  if (from > to) return `${from.slice(0, 7)} is after ${to.slice(0, 7)}${reach}`
  return shifted(from, MOST_MONTHS) <= to ? `the page has room for ${MOST_MONTHS} months; give a later one` : null
}
