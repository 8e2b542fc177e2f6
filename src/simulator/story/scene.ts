import type { Draft, Json, ResourceName } from '../record.ts'
import type { Store } from '../store.ts'
import { DAY, easternText } from '../time.ts'
import { Diary } from './diary.ts'
import { Random } from './random.ts'
import { PLAIN, type Traits } from './traits.ts'

/** Where a real store's ids stand after a few years. */
const FIRST_IDS: Partial<Record<ResourceName, number>> = {
  addresses: 188240000,
  bundle_selections: 9911000,
  charges: 1288450000,
  credit_accounts: 771200,
  credit_adjustments: 1502000,
  customers: 203944000,
  events: 4400918000,
  gift_purchases: 66100,
  metafields: 5520000,
  orders: 905511000,
  payment_methods: 41822000,
  subscriptions: 640118000,
}

/** Older ones are never listed; a few days more are kept so that there is something not to list. */
const EVENTS_KEPT = 12 * DAY

export interface Happening {
  readonly verb: string
  readonly type: string
  readonly id: Json
  readonly customer: Json
  readonly says: string
  readonly origin?: 'system' | 'customer' | 'api'
  readonly changes?: readonly Draft[]
}

/** What every part of the story shares: the store being written, chance, and what is still to come. */
export class Scene {
  readonly store: Store
  readonly random: Random
  readonly diary = new Diary()
  /** Of events alone, where the story must not depend on how long ago they are: old ones are not drawn at all. */
  readonly #eventRandom: Random
  readonly traits: Traits
  /** Called when goods of a title get dearer: each customer's box has one. */
  readonly onDearer: ((title: string, at: number) => void)[] = []
  /** What the shop will delete when it tidies up. */
  readonly toDelete: ((at: number) => void)[] = []
  /** Titles of goods that have got dearer. */
  readonly dearer = new Set<string>()
  readonly #ids = new Map<ResourceName, number>(Object.entries(FIRST_IDS) as [ResourceName, number][])

  constructor(store: Store, seed: number, traits = PLAIN) {
    this.store = store
    this.traits = traits
    this.random = new Random(seed)
    this.#eventRandom = traits.isVaried ? new Random(seed + 1) : this.random
  }

  get now(): number {
    return this.store.now().getTime()
  }

  /** Recharge serves many stores from one sequence, so the ids of one store have gaps. */
  id(resource: ResourceName, random = this.random): number {
    // Whoever else writes to the store while the story goes on takes ids as well.
    const last = Math.max(this.#ids.get(resource) ?? 1000, this.store.newId(resource) - 1)
    const id = last + random.between(1, 5)
    this.#ids.set(resource, id)
    return id
  }

  /** The draft may still be written to afterwards: nothing has been read from the store yet. */
  add(resource: ResourceName, draft: Draft): Draft {
    this.store.insert(resource, draft)
    return draft
  }

  happened(at: number, { verb, type, id, customer, says, origin = 'system', changes = [] }: Happening): void {
    if (at < this.now - EVENTS_KEPT) return
    this.add('events', {
      id: this.id('events', this.#eventRandom),
      customer_id: customer,
      object_id: id,
      created_at: easternText(at),
      custom_attributes: this.#eventRandom.chance(0.05) ? [{ key: 'reason', value: 'customer_request' }] : [],
      description: says,
      object_type: type,
      source: {
        account_email: null,
        account_id: null,
        api_token_id: origin === 'api' ? 90412 : null,
        api_token_name: origin === 'api' ? 'Warehouse sync' : null,
        origin,
        user_type: origin === 'customer' ? 'customer' : null,
      },
      updated_attributes: [...changes],
      verb,
    })
  }
}
