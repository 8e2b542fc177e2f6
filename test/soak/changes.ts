import type { Draft, StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import { easternText, utcText } from '../../src/simulator/time.ts'
import { favoured, oneOf, type Random } from './random.ts'

/** Resources whose records may come, change and go without upsetting what the source checks. */
const EDITABLE: readonly string[] = [
  'addresses',
  'async_batches',
  'bundle_products',
  'bundle_selection_preset_schedules',
  'bundle_selections',
  'charges',
  'collections',
  'credit_accounts',
  'credit_adjustments',
  'customers',
  'discounts',
  'metafields',
  'onetimes',
  'orders',
  'payment_methods',
  'plans',
  'products',
  'retention_strategies',
  'subscriptions',
  'webhooks',
]

/** Those whose deletion an event reports; of the others only their absence tells. */
const REPORTED: ReadonlySet<string> = new Set([
  'addresses',
  'charges',
  'customers',
  'discounts',
  'onetimes',
  'orders',
  'plans',
  'subscriptions',
])
const NAIVE: ReadonlySet<string> = new Set(['events', 'metafields', 'payment_methods', 'products'])
const TEXTS = ['first_name', 'last_name', 'title', 'product_title', 'description', 'name', 'note', 'type', 'value']
const WORDS = ['Ada', 'René', 'Ünal', 'Jörg', 'Zoë', 'Mitsuko 光子', 'Łukasz', '😀', 'O"Brien', 'back\\slash', '']

const stampOf = (store: Store, resource: string): string =>
  (NAIVE.has(resource) ? easternText : utcText)(store.now().getTime())

/** Something happens to one record of one of the resources. */
export function change(store: Store, resources: readonly string[], random: Random): void {
  const resource = oneOf(
    random,
    EDITABLE.filter(name => resources.includes(name)),
  )
  if (resource === undefined) return
  const dice = random.next()
  if (dice < 0.55) edit(store, resource, random)
  else if (dice < 0.85) add(store, resource, random)
  else remove(store, resource, random)
}

function edit(store: Store, resource: string, random: Random): void {
  const record = favoured(random, store.all(resource))
  if (record === undefined) return
  // A number in a text stays one: otherwise the record does not fit its declaration.
  const texts = TEXTS.filter(name => typeof record[name] === 'string' && Number.isNaN(Number(record[name])))
  const change: Draft = {}
  const name = oneOf(random, texts)
  if (name !== undefined) change[name] = `${oneOf(random, WORDS)} ${random.between(1, 999)}`
  if (resource === 'charges' && record.status === 'queued' && random.chance(0.4))
    Object.assign(change, { status: 'success', processed_at: utcText(store.now().getTime()) })
  store.edit(resource, Number(record.id), change)
}

/** A record like another one, with an id of its own. */
function add(store: Store, resource: string, random: Random): void {
  const like = oneOf(random, store.all(resource))
  if (like === undefined) return
  const stamp = stampOf(store, resource)
  const draft: Draft = { ...like, id: store.newId(resource) + random.between(0, 3) }
  for (const name of ['created_at', 'updated_at']) if (name in like) draft[name] = stamp
  store.insert(resource, draft)
}

function remove(store: Store, resource: string, random: Random): void {
  const all: readonly StoreRecord[] = store.all(resource)
  if (all.length < 4) return
  const record = oneOf(random, all)
  if (record !== undefined) store.remove(resource, Number(record.id), { event: REPORTED.has(resource) })
}

/** Records like those that are there, until there are so many. */
export function growTo(store: Store, resource: string, size: number): void {
  const like = store.all(resource)[0]
  for (; like !== undefined && store.count(resource) < size; )
    store.insert(resource, { ...like, id: store.newId(resource) })
}
