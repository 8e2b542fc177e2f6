import type { StoreRecord } from '../record.ts'
import type { Store } from '../store.ts'
import { type Answer, json } from './answer.ts'
import type { Endpoint } from './endpoint.ts'
import { behindTheWall } from './visible.ts'

/** @param walled leaves out the charges that lists hide. Whether Recharge does is not known [unknown], so both exist. */
export function count(store: Store, endpoint: Endpoint, query: URLSearchParams, walled: boolean): Answer {
  const table = store.table(endpoint.resource)
  const known = endpoint.count ?? {}
  const tests: ((record: StoreRecord) => boolean)[] = []
  for (const [name, value] of query) {
    const filter = Object.hasOwn(known, name) && value !== '' ? known[name] : undefined
    if (filter) tests.push(filter(value, name).passes)
  }
  if (walled && endpoint.resource === 'charges') {
    const now = store.now().getTime()
    tests.push(record => !behindTheWall(record, now))
  }
  if (tests.length === 0) return json({ count: table.size })
  let found = 0
  for (const row of table.by('id').after(undefined, 'asc')) {
    if (tests.every(passes => passes(row.record))) found += 1
  }
  return json({ count: found })
}
