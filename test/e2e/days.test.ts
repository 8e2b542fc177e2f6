import { expect, test } from 'vitest'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const CALENDAR = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short' })

const SCHEDULED = `select cast(id as text) as id, cast(scheduled_on as text) as day,
  cast(scheduled_at at time zone 'UTC' as text) as at from recharge.orders order by id`

test.each(drawDestination())(
  '$name: the day of an order is that of its midnight in New York, in summer and in winter',
  place =>
    withSimulator({ store: makeStore({ customers: 60, months: 12 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { code, of } = await runSync(configFor(simulator, destination, folder), ['orders'])
          expect([code, of('orders').rejected, of('orders').undeclared]).toEqual([0, 0, {}])
          const rows = await withQuery(destination, query => query(SCHEDULED))
          const orders = simulator.store.all('orders')
          const days = orders.map(({ id, scheduled_at: at }) => ({
            id: String(id),
            day: typeof at === 'string' ? CALENDAR.format(new Date(at)) : null,
            at: typeof at === 'string' ? at.slice(0, 19).replace('T', ' ') : null,
          }))
          expect(rows).toEqual(days)
          const hours = new Set(orders.map(({ scheduled_at: at }) => String(at).slice(10)))
          expect([...hours].sort()).toEqual(expect.arrayContaining(['T04:00:00+00:00', 'T05:00:00+00:00']))
        }),
      ),
    ),
)
