import { readFileSync } from 'node:fs'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { Store } from '../../src/simulator/store.ts'
import { sampleOf } from './run.ts'

/** The made-up store of test/fixtures/analytics: 7 customers from January to March 2025. */
const FOLDER = new URL('../fixtures/analytics/', import.meta.url)
const RESOURCES = ['addresses', 'charges', 'customers', 'discounts', 'onetimes', 'orders', 'subscriptions'] as const

/** Times at which a sync sees each version of each subscription. At the last one everything is as in the files. */
export const FIXTURE_TIMES = ['2025-03-01T12:00:00Z', '2025-03-24T12:00:00Z', '2025-04-01T12:00:00Z'] as const

const readRecords = (name: string): StoreRecord[] =>
  readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as StoreRecord)

const changedAt = ({ updated_at }: StoreRecord): number => Date.parse(String(updated_at))

export function fixtureStore(): Store {
  const store = new Store(FIXTURE_TIMES[0])
  for (const name of ['store', 'shop'] as const) store.insert(name, sampleOf(name))
  return store
}

/** Moves the store to one of the times. */
export function moveFixture(store: Store, time: (typeof FIXTURE_TIMES)[number]): void {
  const now = Date.parse(time)
  store.setNow(time)
  for (const name of RESOURCES) {
    const versions = name === 'subscriptions' ? readRecords('subscription_versions') : readRecords(name)
    for (const record of versions.sort((a, b) => changedAt(a) - changedAt(b))) {
      if (changedAt(record) > now) continue
      const id = Number(record.id)
      if (store.get(name, id)) store.remove(name, id)
      store.insert(name, record)
    }
  }
}
