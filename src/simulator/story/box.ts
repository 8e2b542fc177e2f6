import type { Draft } from '../record.ts'
import type { Rebate, Variant } from './catalogue.ts'
import { type Invoice, type Item, invoice } from './invoice.ts'
import type { Person } from './people.ts'

export interface Content {
  readonly subscription: Draft
  variant: Variant
  quantity: number
  /** What the next delivery of a bundle holds. */
  selection: Draft | undefined
}

export interface Extra {
  readonly onetime: Draft
  readonly item: Item
}

/** What one customer gets on one schedule: subscriptions that are charged and shipped together. */
export interface Box {
  readonly person: Person
  readonly contents: readonly Content[]
  extras: Extra[]
  readonly weeks: number
  /** More than one when prepaid. */
  readonly deliveries: number
  readonly rebate: Rebate | undefined
  /** The charge that comes next, while there is one. */
  charge: Draft | undefined
  state: 'active' | 'dunning' | 'cancelled'
  /** Set by renewal.ts; here as functions because the habits of a customer lead back to a renewal. */
  renew: (at: number, charge: Draft) => void
  paid: (at: number, charge: Draft) => void
}

export const daysBetweenCharges = (box: Box): number => box.weeks * 7 * box.deliveries

export function bill(box: Box): Invoice {
  const items: Item[] = box.contents.map(({ subscription, variant, quantity }) => ({
    purchaseId: subscription.id as number,
    kind: 'subscription',
    variant,
    quantity,
    properties: subscription.properties,
  }))
  return invoice([...items, ...box.extras.map(extra => extra.item)], {
    rebate: box.rebate,
    taxRate: box.person.taxRate,
    deliveries: box.deliveries,
  })
}

export function touchSubscriptions(box: Box, change: Draft): void {
  for (const { subscription } of box.contents) Object.assign(subscription, change)
}
