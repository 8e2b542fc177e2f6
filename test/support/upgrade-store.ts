import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { RESOURCES, type ResourceName, type StoreRecord } from '../../src/simulator/record.ts'
import { Store } from '../../src/simulator/store.ts'

/** Made by an older version; test/upgrade/5973f51/README.md says how. */
export const unpackFixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../upgrade/5973f51/${name}`, import.meta.url)))

/** Records that are gone when the test runs, each in a table of the fixtures. */
export const GONE = { collection: 280_000, discount: 71_000_000, customer: 300_000_007 }

/** The store that the fixtures were read from, at the time of a first run of a few streams, which ended. */
export function makeUpgradeStore(): Store {
  const store = new Store('2026-10-21T12:00:00Z')
  const records: Record<ResourceName, StoreRecord[]> = JSON.parse(unpackFixture('store.json.gz').toString())
  for (const resource of RESOURCES) for (const record of records[resource]) store.insert(resource, record)
  return store
}

/** What happened until the first sync of all streams, which was interrupted. */
export function untilInterrupted(store: Store): void {
  store.setNow('2026-11-20T12:00:00Z')
  store.remove('collections', GONE.collection)
  store.remove('discounts', GONE.discount, { event: true })
}

/** What happened between the interrupted sync and the one of the test. */
export function untilResumed(store: Store): void {
  store.advance(3_600_000)
  store.remove('customers', GONE.customer, { event: true })
}
