import { describe, expect, test } from 'vitest'
import { views } from '../../schemas/views/index.ts'
import { STREAMS, wantedViews } from '../../src/cli/app.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { makeViews, withFixture } from '../support/views.ts'

const money = (column: string) => `cast(cast(${column} as decimal(18, 2)) as text) as ${column}`
const count = (column: string) => `cast(${column} as int) as ${column}`

/** Every view, none of them kept as a table, so that a change to the tables shows at once. */
const unkept = (excludedSkus: readonly string[] = []) =>
  wantedViews(
    {
      history: ['subscriptions'],
      analytics: { ...DEFAULT_ANALYTICS, excludedSkus },
      materialize: { add: [], except: views.map(({ name }) => name) },
    },
    STREAMS,
  )

describe.each(DESTINATIONS)('$name', place => {
  test('orders share their charge, and charges have an outcome', () =>
    withFixture(place, async sql => {
      for (const name of ['orders_enriched', 'order_lines_enriched', 'charges_enriched'])
        expect(await problemsOf(sql, viewNamed(name))).toEqual([])
      const orders = await sql(`
        select ${count('order_id')}, ${count('prepaid_place')}, is_realized, ${count('order_sequence')}, ${money('gross')},
          ${money('total')}, ${money('net_revenue')}, ${money('net_items')}
        from recharge_analytics.orders_enriched
        where order_id in (6002, 6003, 6020, 6021, 6022, 6060, 6061) order by order_id`)
      expect(orders.map(row => Object.values(row))).toEqual([
        [6002, 1, true, 2, '30.00', '34.16', '34.16', '27.00'],
        [6003, 1, true, 3, '30.00', '37.40', '27.40', '20.00'],
        // The later two have 90.00 of items and a total of 0.
        [6020, 1, true, 1, '30.00', '30.00', '30.00', '30.00'],
        [6021, 2, true, 2, '30.00', '30.00', '30.00', '30.00'],
        [6022, 3, true, 3, '30.00', '30.00', '30.00', '30.00'],
        // Refunded with its shipping.
        [6060, 1, true, 1, '30.00', '35.00', '0.00', '0.00'],
        [6061, 1, false, null, '15.00', '15.00', '15.00', '15.00'],
      ])
      const kinds = await sql(`
        select kind, cast(count(*) as int) as lines
        from recharge_analytics.order_lines_enriched where is_realized group by kind order by kind`)
      expect(kinds.map(row => Object.values(row))).toEqual([
        ['onetime_only', 1],
        ['subscription_first', 7],
        ['subscription_recurring', 8],
      ])
      const failed = await sql(`
        select ${count('charge_id')}, recovered, lost, is_open, error_group, ${count('days_to_recover')}
        from recharge_analytics.charges_enriched where first_failed order by charge_id`)
      expect(failed.map(row => Object.values(row))).toEqual([
        [5031, true, false, false, null, 7],
        [5032, false, false, true, 'other', null],
        [5041, false, true, false, 'max_retries', null],
      ])
    }))
  test('revenue is counted over realized orders, and failed payments by scheduled month', () =>
    withFixture(place, async sql => {
      for (const name of ['revenue_daily', 'revenue_monthly', 'payment_attempts_monthly'])
        expect(await problemsOf(sql, viewNamed(name))).toEqual([])
      const revenue = await sql(`
        select cast(month_start as text) as month, order_type, ${count('orders')}, ${money('gross')}, ${money('discounts')},
          ${money('tax')}, ${money('shipping')}, ${money('refunds')}, ${money('net_revenue')}, ${money('net_items')},
          ${money('aov')}, cast(share_recurring as text) as share_recurring, is_complete
        from recharge_analytics.revenue_monthly order by month, order_type`)
      expect(revenue.map(row => Object.values(row))).toEqual([
        [
          '2025-01-01',
          'checkout',
          6,
          '170.00',
          '0.00',
          '2.00',
          '23.00',
          '0.00',
          '195.00',
          '170.00',
          '32.50',
          '0.125561',
          true,
        ],
        [
          '2025-01-01',
          'recurring',
          1,
          '25.00',
          '0.00',
          '0.00',
          '3.00',
          '0.00',
          '28.00',
          '25.00',
          '28.00',
          '0.125561',
          true,
        ],
        [
          '2025-02-01',
          'checkout',
          2,
          '60.00',
          '0.00',
          '0.00',
          '5.00',
          '35.00',
          '30.00',
          '30.00',
          '15.00',
          '0.781277',
          true,
        ],
        [
          '2025-02-01',
          'recurring',
          3,
          '95.00',
          '3.00',
          '2.16',
          '13.00',
          '0.00',
          '107.16',
          '92.00',
          '35.72',
          '0.781277',
          true,
        ],
        [
          '2025-03-01',
          'checkout',
          2,
          '50.00',
          '2.00',
          '0.00',
          '5.00',
          '0.00',
          '53.00',
          '48.00',
          '26.50',
          '0.511070',
          true,
        ],
        [
          '2025-03-01',
          'recurring',
          2,
          '55.00',
          '0.00',
          '2.40',
          '8.00',
          '10.00',
          '55.40',
          '45.00',
          '27.70',
          '0.511070',
          true,
        ],
      ])
      const attempts = await sql(`
        select cast(month_start as text) as month, ${['attempted', 'failed_first', 'recovered', 'lost', 'open'].map(count).join(', ')},
          cast(error_rate as text) as error_rate, cast(recovery_rate as text) as recovery_rate,
          cast(recovery_rate_closed as text) as recovery_rate_closed, ${money('open_amount')},
          cast(cast(median_days_to_recover as decimal(9, 1)) as text) as days, is_in_window, is_complete, is_mature
        from recharge_analytics.payment_attempts_monthly order by month`)
      expect(attempts.map(row => Object.values(row))).toEqual([
        ['2025-01-01', 1, 0, 0, 0, 0, '0.000000', null, null, '0.00', null, true, true, false],
        ['2025-02-01', 4, 2, 1, 1, 0, '0.500000', '0.500000', '0.500000', '0.00', '7.0', true, true, false],
        ['2025-03-01', 4, 1, 0, 0, 1, '0.250000', '0.000000', null, '45.00', null, true, true, false],
      ])
    }))
  test('what is due, in dunning, prepaid, discounted and sold', () =>
    withFixture(place, async sql => {
      const names = [
        'dunning_open',
        'upcoming_charges',
        'renewals_monthly',
        'discount_performance',
        'product_performance_monthly',
      ]
      for (const name of names) expect(await problemsOf(sql, viewNamed(name))).toEqual([])
      const rows = async (query: string) => (await sql(query)).map(row => Object.values(row))
      expect(
        await rows(`select ${count('charge_id')}, ${money('amount')}, error_group, cast(retry_on as text) as retry_on,
          ${count('days_in_dunning')}, ${count('subscriptions_at_risk')}, ${money('mrr_at_risk')} from recharge_analytics.dunning_open`),
      ).toEqual([[5032, '45.00', 'other', '2025-03-27', 11, 1, '40.58']])
      expect(
        await rows(`select ${count('charge_id')}, ${count('days_ahead')}, ${money('items_gross')}, ${count('lines_subscription')},
          has_onetime, is_overdue, is_in_dunning, is_first_renewal from recharge_analytics.upcoming_charges order by charge_id`),
      ).toEqual([
        [5004, 9, '45.00', 1, true, false, false, false],
        [5015, -9, '25.00', 1, false, true, false, false],
        [5021, 14, '90.00', 1, false, false, false, true],
        [5052, 49, '20.00', 1, false, false, false, true],
      ])
      expect(
        await rows(`select cast(month_start as text) as month,
          ${['due', 'renewed', 'skipped', 'failed', 'cancelled_before', 'open'].map(count).join(', ')},
          cast(renewal_rate as text) as renewal_rate from recharge_analytics.renewals_monthly order by month`),
      ).toEqual([
        ['2025-01-01', 1, 1, 0, 0, 0, 0, '1.000000'],
        ['2025-02-01', 6, 3, 1, 1, 1, 0, '0.500000'],
        ['2025-03-01', 4, 2, 0, 1, 0, 1, '0.500000'],
      ])
      expect(
        await rows(`select code, cast(month_start as text) as month, ${count('charges')}, ${money('gross')}, ${money('discount_amount')}
          from recharge_analytics.discount_performance order by month`),
      ).toEqual([
        ['SAVE10', '2025-02-01', 1, '30.00', '3.00'],
        ['SAVE10', '2025-03-01', 1, '20.00', '2.00'],
      ])
      expect(
        await rows(`select product_title, ${[
          'units',
          'subscriptions_start',
          'subscriptions_new',
          'subscriptions_churned',
          'swaps_in',
          'swaps_out',
          'subscriptions_active',
        ]
          .map(count)
          .join(', ')}, ${money('net_items')}, ${money('mrr')}
          from recharge_analytics.product_performance_monthly where month_start = date '2025-03-01' order by product_id`),
      ).toEqual([
        ['Green Tea', 3, 3, 1, 1, 0, 1, 2, '68.00', '60.00'],
        ['House Blend', 2, 2, 0, 0, 1, 0, 3, '25.00', '104.94'],
        ['Mug', 0, 0, 0, 0, 0, 0, 0, '0.00', '0.00'],
      ])
    }))

  test('a share of a prepaid charge is right in every shape, and SKUs can be left out', () =>
    withFixture(place, async (sql, destination) => {
      await makeViews(destination, unkept())
      const shares = async () =>
        (
          await sql(`select cast(cast(net_revenue as decimal(18, 4)) as text) as net from recharge_analytics.orders_enriched
            where order_id in (6020, 6021, 6022) order by order_id`)
        ).map(({ net }) => net)
      const even = ['30.0000', '30.0000', '30.0000']
      // The API has forgotten the charge: the largest total counts.
      await sql(`delete from recharge.charges where id = 5020`)
      expect(await shares()).toEqual(even)
      // Each order has the whole price.
      await sql(`update recharge.orders set total_price = 90 where id in (6021, 6022)`)
      expect(await shares()).toEqual(even)
      // The last one takes what rounding leaves. A refund shows in one order only.
      await sql(
        `update recharge.orders set total_price = 100, total_line_items_price = 100, subtotal_price = 100 where id in (6020, 6021, 6022)`,
      )
      await sql(`update recharge.orders set total_refunds = 20 where id = 6020`)
      expect(await shares()).toEqual(['26.6666', '26.6666', '26.6668'])
      await sql(`update recharge.orders set status = 'queued', processed_at = null where id = 6022`)
      const open = await sql(
        `select ${count('shipped')}, ${count('open')}, ${money('deferred_amount')} from recharge_analytics.prepaid_liability`,
      )
      expect(open.map(row => Object.values(row))).toEqual([[2, 1, '33.33']])

      // A mug beside the tea of 6002, whose discount of 3.00 is then shared 2:1.
      await sql(`insert into recharge.orders__line_items (order_id, "index", purchase_item_id, purchase_item_type, original_price, quantity, sku, tax_due)
        values (6002, 1, 4009, 'onetime', 15, 1, 'MUG-BL', 0)`)
      await sql(
        `update recharge.orders set total_line_items_price = 45, subtotal_price = 42, total_price = 49.16 where id = 6002`,
      )
      const lines =
        await sql(`select kind, ${money('line_gross')}, ${money('line_discount')}, ${money('line_net')}, ${money('line_net_revenue')}
        from recharge_analytics.order_lines_enriched where order_id = 6002 order by line_index`)
      expect(lines.map(row => Object.values(row))).toEqual([
        ['subscription_recurring', '30.00', '2.00', '28.00', '32.77'],
        ['onetime_addon', '15.00', '1.00', '14.00', '16.39'],
      ])
      await makeViews(destination, unkept(['MUG-BL']))
      const orders =
        await sql(`select ${count('order_id')}, is_realized, ${count('lines')}, ${money('gross')}, ${money('discounts')}, ${money('shipping')},
          ${money('total')} from recharge_analytics.orders_enriched where order_id in (6002, 6060) order by order_id`)
      expect(orders.map(row => Object.values(row))).toEqual([
        [6002, true, 1, '30.00', '2.00', '5.00', '35.16'],
        [6060, false, 0, '0.00', '0.00', '0.00', '0.00'],
      ])
      for (const name of [
        'orders_enriched',
        'order_lines_enriched',
        'revenue_monthly',
        'prepaid_liability',
        'product_performance_monthly',
      ])
        expect(await problemsOf(sql, viewNamed(name))).toEqual([])
    }))

  test('each quality check finds what it is for', () =>
    withFixture(place, async (sql, destination) => {
      await makeViews(destination, unkept())
      const failing = async () =>
        new Map(
          (await sql(`select name, ${count('failing_rows')} from recharge_analytics.quality_checks`)).map(row => [
            String(row.name),
            Number(row.failing_rows),
          ]),
        )
      const before = await failing()
      // INSUFFICIENT_FUNDS is in no group, and the events between the syncs are gone.
      expect(new Map([...before].filter(([, rows]) => rows > 0))).toEqual(
        new Map([
          ['unknown error types', 1],
          ['gaps', 2],
        ]),
      )
      const charge = (id: number, change: string) => `update recharge.charges set ${change} where id = ${id}`
      const order = (id: number, change: string) => `update recharge.orders set ${change} where id = ${id}`
      const planted: readonly (readonly [check: string, statement: string])[] = [
        ['orders without charge', order(6001, 'charge_id = 1')],
        ['orders without customers', order(6002, 'customer_id = 1')],
        ['charges without customers', charge(5002, 'customer_id = 1')],
        ['subscriptions without customers', 'update recharge.subscriptions set customer_id = 1 where id = 3001'],
        ['subscriptions without addresses', 'update recharge.subscriptions set address_id = 1 where id = 3001'],
        ['total of charges against parts', charge(5010, 'total_price = 27')],
        ['total of orders against parts', order(6010, 'total_price = 27')],
        [
          'lines of charges against charges',
          'update recharge.charges__line_items set quantity = 9 where charge_id = 5011',
        ],
        ['lines of orders against orders', 'update recharge.orders__line_items set quantity = 9 where order_id = 6011'],
        ['orders without day', order(6012, 'processed_at = null')],
        [
          'active subscriptions of customers',
          'update recharge.customers set subscriptions_active_count = 7 where id = 1002',
        ],
        ['subscriptions of customers', 'update recharge.customers set subscriptions_total_count = 7 where id = 1003'],
        ['unknown status of charges', charge(5012, `status = 'melted'`)],
        ['unknown status of orders', order(6013, `status = 'melted'`)],
        ['unknown status of subscriptions', `update recharge.subscriptions set status = 'melted' where id = 3006`],
        ['unknown type of orders', order(6040, `type = null`)],
        [
          'unknown interval of subscriptions',
          `update recharge.subscriptions set order_interval_unit = 'fortnight' where id = 3004`,
        ],
        ['unknown error types', charge(5041, `error_type = 'NEW_ONE'`)],
        ['more than one currency', order(6050, `currency = 'EUR'`)],
        [
          'updates in the future',
          `update recharge.customers set updated_at = '2035-01-01 00:00:00+00' where id = 1004`,
        ],
        ['e-mail of several customers', `update recharge.customers set email = 'ADA@example.com' where id = 1005`],
        [
          'gaps',
          `insert into recharge._sync_gaps (stream, "from", "to", found_at, run) select 'charges', min("from"), max("to"), max(found_at), 'x' from recharge._sync_gaps`,
        ],
        [
          'rejected records',
          `insert into recharge._sync_rejects (fingerprint, stream, path, reason, record, rejected_at, run)
          select 'f', 'orders', 'id', 'none', '{}', found_at, 'x' from recharge._sync_gaps where stream = 'charges'`,
        ],
      ]
      expect([...before.keys()].sort()).toEqual(planted.map(([check]) => check).sort())
      for (const [, statement] of planted) await sql(statement)
      const after = await failing()
      expect(
        planted.filter(([check]) => (after.get(check) ?? 0) <= (before.get(check) ?? 0)).map(([check]) => check),
      ).toEqual([])
      for (const name of ['quality_checks', 'completeness', 'sync_status', 'metric_definitions'])
        expect(await problemsOf(sql, viewNamed(name))).toEqual([])

      // What is in no known state is in no metric, and a month in a gap has no rate.
      const months =
        await sql(`select cast(month_start as text) as month, ${count('attempted')}, cast(error_rate as text) as error_rate
        from recharge_analytics.payment_attempts_monthly order by month`)
      expect(months.map(row => Object.values(row))).toEqual([
        ['2025-01-01', 1, '0.000000'],
        ['2025-02-01', 3, '0.666667'],
        ['2025-03-01', 4, null],
      ])
      const [status] =
        await sql(`select ${count('rows')}, ${count('deleted_rows')}, ${count('age_minutes')}, complete_to = last_loaded as same
        from recharge_analytics.sync_status where table_name = 'orders'`)
      expect(status).toMatchObject({ rows: 17, deleted_rows: 0, age_minutes: 0 })
      const [complete] =
        await sql(`select cast(complete_from_on as text) as since, cast(complete_to_on as text) as until, ${count('gaps')}, ${count('days_missing')}
        from recharge_analytics.completeness where stream = 'charges'`)
      expect(complete).toEqual({ since: '2024-12-01', until: '2025-04-01', gaps: 1, days_missing: 25 })
      const [metric] = await sql(
        `select view, "column" from recharge_analytics.metric_definitions where name = 'Net revenue'`,
      )
      expect(metric).toEqual({ view: 'revenue_daily', column: 'net_revenue' })
    }))
})
