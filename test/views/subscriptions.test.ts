import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { withFixture } from '../support/views.ts'

const VIEWS = [
  'dates',
  'subscription_periods',
  'subscriptions_current',
  'subscription_changes',
  'subscribers_daily',
  'churn_monthly',
  'mrr_changes',
  'mrr_monthly',
  'mrr_movements_monthly',
  'mrr_current',
  'cohort_retention',
].map(viewNamed)

type Sql = (statement: string) => Promise<Record<string, unknown>[]>

/** The rows as texts, each a line with its values. */
async function lines(sql: Sql, columns: readonly string[], from: string): Promise<string[]> {
  const rows = await sql(
    `select ${columns.map(column => `coalesce(cast(v."${column}" as text), '-') as "${column}"`).join(', ')} from ${from}`,
  )
  return rows.map(row => columns.map(column => String(row[column])).join(' '))
}

async function problems(sql: Sql): Promise<string[]> {
  const found: string[] = []
  for (const view of VIEWS) found.push(...(await problemsOf(sql, view)))
  return found
}

describe.each(DESTINATIONS)('$name', place => {
  test('the fixture gives the revenue, churn and cohorts that its story says', () =>
    withFixture(place, async sql => {
      expect(await problems(sql)).toEqual([])
      expect(
        await lines(
          sql,
          [
            'month_start',
            'start_mrr',
            'new',
            'expansion',
            'contraction',
            'churn_active',
            'churn_passive',
            'reactivation',
            'end_mrr',
            'customers_end',
            'is_complete',
          ],
          'recharge_analytics.mrr_movements_monthly as v order by v.month_start',
        ),
      ).toEqual([
        '2025-01-01 0.0000 199.9360 0.0000 0.0000 0.0000 0.0000 0.0000 199.9360 6 true',
        '2025-02-01 199.9360 0.0000 0.0000 0.0000 -20.0000 0.0000 0.0000 179.9360 5 true',
        '2025-03-01 179.9360 0.0000 5.0000 0.0000 0.0000 -30.0000 10.0000 164.9360 5 true',
        '2025-04-01 164.9360 0.0000 0.0000 0.0000 0.0000 0.0000 0.0000 164.9360 5 false',
      ])
      expect(
        await lines(
          sql,
          [
            'month_start',
            'subscribers_start',
            'new',
            'reactivated',
            'churned_active',
            'churned_passive',
            'subscribers_end',
            'churned_rate',
          ],
          'recharge_analytics.churn_monthly as v order by v.month_start',
        ),
      ).toEqual([
        '2025-01-01 0 6 0 0 0 6 -',
        '2025-02-01 6 0 0 1 0 5 0.166667',
        '2025-03-01 5 0 1 0 1 5 0.200000',
        '2025-04-01 5 0 0 0 0 5 0.000000',
      ])
      expect(
        await lines(
          sql,
          ['cohort_month', 'months_since', 'cohort_size', 'active', 'mrr', 'is_complete'],
          'recharge_analytics.cohort_retention as v order by v.months_since',
        ),
      ).toEqual([
        '2025-01-01 0 6 6 199.9360 true',
        '2025-01-01 1 6 5 179.9360 true',
        '2025-01-01 2 6 5 164.9360 true',
        '2025-01-01 3 6 5 164.9360 false',
      ])
      expect(
        await lines(
          sql,
          ['subscription_id', 'changed_on', 'kind', 'old_value', 'new_value', 'mrr_change'],
          `recharge_analytics.subscription_changes as v where v.kind <> 'date' order by v.subscription_id`,
        ),
      ).toEqual([
        '3001 2025-03-10 price 25.000000 30.000000 5.0000',
        '3005 2025-03-30 status active cancelled -30.0000',
        '3007 2025-03-25 swap 6600000000001 6600000000101 Green Tea 250 g 6600000000002 6600000000102 House Blend 1 kg 0.0000',
      ])
    }))
})
