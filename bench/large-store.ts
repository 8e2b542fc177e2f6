import { Store, type StoreRecord } from '../src/simulator/store.ts'
import { charge } from './charges.ts'

/** A store of one large stream: customers, changed evenly over two years. */
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

/** A store of charges with three line items each, see `charges.ts`. */
export function chargesStore(count: number): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  // Processed now, all of them: the simulator too forgets charges after 90 days.
  const now = '2026-11-19T12:00:00+00:00'
  for (let i = 0; i < count; i++) {
    const id = store.insert('charges', { ...charge(i), processed_at: now } as StoreRecord)
    // Written as text beforehand: the time that this takes is no part of a sync.
    store.table('charges').row(id)?.text(true)
  }
  return store
}
