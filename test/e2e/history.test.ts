import { describe, expect, test } from 'vitest'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, runSync, Store, sampleOf, withSimulator } from '../support/run.ts'

const SECOND = 1000
const VERSIONS = `select count(*) as versions, count(distinct id) as records, count(valid_to) as ended
  from recharge.subscriptions__history`

/** Two pages and a bit of subscriptions, each changed a second after the one before. */
function storeOfSubscriptions(): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  const template = sampleOf('subscriptions')
  for (let id = 1; id <= 510; id++) {
    const stamp = `${new Date(Date.UTC(2026, 5, 1) + id * SECOND).toISOString().slice(0, 19)}+00:00`
    store.insert('subscriptions', { ...template, id, created_at: stamp, updated_at: stamp })
  }
  return store
}

describe.each(drawDestination())('$name', place => {
  test('I16: every version that a scan meets is kept, also of records edited while it is under way', async () => {
    await withSimulator({ store: storeOfSubscriptions() }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store, faults } = simulator
          const config = {
            ...configFor(simulator, destination, folder, { concurrency: 1 }),
            history: ['subscriptions'],
          }
          let pages = 0
          faults.before(({ path }) => {
            if (path !== '/subscriptions') return
            pages += 1
            store.advance(SECOND)
            if (pages < 3) return
            for (let id = 1; id <= 245; id++) store.edit('subscriptions', id, { quantity: pages })
          })
          const first = (await runSync(config, ['subscriptions'])).of('subscriptions')
          expect(first.problem).toBeNull()
          expect(first).toMatchObject({ outcome: 'complete', added: 510, unchanged: 0 })
          // The third page ends with 240 that were edited, and the fourth has them once more with the five left.
          expect(first.records).toBe(510 + 240 + 245)
          const count = async () => {
            const [row] = await withQuery(destination, query => query(VERSIONS))
            return Object.fromEntries(Object.entries(row ?? {}).map(([name, n]) => [name, Number(n)]))
          }
          expect(await count()).toEqual({ versions: first.records, records: 510, ended: first.records - 510 })

          faults.clear()
          store.advance(60 * SECOND)
          store.edit('subscriptions', 1, { quantity: 99 })
          const second = (await runSync(config, ['subscriptions'])).of('subscriptions')
          expect(second).toMatchObject({ added: 0, changed: 1 })
          expect(await count()).toEqual({ versions: first.records + 1, records: 510, ended: first.records - 509 })
        }),
      ),
    )
  })
})
