import type { ResourceName, StoreRecord } from '../../src/simulator/record.ts'
import { behindTheWall } from '../../src/simulator/serve/visible.ts'
import type { Store } from '../../src/simulator/store.ts'
import { instant, utcText } from '../../src/simulator/time.ts'

/** Changes to a store that its story does not make: deletions of every kind, merges, and refunds of charges that the API no longer shows. */
export class Mutations {
  readonly store: Store
  /** Deleted, and back again. */
  readonly back: StoreRecord[] = []
  readonly #start: number

  constructor(store: Store) {
    this.store = store
    this.#start = store.now().getTime()
  }

  /** The first that fits. A year without one would prove nothing, so there has to be one. */
  #pick(resource: ResourceName, fits: (record: StoreRecord) => boolean): number {
    const found = this.store.all(resource).find(fits)
    if (!found) throw new Error(`the story has no such ${resource} today; choose another day or seed`)
    return Number(found.id)
  }

  /** Gone, with an event where Recharge writes one. The oldest go: nobody in the story still has business with them. */
  remove(resource: ResourceName, event: boolean, fits: (record: StoreRecord) => boolean = () => true): StoreRecord {
    return this.store.remove(resource, this.#pick(resource, fits), { event })
  }

  /** The same charge under another id. Only a list of the queued charges shows it: there is no event. */
  regenerateQuietly(): void {
    const { store } = this
    const id = this.#pick('charges', ({ status }) => status === 'queued')
    const charge = store.remove('charges', id)
    store.insert('charges', { ...charge, id: store.newId('charges') + 7, updated_at: this.#now() })
  }

  /** Two customers were one: what the first had is the second's. */
  mergeCustomers(): void {
    const { store } = this
    const [from, to] = store.all('customers').filter(({ subscriptions_active_count: active }) => active === 0)
    if (!from || !to) throw new Error('nobody is left to be merged')
    for (const resource of ['addresses', 'subscriptions'] as const)
      for (const { id } of store.all(resource).filter(({ customer_id }) => customer_id === from.id))
        store.edit(resource, Number(id), { customer_id: Number(to.id) })
    store.remove('customers', Number(from.id), { event: true })
  }

  mergeCharges(): void {
    const id = this.#pick('charges', ({ status }) => status === 'skipped' || status === 'error')
    this.store.edit('charges', id, { merged_at: this.#now() })
  }

  /** Money back on a charge that the API no longer shows. The order that it paid for shows it. */
  refundLate(): { readonly charge: number; readonly order: number } {
    const { store } = this
    const now = store.now().getTime()
    const order = this.#pick('orders', ({ charge }) => {
      const paid = store.get('charges', Number((charge as StoreRecord).id))
      return paid?.status === 'success' && momentOf(paid, 'processed_at') > this.#start && behindTheWall(paid, now)
    })
    const { charge } = store.edit('orders', order, { total_refunds: '1.00' })
    const paidBy = charge as StoreRecord
    store.edit('charges', Number(paidBy.id), { status: 'refunded', total_refunds: '1.00' })
    store.edit('orders', order, { charge: { ...paidBy, status: 'refunded' } })
    return { charge: Number(paidBy.id), order }
  }

  /** Deleted by mistake, and brought back the next time. */
  mistake(resource: ResourceName): void {
    this.back.push(this.remove(resource, true))
  }

  bringBack(resource: ResourceName): void {
    const record = this.back.pop()
    if (!record) throw new Error('nothing to bring back')
    this.store.insert(resource, 'updated_at' in record ? { ...record, updated_at: this.#now() } : record)
  }

  #now(): string {
    return utcText(this.store.now().getTime())
  }
}

/** Milliseconds since 1970 of a member of a record. */
export const momentOf = (record: StoreRecord, name: string): number => instant(record[name])
