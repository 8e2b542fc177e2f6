import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { withFixture } from '../support/views.ts'

describe.each(DESTINATIONS)('$name', place => {
  test('the views are as of the newest sync', () =>
    withFixture(place, async sql => {
      expect(await sql('select cast(as_of_on as text) as day from recharge_analytics.as_of')).toEqual([
        { day: '2025-04-01' },
      ])
      const [row] = await sql('select cast(count(*) as int) as n from recharge_analytics.subscriptions__history')
      expect(row).toEqual({ n: 10 })
    }))
})
