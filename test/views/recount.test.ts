import { describe, expect, test } from 'vitest'
import { views } from '../../schemas/views/index.ts'
import { makeYear } from '../../src/cli/commands/demo-year.ts'
import { DAY } from '../../src/simulator/time.ts'
import { FIXTURE_TIMES, fixtureStore, moveFixture } from '../support/analytics-store.ts'
import { DEMO_END, withDemo } from '../support/demo.ts'
import { ANY_DESTINATION, DESTINATIONS } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { booksOf, counted, mrrBySubscription, recount, sighting } from '../support/recount.ts'
import {
  countedCohortRevenue,
  countedCustomers,
  recountCohortRevenue,
  recountCustomers,
} from '../support/recount-customers.ts'
import {
  countedAttempts,
  countedRevenue,
  KnownCharges,
  recountAttempts,
  recountRevenue,
} from '../support/recount-revenue.ts'
import { problemsOf } from '../support/view-checks.ts'
import { withFixture } from '../support/views.ts'

/** The store of the demo once more, and what each of its syncs saw of subscriptions and charges. */
function demoAgain() {
  const { visits, until, living } = makeYear(DEMO_END)
  const charges = new KnownCharges()
  const sightings = [...visits, until].map(visit => {
    living.liveTo(new Date(visit))
    charges.sync(living.store)
    return sighting(living.store)
  })
  const [first = until] = visits
  return { store: living.store, charges, sightings, first }
}

describe.each(DESTINATIONS)('$name', place => {
  test('the fixture, counted again from its records, gives the same', () =>
    withFixture(place, async sql => {
      const store = fixtureStore()
      const sightings = FIXTURE_TIMES.map(time => {
        moveFixture(store, time)
        return sighting(store)
      })
      const again = recount(await booksOf(store, sightings, store.all('charges'), sql))
      expect(again.movements.map(line => line.split(' ').at(-3))).toEqual([
        '199.9360',
        '179.9360',
        '164.9360',
        '164.9360',
      ])
      expect(await counted(sql)).toEqual(again)
      const charges = new KnownCharges()
      charges.sync(store)
      const books = await booksOf(store, sightings, charges.all(), sql)
      const ledger = { store, charges, zone: books.zone, today: books.today }
      expect(await countedCohortRevenue(sql)).toEqual(recountCohortRevenue(ledger))
      const customers = recountCustomers(ledger, mrrBySubscription(books))
      expect(new Set(customers.map(line => line.split(' ').at(-2)))).toEqual(new Set(['active', 'churned', 'never']))
      expect(await countedCustomers(sql)).toEqual(customers)
    }))
})

describe.each(ANY_DESTINATION)('$name', place => {
  test('the store of the demo, counted again from its records, gives the same', () =>
    withDemo(place, async destination => {
      const { store, charges, sightings, first } = demoAgain()
      await withQuery(destination, async sql => {
        const books = await booksOf(store, sightings, charges.all(), sql)
        const again = recount(books)
        // The year has all of it: who comes, changes, leaves in two ways, and comes back, and two currencies.
        const sums = again.movements.map(line => line.split(' ').slice(3, 10).map(Number))
        expect(sums[0]?.map((_, i) => sums.some(row => row[i] !== 0))).toEqual([
          true,
          true,
          true,
          true,
          true,
          true,
          true,
        ])
        expect(new Set(again.movements.map(line => line.split(' ')[1])).size).toBe(2)
        expect(await counted(sql)).toEqual(again)

        const revenue = recountRevenue(store.all('orders'), charges, books.zone)
        expect(new Set(revenue.map(line => line.split(' ')[1])).size).toBe(2)
        expect(await countedRevenue(sql)).toEqual(revenue)
        // Charges from before are known in part only: the API had forgotten them at the first sync.
        const attempts = recountAttempts(charges, new Date(first - 90 * DAY).toISOString().slice(0, 10))
        expect(attempts.some(line => Number(line.split(' ')[4]) > 0)).toBe(true)
        expect((await countedAttempts(sql)).filter(line => line >= String(attempts[0]))).toEqual(attempts)

        const ledger = { store, charges, zone: books.zone, today: books.today }
        expect(await countedCohortRevenue(sql)).toEqual(recountCohortRevenue(ledger))
        expect(await countedCustomers(sql)).toEqual(recountCustomers(ledger, mrrBySubscription(books)))
      })
    }))

  test('in the store of the demo every view keeps its grain, and its checks give no row', () =>
    withDemo(place, destination =>
      withQuery(destination, async sql => {
        for (const view of views) expect(await problemsOf(sql, view)).toEqual([])
      }),
    ))
})
