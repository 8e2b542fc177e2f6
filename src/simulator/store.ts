import { type Draft, RESOURCES, type StoreRecord, singular } from './record.ts'
import { Table } from './table.ts'
import { easternText, utcText } from './time.ts'

export type { Json, ResourceName, StoreRecord } from './record.ts'

/** Resources whose timestamps carry no offset, on 2021-11 as well. */
const NAIVE: ReadonlySet<string> = new Set(['events', 'metafields', 'payment_methods', 'products'])

/**
 * The records of the made-up store. A sync is compared with them. The clock moves only when a test moves it, so that a
 * test knows every `updated_at` beforehand. Records are never changed in place: `edit` replaces them.
 */
export class Store {
  readonly #tables = new Map<string, Table>(RESOURCES.map(name => [name, new Table()]))
  #now: number

  constructor(now: string | Date) {
    this.#now = new Date(now).getTime()
    if (Number.isNaN(this.#now)) throw new Error(`not a date: ${now}`)
  }

  now(): Date {
    return new Date(this.#now)
  }

  setNow(now: string | Date): void {
    this.#now = new Date(now).getTime()
  }

  advance(ms: number): void {
    this.#now += ms
  }

  /** Adds a resource with its first records. One that exists stays as it is. */
  declare(resource: string, records: readonly StoreRecord[] = []): void {
    if (this.#tables.has(resource)) return
    this.#tables.set(resource, new Table())
    for (const record of records) this.insert(resource, record)
  }

  /**
   * The same records at the same moment. Records are never changed in place, so both stores share them; a later change to
   * one store does not show in the other.
   */
  copy(): Store {
    const copy = new Store(this.now())
    for (const [resource, table] of this.#tables) copy.#tables.set(resource, table.copy())
    return copy
  }

  table(resource: string): Table {
    const table = this.#tables.get(resource)
    if (!table) throw new Error(`no such resource: ${resource}`)
    return table
  }

  get(resource: string, id: number): StoreRecord | undefined {
    return this.table(resource).row(id)?.record
  }

  /** In id order. */
  all(resource: string): StoreRecord[] {
    return Array.from(this.table(resource).by('id').after(undefined, 'asc'), row => row.record)
  }

  count(resource: string): number {
    return this.table(resource).size
  }

  newId(resource: string): number {
    return this.table(resource).nextId
  }

  /** Payment sources have no id of their own; they get a number that is never shown. */
  insert(resource: string, record: StoreRecord): number {
    const table = this.table(resource)
    const id = typeof record.id === 'number' ? record.id : table.nextId
    if (table.row(id)) throw new Error(`${resource} ${id} exists already`)
    table.put(id, record)
    return id
  }

  /** A member that is changed to undefined is removed. */
  edit(resource: string, id: number, change: StoreRecord): StoreRecord {
    const table = this.table(resource)
    const before = table.row(id)?.record
    if (!before) throw new Error(`${resource} ${id} does not exist`)
    const after: Draft = { ...before }
    if ('updated_at' in before) after.updated_at = this.#stamp(resource)
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined) delete after[key]
      else after[key] = value
    }
    if (after.id !== before.id) throw new Error('an id cannot be edited')
    table.put(id, after)
    return after
  }

  /** @param trace whether an event reports it. Recharge reports deletions of some resources only, and only by events. */
  remove(resource: string, id: number, trace: { readonly event?: boolean } = {}): StoreRecord {
    const record = this.table(resource).remove(id)
    if (!record) throw new Error(`${resource} ${id} does not exist`)
    if (trace.event) this.#recordDeletion(resource, id, record)
    return record
  }

  #recordDeletion(resource: string, id: number, record: StoreRecord): void {
    const customer = record.customer as StoreRecord | undefined
    const kind = singular(resource)
    this.insert('events', {
      id: this.newId('events'),
      customer_id: record.customer_id ?? customer?.id ?? null,
      object_id: id,
      created_at: this.#stamp('events'),
      custom_attributes: [],
      description: `Removed ${kind} #${id}`,
      object_type: kind,
      source: {
        account_email: null,
        account_id: null,
        api_token_id: null,
        api_token_name: null,
        origin: 'system',
        user_type: null,
      },
      updated_attributes: [],
      verb: 'deleted',
    })
  }

  #stamp(resource: string): string {
    return NAIVE.has(resource) ? easternText(this.#now) : utcText(this.#now)
  }
}
