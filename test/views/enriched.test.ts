import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { faultsOf } from '../support/view-checks.ts'
import { withFixture } from '../support/views.ts'

const money = (column: string) => `cast(cast(${column} as decimal(18, 2)) as text) as ${column}`
const count = (column: string) => `cast(${column} as int) as ${column}`

describe.each(DESTINATIONS)('$name', place => {
  test('orders share their charge, and charges have an outcome', () =>
    withFixture(place, async sql => {
      expect(await faultsOf(sql, ['orders_enriched', 'order_lines_enriched', 'charges_enriched'])).toEqual([])
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
})
