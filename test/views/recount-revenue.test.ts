import { describe, expect, test } from 'vitest'
import { DEFAULT_ZONE } from '../../src/schema/lookup-views.ts'
import { makeBusiness } from '../../src/simulator/story.ts'
import { DAY } from '../../src/simulator/time.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import {
  countedAttempts,
  countedRevenue,
  KnownCharges,
  recountAttempts,
  recountRevenue,
} from '../support/recount-revenue.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { makeViews } from '../support/views.ts'

const UNTIL = Date.parse('2026-11-20T12:00:00Z')
const FROM = UNTIL - 70 * DAY

describe.each(DESTINATIONS)('$name', place => {
  test('revenue and payment attempts of a business, counted again from its records, are the same', () => {
    const { store, liveTo } = makeBusiness({ customers: 160, opening: UNTIL - 330 * DAY, from: FROM, until: UNTIL })
    return withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
          const charges = new KnownCharges()
          for (const now of [FROM, UNTIL]) {
            liveTo(new Date(now))
            expect((await runSync(config)).code).toBe(0)
            charges.sync(store)
          }
          await makeViews(destination)
          await withQuery(destination, async sql => {
            const revenue = recountRevenue(store.all('orders'), charges, DEFAULT_ZONE)
            const attempts = recountAttempts(charges, new Date(FROM - 90 * DAY).toISOString().slice(0, 10))
            // The story has all that is hard: prepaid orders that are forgotten, refunds, currencies, payments that fail.
            expect(new Set(revenue.map(line => line.split(' ')[1])).size).toBeGreaterThan(1)
            expect(attempts.some(line => Number(line.split(' ')[4]) > 0)).toBe(true)
            expect(await countedRevenue(sql)).toEqual(revenue)
            expect(await countedAttempts(sql)).toEqual(attempts)
            for (const name of [
              'orders_enriched',
              'order_lines_enriched',
              'charges_enriched',
              'revenue_daily',
              'revenue_monthly',
              'payment_attempts_monthly',
              'dunning_open',
              'upcoming_charges',
              'prepaid_liability',
              'renewals_monthly',
              'discount_performance',
              'product_performance_monthly',
              'quality_checks',
            ])
              expect(await problemsOf(sql, viewNamed(name))).toEqual([])
          })
        }),
      ),
    )
  })
})
