import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { withFixture } from '../support/views.ts'

const money = (column: string) => `cast(cast(${column} as decimal(18, 2)) as text) as ${column}`
const count = (column: string) => `cast(${column} as int) as ${column}`

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
        ['2025-01-01', 1, 0, 0, 0, 0, '0.000000', null, null, '0.00', null, true, true, true],
        ['2025-02-01', 4, 2, 1, 1, 0, '0.500000', '0.500000', '0.500000', '0.00', '7.0', true, true, false],
        ['2025-03-01', 4, 1, 0, 0, 1, '0.250000', '0.000000', null, '45.00', null, true, true, false],
      ])
    }))
})
