import { describe, expect, test } from 'vitest'
import { DEFAULT_ZONE } from '../../src/schema/lookup-views.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import { makeBusiness } from '../../src/simulator/story.ts'
import { FIXTURE_TIMES, fixtureStore, moveFixture } from '../support/analytics-store.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { type Books, type Recount, recount, type Sighting } from '../support/recount.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'
import { problemsOf, viewNamed } from '../support/view-checks.ts'
import { makeViews, withFixture } from '../support/views.ts'

type Sql = (statement: string) => Promise<Record<string, unknown>[]>

/** What the views say, in the form of the recount. */
async function counted(sql: Sql): Promise<Recount> {
  const lines = async (columns: string, from: string): Promise<string[]> => {
    const texts = columns.split(' ').map(column => `coalesce(cast(v.${column} as text), '-')`)
    const rows = await sql(`select ${texts.join(` || ' ' || `)} as line from recharge_analytics.${from} as v`)
    return rows.map(({ line }) => String(line)).sort()
  }
  return {
    movements: await lines(
      'month_start currency start_mrr new expansion contraction churn_active churn_passive churn_completed reactivation end_mrr customers_end nrr',
      'mrr_movements_monthly',
    ),
    mrr: await lines('customer_id month_start currency mrr', 'mrr_monthly'),
    daily: await lines(
      'date_day active_subscribers new reactivated churned_active churned_passive completed active_subscriptions new_subscriptions reactivated_subscriptions churned_active_subscriptions churned_passive_subscriptions completed_subscriptions',
      'subscribers_daily',
    ),
    churn: await lines(
      'month_start subscribers_start new reactivated churned subscribers_end churned_rate',
      'churn_monthly',
    ),
    cohorts: await lines(
      'cohort_month currency months_since cohort_size active retention_rate mrr',
      'cohort_retention',
    ),
  }
}

const sighting = (store: Store): Sighting => ({
  at: store.now().getTime(),
  subscriptions: structuredClone(store.all('subscriptions')) as StoreRecord[],
})

async function booksOf(store: Store, sightings: readonly Sighting[], sql: Sql): Promise<Books> {
  const [asOf] = await sql('select cast(as_of_on as text) as today from recharge_analytics.as_of')
  return {
    sightings,
    orders: store.all('orders'),
    charges: store.all('charges'),
    currency: String(store.all('store')[0]?.currency),
    zone: DEFAULT_ZONE,
    today: String(asOf?.today),
  }
}

describe.each(DESTINATIONS)('$name', place => {
  test('the fixture, counted again from its records, gives the same', () =>
    withFixture(place, async sql => {
      const store = fixtureStore()
      const sightings = FIXTURE_TIMES.map(time => {
        moveFixture(store, time)
        return sighting(store)
      })
      const again = recount(await booksOf(store, sightings, sql))
      expect(again.movements.map(line => line.split(' ').at(-3))).toEqual([
        '199.9360',
        '179.9360',
        '164.9360',
        '164.9360',
      ])
      expect(await counted(sql)).toEqual(again)
    }))

  test('ten months of a business, synced four times, counted again from its records, gives the same', () => {
    const times = ['2026-08-20T12:00:00Z', '2026-09-15T03:00:00Z', '2026-10-09T12:00:00Z', '2026-11-02T12:00:00Z']
    const [from = 0, until = 0] = [times[0], times.at(-1)].map(time => Date.parse(String(time)))
    const { store, liveTo } = makeBusiness({ customers: 110, opening: until - 300 * 86_400_000, from, until, seed: 3 })
    return withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
          const sightings: Sighting[] = []
          for (const now of times) {
            liveTo(now)
            expect((await runSync(config)).code).toBe(0)
            sightings.push(sighting(store))
          }
          await makeViews(destination)
          await withQuery(destination, async sql => {
            const again = recount(await booksOf(store, sightings, sql))
            // The story has all of it: who comes, changes, leaves in two ways, and comes back.
            const sums = again.movements.map(line => line.split(' ').slice(3, 10).map(Number))
            const told = sums[0]?.map((_, i) => sums.some(row => row[i] !== 0))
            expect(told).toEqual([true, true, true, true, true, true, true])
            expect(new Set(again.movements.map(line => line.split(' ')[1])).size).toBe(2)
            expect(await counted(sql)).toEqual(again)
            for (const name of [
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
            ])
              expect(await problemsOf(sql, viewNamed(name))).toEqual([])
          })
        }),
      ),
    )
  })
})
