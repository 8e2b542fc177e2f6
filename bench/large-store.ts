import { Store } from '../src/simulator/store.ts'

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
