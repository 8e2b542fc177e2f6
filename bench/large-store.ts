import { Store, type StoreRecord } from '../src/simulator/store.ts'
import { charge } from './charges.ts'
import { PreparedRecords } from './pages.ts'

/** A store with one large stream: customers whose changes are spread evenly over two years. */
export function largeStore(count: number): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  const now = store.now().getTime()
  const step = (2 * 365 * 86_400_000) / count
  for (let i = 0; i < count; i++) {
    const stamp = `${new Date(now - (count - i) * step).toISOString().slice(0, 19)}+00:00`
    store.insert('customers', {
      id: 1000 + i,
      email: `customer.${i}@example.net`,
      first_name: 'Marta',
      last_name: 'Oyelaran',
      subscriptions_active_count: i % 3,
      created_at: stamp,
      updated_at: stamp,
    })
  }
  return store
}

/**
 * A store of charges with three line items each, see `charges.ts`. They are served from prepared pages. Only the members
 * that a list is filtered and sorted by are kept as objects, so that to serve a page costs little beside loading it.
 */
export function chargesStore(count: number, file: string): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  const prepared = new PreparedRecords(file)
  for (let i = 0; i < count; i++) {
    const record = charge(i) as StoreRecord
    const { id, status, updated_at, processed_at } = record
    const listed = { id, status, updated_at, processed_at } as StoreRecord
    const text = prepared.next(Buffer.byteLength(JSON.stringify(record)))
    store.table('charges').row(store.insert('charges', listed))?.serve(text)
  }
  return store
}
