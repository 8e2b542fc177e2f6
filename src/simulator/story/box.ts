import type { Draft } from '../record.ts'
import { DAY } from '../time.ts'
import type { Rebate, Variant } from './catalogue.ts'
import { type Invoice, type Item, invoice } from './invoice.ts'
import type { Person } from './people.ts'

/** Time between two deliveries. */
export interface Interval {
  readonly unit: 'day' | 'week' | 'month'
  readonly every: number
}

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
  readonly contents: Content[]
  extras: Extra[]
  interval: Interval
  /** More than one when prepaid. */
  readonly deliveries: number
  readonly rebate: Rebate | undefined
  /** The charge that comes next, while there is one. */
  charge: Draft | undefined
  state: 'active' | 'dunning' | 'cancelled' | 'deleted'
  /** Charges that were paid. */
  charged: number
  /** Ends after so many charges. */
  readonly expiresAfter: number | null
  /** Prepaid, and not renewed. */
  readonly paysOnce: boolean
  /** Set by renewal.ts; here as functions because the habits of a customer lead back to a renewal. */
  renew: (at: number, charge: Draft) => void
  paid: (at: number, charge: Draft) => void
}

/** The day of a delivery after another. */
export function dayOfDelivery({ interval: { unit, every } }: Box, from: number, deliveries: number): number {
  if (unit === 'day') return from + deliveries * every
  return unit === 'week' ? from + deliveries * every * 7 : monthsAfter(from, deliveries * every)
}

/** The day of the charge after one of that day. */
export const nextChargeDay = (box: Box, day: number): number => dayOfDelivery(box, day, box.deliveries)

/** About so many, where the interval is in months. */
export function daysBetweenCharges({ interval: { unit, every }, deliveries }: Box): number {
  return every * deliveries * (unit === 'day' ? 1 : unit === 'week' ? 7 : 30)
}

/** The same day of the month, or the last one if that month is shorter. */
function monthsAfter(day: number, months: number): number {
  const from = new Date(day * DAY)
  const first = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1)
  const length = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0)).getUTCDate()
  return first / DAY + Math.min(from.getUTCDate(), length) - 1
}

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
