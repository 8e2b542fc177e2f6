import { describe, expect, test } from 'vitest'
import { STREAMS, wantedViews } from '../../src/cli/app.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { plantExhausted, plantOrder, plantSubscription } from '../support/planted-subscriptions.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { makeViews, withFixture } from '../support/views.ts'

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
  'cohort_revenue',
  'customers_360',
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
      expect(await sql('select cast(as_of_on as text) as day from recharge_analytics.as_of')).toEqual([
        { day: '2025-04-01' },
      ])
      expect(await sql('select cast(count(*) as int) as n from recharge_analytics.subscriptions__history')).toEqual([
        { n: 10 },
      ])
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

  test('the fixture gives the revenue of cohorts and the customers that its story says', () =>
    withFixture(place, async sql => {
      expect(
        await lines(
          sql,
          ['cohort_month', 'months_since', 'cohort_size', 'orders', 'net_revenue', 'ltv_to_date'],
          'recharge_analytics.cohort_revenue as v order by v.cohort_month, v.months_since',
        ),
      ).toEqual([
        '2025-01-01 0 6 7 223.0000 37.1667',
        '2025-01-01 1 6 4 137.1600 60.0267',
        '2025-01-01 2 6 4 108.4000 78.0933',
        '2025-01-01 3 6 0 0.0000 78.0933',
        '2025-02-01 0 1 1 0.0000 0.0000',
        '2025-02-01 1 1 0 0.0000 0.0000',
        '2025-02-01 2 1 0 0.0000 0.0000',
      ])
      expect(
        await lines(
          sql,
          [
            'customer_id',
            'subscriber_state',
            'orders',
            'net_revenue',
            'mrr',
            'active_subscriptions_difference',
            'is_main_currency',
          ],
          'recharge_analytics.customers_360 as v order by v.customer_id',
        ),
      ).toEqual([
        '1001 active 3 93.5600 30.0000 0 true',
        '1002 active 4 112.0000 54.3527 0 true',
        '1003 active 3 90.0000 30.0000 0 true',
        '1004 active 2 90.0000 40.5833 0 true',
        '1005 churned 1 35.0000 0.0000 0 true',
        '1006 active 2 48.0000 10.0000 0 true',
        '1007 never 1 0.0000 0.0000 0 true',
      ])
    }))

  test('cases that the fixture does not have count as the definitions say', () =>
    withFixture(place, async (_sql, destination) => {
      await withQuery(destination, async sql => {
        const plant = (id: number, planted: Parameters<typeof plantSubscription>[2]) =>
          plantSubscription(sql, id, planted)
        await sql('delete from recharge.subscriptions')
        await sql('delete from recharge.subscriptions__history')
        const still = { created: '2025-01-05T15:00:00', updated: '2025-01-05T15:00:00', price: 10 }
        // In no metric: not a subscription, an unknown state, an excluded product, a deleted record.
        await plant(1, { ...still, customer: 1, status: 'onetime' })
        await plant(2, { ...still, customer: 1, status: 'paused' })
        await plant(3, { ...still, customer: 1, sku: 'GIFT' })
        await plant(4, { ...still, customer: 1, deleted: '2025-03-01T00:00:00' })
        // Expired without a time of cancellation.
        await plant(10, { ...still, customer: 10, status: 'expired', updated: '2025-02-10T15:00:00' })
        // There and gone on one day.
        await plant(11, {
          ...still,
          customer: 11,
          created: '2025-02-03T15:00:00',
          status: 'cancelled',
          cancelled: '2025-02-03T20:00:00',
        })
        // The same subscription again.
        await plant(12, {
          ...still,
          customer: 12,
          versions: [
            { from: '2025-01-05T15:00:00' },
            { from: '2025-02-20T15:00:00', status: 'cancelled', cancelled: '2025-02-20T15:00:00' },
            { from: '2025-03-05T15:00:00' },
          ],
        })
        // Another price in orders before the oldest version, one that failed, and one in another currency.
        await plant(13, {
          ...still,
          customer: 13,
          price: 20,
          updated: '2025-03-01T15:00:00',
          versions: [{ from: '2025-03-01T15:00:00' }],
        })
        await plantOrder(sql, 131, { subscription: 13, at: '2025-01-05T15:01:00', price: 15 })
        await plantOrder(sql, 132, { subscription: 13, at: '2025-02-05T15:01:00', price: 16 })
        await plantOrder(sql, 133, { subscription: 13, at: '2025-02-06T15:01:00', price: 99, status: 'error' })
        await plantOrder(sql, 134, { subscription: 13, at: '2025-02-07T15:01:00', price: 98, currency: 'EUR' })
        // Another currency, an old spelling of the unit, a price on the edge of rounding.
        await plant(14, { ...still, customer: 14, currency: 'EUR' })
        await plant(15, { ...still, customer: 15, price: 30, unit: 'Days', every: 30 })
        await plant(16, { ...still, customer: 16, price: 0.22, unit: 'day', every: 25 })
        // Charges without attempts left: two ended three days and two weeks after it, one goes on.
        await plant(17, {
          ...still,
          customer: 17,
          status: 'cancelled',
          cancelled: '2025-03-15T15:00:00',
          reason: 'Other',
        })
        await plantExhausted(sql, 171, { subscription: 17, at: '2025-03-12T15:00:00' })
        await plant(18, {
          ...still,
          customer: 18,
          status: 'cancelled',
          cancelled: '2025-03-15T15:00:00',
          reason: 'Too expensive',
        })
        await plantExhausted(sql, 181, { subscription: 18, at: '2025-03-01T15:00:00' })
        await plant(19, { ...still, customer: 19 })
        await plantOrder(sql, 191, { subscription: 19, at: '2025-02-05T15:00:00', price: 10 })
        await plantExhausted(sql, 192, { subscription: 19, at: '2025-03-05T15:00:00' })
        await plant(20, { ...still, customer: 20 })
        await plantExhausted(sql, 201, { subscription: 20, at: '2025-02-05T15:00:00' })
        await plantOrder(sql, 202, { subscription: 20, at: '2025-03-05T15:00:00', price: 10 })
        // A prepaid charge whose later shipments have the price 0.
        await plant(21, { ...still, customer: 21, price: 90, every: 3, updated: '2025-03-20T15:00:00' })
        for (const [i, at] of ['2025-01-05T15:01:00', '2025-02-05T15:01:00', '2025-03-05T15:01:00'].entries())
          await plantOrder(sql, 211 + i, { subscription: 21, at, price: i === 0 ? 90 : 0, charge: 2100 })
        // Cancelled long before the version that says so.
        await plant(22, {
          ...still,
          customer: 22,
          status: 'cancelled',
          cancelled: '2025-02-14T15:00:00',
          versions: [
            { from: '2025-01-05T15:00:00' },
            { from: '2025-03-25T15:00:00', status: 'cancelled', cancelled: '2025-02-14T15:00:00' },
          ],
        })
        // The last evening of January in New York.
        await plant(23, { ...still, customer: 23, created: '2025-02-01T03:00:00' })
        // Two subscriptions of which one ends; and one that ends on the day on which the next begins.
        await plant(24, { ...still, customer: 24 })
        await plant(25, { ...still, customer: 24, status: 'cancelled', cancelled: '2025-02-10T15:00:00' })
        await plant(26, { ...still, customer: 26, status: 'cancelled', cancelled: '2025-02-12T15:00:00' })
        await plant(27, { ...still, customer: 26, created: '2025-02-12T18:00:00' })
        // A later shipment whose first order is not known, an end that only max_retries_reached explains, and two ends on one day.
        await plant(28, { ...still, customer: 28, price: 90, every: 3, updated: '2025-03-20T15:00:00' })
        await plantOrder(sql, 281, { subscription: 28, at: '2025-02-05T15:01:00', price: 0, prepaid: true })
        await plant(29, {
          ...still,
          customer: 29,
          status: 'cancelled',
          cancelled: '2025-03-18T15:00:00',
          reason: 'Other',
          maxRetries: true,
        })
        await plant(30, {
          ...still,
          customer: 30,
          status: 'cancelled',
          cancelled: '2025-03-19T15:00:00',
          reason: 'Too expensive',
        })
        await plant(31, {
          ...still,
          customer: 30,
          status: 'cancelled',
          cancelled: '2025-03-19T12:00:00',
          reason: 'Failed Payments',
        })
        // One price in all orders, and another in the row; and a customer who left in the month in which she came.
        await plant(33, { ...still, customer: 33, price: 20, updated: '2025-03-01T15:00:00' })
        await plantOrder(sql, 331, { subscription: 33, at: '2025-01-05T15:01:00', price: 15 })
        await plant(34, {
          ...still,
          customer: 34,
          status: 'cancelled',
          cancelled: '2025-01-20T15:00:00',
          reason: 'Other',
        })
        // A row that changed after its last version, as if the history had been turned off.
        await plant(32, {
          ...still,
          customer: 32,
          price: 12,
          updated: '2025-02-10T15:00:00',
          versions: [{ from: '2025-01-05T15:00:00', price: 10 }],
        })
      })
      await makeViews(
        destination,
        wantedViews(
          {
            history: ['subscriptions'],
            analytics: { ...DEFAULT_ANALYTICS, excludedSkus: ['GIFT'] },
            materialize: { add: [], except: ['subscription_periods', 'subscriptions_current', 'subscription_changes'] },
          },
          STREAMS,
        ),
      )
      await withQuery(destination, async sql => {
        expect(await problems(sql)).toEqual([])
        expect(
          await lines(
            sql,
            ['customer_id', 'month_start', 'currency', 'mrr', 'movement'],
            `recharge_analytics.mrr_changes as v order by v.customer_id, v.month_start`,
          ),
        ).toEqual([
          '10 2025-01-01 USD 10.0000 new',
          '10 2025-02-01 USD 0.0000 churn_completed',
          '12 2025-01-01 USD 10.0000 new',
          '12 2025-02-01 USD 0.0000 churn_active',
          '12 2025-03-01 USD 10.0000 reactivation',
          '13 2025-01-01 USD 15.0000 new',
          '13 2025-02-01 USD 16.0000 expansion',
          '13 2025-03-01 USD 20.0000 expansion',
          '14 2025-01-01 EUR 10.0000 new',
          '15 2025-01-01 USD 30.4375 new',
          '16 2025-01-01 USD 0.2679 new',
          '17 2025-01-01 USD 10.0000 new',
          '17 2025-03-01 USD 0.0000 churn_passive',
          '18 2025-01-01 USD 10.0000 new',
          '18 2025-03-01 USD 0.0000 churn_active',
          '19 2025-01-01 USD 10.0000 new',
          '20 2025-01-01 USD 10.0000 new',
          '21 2025-01-01 USD 30.0000 new',
          '22 2025-01-01 USD 10.0000 new',
          '22 2025-02-01 USD 0.0000 churn_active',
          '23 2025-01-01 USD 10.0000 new',
          '24 2025-01-01 USD 20.0000 new',
          '24 2025-02-01 USD 10.0000 contraction',
          '26 2025-01-01 USD 10.0000 new',
          '28 2025-01-01 USD 30.0000 new',
          '29 2025-01-01 USD 10.0000 new',
          '29 2025-03-01 USD 0.0000 churn_passive',
          '30 2025-01-01 USD 20.0000 new',
          '30 2025-03-01 USD 0.0000 churn_active',
          '32 2025-01-01 USD 10.0000 new',
          '32 2025-02-01 USD 12.0000 expansion',
          '33 2025-01-01 USD 15.0000 new',
          '33 2025-03-01 USD 20.0000 expansion',
        ])
        expect(
          await lines(
            sql,
            ['subscription_id', 'end_kind', 'ended_on', 'is_lapsed', 'mrr'],
            `recharge_analytics.subscriptions_current as v where v.status <> 'active' or v.is_lapsed or v.subscription_id in (10, 20) order by v.subscription_id`,
          ),
        ).toEqual([
          '10 completed 2025-02-10 false 0.0000',
          '11 active_churn 2025-02-03 false 0.0000',
          '17 passive_churn 2025-03-15 false 0.0000',
          '18 active_churn 2025-03-15 false 0.0000',
          '19 - - true 10.0000',
          '20 - - false 10.0000',
          '22 active_churn 2025-02-14 false 0.0000',
          '25 active_churn 2025-02-10 false 0.0000',
          '26 active_churn 2025-02-12 false 0.0000',
          '29 passive_churn 2025-03-18 false 0.0000',
          '30 active_churn 2025-03-19 false 0.0000',
          '31 passive_churn 2025-03-19 false 0.0000',
          '34 active_churn 2025-01-20 false 0.0000',
        ])
        // Who was there and gone on one day is in no cohort.
        expect(
          await lines(
            sql,
            ['cohort_month', 'currency', 'cohort_size', 'active'],
            'recharge_analytics.cohort_retention as v where v.months_since = 0 order by v.currency',
          ),
        ).toEqual(['2025-01-01 EUR 1 1', '2025-01-01 USD 20 20'])
        expect(
          await lines(
            sql,
            [
              'date_day',
              'new',
              'reactivated',
              'churned_active',
              'churned_passive',
              'completed',
              'net_change_subscriptions',
            ],
            `recharge_analytics.subscribers_daily as v where v.net_change <> 0 or v.net_change_subscriptions <> 0 or v.date_day in (date '2025-02-03', date '2025-02-12') order by v.date_day`,
          ),
        ).toEqual([
          '2025-01-05 20 0 0 0 0 22',
          '2025-01-20 0 0 1 0 0 -1',
          '2025-01-31 1 0 0 0 0 1',
          '2025-02-03 0 0 0 0 0 0',
          '2025-02-10 0 0 0 0 1 -2',
          '2025-02-12 0 0 0 0 0 0',
          '2025-02-14 0 0 1 0 0 -1',
          '2025-02-20 0 0 1 0 0 -1',
          '2025-03-05 0 1 0 0 0 1',
          '2025-03-15 0 0 1 1 0 -2',
          '2025-03-18 0 0 0 1 0 -1',
          '2025-03-19 0 0 1 0 0 -2',
        ])
      })
    }))

  test('without versions the current row stands for the whole time, and orders say what was paid', () =>
    withFixture(place, async (_sql, destination) => {
      await withQuery(destination, sql => sql('drop table recharge.subscriptions__history cascade'))
      await makeViews(
        destination,
        wantedViews({ history: [], analytics: DEFAULT_ANALYTICS, materialize: { add: [], except: [] } }, STREAMS),
      )
      await withQuery(destination, async sql => {
        expect(await problems(sql)).toEqual([])
        expect(
          await lines(
            sql,
            ['month_start', 'end_mrr', 'expansion', 'churn', 'reactivation'],
            'recharge_analytics.mrr_movements_monthly as v order by v.month_start',
          ),
        ).toEqual([
          '2025-01-01 199.9360 0.0000 0.0000 0.0000',
          // The order of February has the price of March: no version of February is known.
          '2025-02-01 184.9360 5.0000 -20.0000 0.0000',
          '2025-03-01 164.9360 0.0000 -30.0000 10.0000',
          '2025-04-01 164.9360 0.0000 0.0000 0.0000',
        ])
      })
    }))
})
