import { monthsOf, type PageData, type PageRows } from '../../src/cli/report-page/page-data.ts'

/** A name that a browser would run, if it stood in the page as it is. */
export const HOSTILE = `"><img src=x onerror="document.title='run'">'</title><script>document.title='run'</script>& Söhne`

const MONTHS = { from: '2025-11-01', to: '2026-11-01' }

/** An answer without rows for everything: a warehouse in which every view is there and empty. */
export function emptyRows(): PageRows {
  const none = { rows: [], missing: null, absent: null } as const
  return {
    movements: none,
    current: none,
    subscribers: none,
    churn: none,
    cohorts: none,
    revenue: none,
    payments: none,
    upcoming: none,
    products: none,
    completeness: none,
    checks: none,
    definitions: none,
  }
}

const rows = <R>(of: readonly R[]) => ({ rows: of, missing: null, absent: null }) as const

/** Rows of a made-up store, as the views give them. @param months shown, oldest first; the last one is not finished. */
export function pageData(currencies: readonly string[] = ['USD'], months = MONTHS, product = 'House Blend'): PageData {
  const list = monthsOf(months)
  const last = list.at(-1) ?? ''
  const perMonth = <R>(make: (month: string, i: number, isComplete: boolean, currency: string) => R): R[] =>
    currencies.flatMap(currency => list.map((month, i) => make(month, i, month !== last, currency)))
  const asOf = { day: `${last.slice(0, 8)}20`, month: last }
  return {
    asOf,
    months,
    rows: {
      ...emptyRows(),
      movements: rows(
        perMonth((month_start, i, _, currency) => ({
          month_start,
          currency,
          start_mrr: `${1000 + i * 100}.0000`,
          new: '180.0000',
          expansion: '20.5000',
          contraction: '-10.0000',
          churn_active: '-60.2500',
          churn_passive: '-30.2500',
          churn_completed: '-10.0000',
          reactivation: '10.0000',
          end_mrr: `${1100 + i * 100}.0000`,
          nrr: i === 0 ? null : '0.940000',
          grr: i === 0 ? null : '0.920000',
        })),
      ),
      current: rows(
        currencies.map((currency, i) => ({
          currency,
          mrr: `${1000 + list.length * 100}.0000`,
          subscriptions: String(200 - i),
        })),
      ),
      subscribers: rows(
        list.flatMap((month, i) =>
          Array.from({ length: month === last ? 20 : daysOf(month) }, (_, day) => ({
            date_day: `${month.slice(0, 8)}${String(day + 1).padStart(2, '0')}`,
            active_subscribers: String(100 + i * 10),
            new: day === 0 ? '20' : '0',
            reactivated: day === 0 ? '1' : '0',
            churned_active: day === 0 ? '7' : '0',
            churned_passive: day === 0 ? '3' : '0',
            completed: day === 0 ? '1' : '0',
          })),
        ),
      ),
      churn: rows(
        list.map((month_start, i) => ({
          month_start,
          subscribers_start: String(90 + i * 10),
          new: '20',
          churned: '11',
          churned_active: '7',
          churned_passive: '3',
          completed: '1',
          churned_rate: i === 0 ? null : '0.100000',
          churned_active_rate: i === 0 ? null : '0.070000',
          churned_passive_rate: i === 0 ? null : '0.020000',
          completed_rate: i === 0 ? null : '0.010000',
        })),
      ),
      cohorts: rows(
        perMonth((cohort_month, i, _, currency) =>
          list.slice(i).map((month, months_since) => ({
            cohort_month,
            currency,
            months_since: String(months_since),
            is_complete: String(month !== last),
            cohort_size: '20',
            active: String(20 - months_since),
            retention_rate: `${1 - months_since * 0.05}`,
          })),
        ).flat(),
      ),
      revenue: rows(
        perMonth((month_start, i, _, currency) =>
          ['checkout', 'recurring', null].map(order_type => ({
            month_start,
            currency,
            order_type,
            orders: '12',
            refunds: '5.0000',
            net_revenue: `${order_type === 'recurring' ? 900 + i * 50 : 200}.5000`,
          })),
        ).flat(),
      ),
      payments: rows(
        perMonth((month_start, i, isComplete, currency) => ({
          month_start,
          currency,
          attempted: '80',
          failed_first: '10',
          recovered: isComplete ? '7' : '4',
          lost: isComplete ? '3' : '1',
          open: isComplete ? '0' : '5',
          error_rate: '0.125000',
          recovery_rate: isComplete ? '0.700000' : '0.400000',
          recovery_rate_closed: '0.700000',
          is_in_window: String(i >= list.length - 4),
          is_complete: String(isComplete),
          is_mature: 'false',
        })),
      ),
      upcoming: rows(
        currencies.flatMap(currency =>
          [-3, 0, 5, 29, 30, 200].map(days => ({
            scheduled_on: new Date(Date.parse(`${asOf.day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10),
            currency,
            items_gross: '100.0000',
            total: '108.2500',
            charges: '4',
          })),
        ),
      ),
      products: rows(
        currencies.flatMap(currency =>
          [product, 'Decaf', 'Sampler'].map((product_title, i) => ({
            currency,
            product_id: String(i),
            product_title,
            units: '10',
            net_items: `${300 - i * 50}.0000`,
          })),
        ),
      ),
      completeness: rows(
        ['charges', 'orders', 'subscriptions'].map(stream => ({
          stream,
          complete_from_on: stream === 'charges' ? '2026-08-22' : '1970-01-01',
          complete_to_on: asOf.day,
          gaps: stream === 'charges' ? '1' : '0',
          first_gap_from: stream === 'charges' ? '2026-09-01 00:00:00+00' : null,
          last_gap_to: stream === 'charges' ? '2026-09-03 00:00:00+00' : null,
          days_missing: stream === 'charges' ? '3' : '0',
        })),
      ),
      checks: rows([
        {
          name: 'unknown status of charges',
          severity: 'error',
          failing_rows: '2',
          example: `sideways of ${product}`,
          description: 'The status is none that is known. The rows are in no metric.',
        },
        { name: 'orders without charges', severity: 'warning', failing_rows: '0', example: null, description: 'None.' },
      ]),
      definitions: rows(
        [
          ['MRR', 'mrr_movements_monthly', 'end_mrr'],
          ['Active subscribers', 'subscribers_daily', 'active_subscribers'],
          ['Net revenue', 'revenue_daily', 'net_revenue'],
          ['Payment recovery rate', 'payment_attempts_monthly', 'recovery_rate'],
        ].map(([name = '', view = '', column = '']) => ({
          name,
          view,
          column,
          definition: `What ${name} counts, of ${product}.`,
          source: 'Recharge, as described in its help centre.',
          differs_from_recharge: name === 'MRR' ? 'It has no MRR.' : null,
        })),
      ),
    },
  }
}

const daysOf = (month: string): number => {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 0)).getUTCDate()
}
