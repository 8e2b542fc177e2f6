import type { Draft } from '../record.ts'
import { DAY, dayText, easternMidnight, MINUTE, SECOND, utcText } from '../time.ts'
import { type Box, bill, touchSubscriptions } from './box.ts'
import { applied } from './catalogue.ts'
import { campaign } from './people.ts'
import type { Scene } from './scene.ts'

/** All renewals of a day are written in the same second shortly after midnight Eastern. */
export const bulkSecond = (day: number): number => easternMidnight(day) + 5 * MINUTE + ((day * 37) % 120) * SECOND

/** The next charge of a box, and the note in the diary that it falls due. */
export function queueCharge(scene: Scene, box: Box, at: number, day: number): void {
  const charge = scene.add('charges', chargeDraft(scene, box, at, day, 'recurring'))
  box.charge = charge
  touchSubscriptions(box, {
    has_queued_charges: true,
    next_charge_scheduled_at: dayText(day),
    updated_at: utcText(at),
  })
  for (const { onetime } of box.extras) onetime.next_charge_scheduled_at = dayText(day)
  scene.diary.add(bulkSecond(day), then => {
    if (box.charge === charge) box.renew(then, charge)
  })
}

/** Deletes a queued charge. Only an event reports it. */
export function dropCharge(scene: Scene, box: Box, at: number): number | undefined {
  const { charge } = box
  if (!charge) return undefined
  box.charge = undefined
  scene.store.remove('charges', charge.id as number)
  const { id } = charge
  scene.happened(at, {
    verb: 'deleted',
    type: 'charge',
    id,
    customer: box.person.customer.id,
    says: `Removed charge #${id}`,
  })
  return Date.parse(`${charge.scheduled_at}`) / DAY
}

/** Any change to what a queued charge holds makes Recharge delete it and write another one. */
export function regenerateCharge(scene: Scene, box: Box, at: number): void {
  const day = dropCharge(scene, box, at)
  if (day !== undefined) queueCharge(scene, box, at + SECOND, day)
}

export function chargeDraft(scene: Scene, box: Box, at: number, day: number, type: 'checkout' | 'recurring'): Draft {
  const { random } = scene
  const { customer, address, place } = box.person
  const { lines, totals } = bill(box)
  const draft: Draft = {
    id: scene.id('charges'),
    address_id: address.id,
    analytics_data: { utm_params: type === 'checkout' ? campaign(random, at) : [] },
    billing_address: place,
    client_details: { browser_ip: null, user_agent: null },
    created_at: utcText(at),
    currency: box.person.currency,
    customer: {
      id: customer.id,
      email: customer.email,
      external_customer_id: customer.external_customer_id,
      hash: customer.hash,
    },
    discounts: box.rebate ? [applied(box.rebate, random.chance(0.2))] : [],
    error: null,
    error_type: null,
    external_order_id: { ecommerce: null },
    external_transaction_id: { payment_processor: null },
    has_uncommitted_changes: false,
    line_items: lines,
    merged_at: null,
    note: address.order_note,
    order_attributes: address.order_attributes,
    orders_count: 0,
    original_scheduled_at: dayText(day),
    payment_processor: box.person.card.processor_name,
    processed_at: null,
    retry_date: null,
    scheduled_at: dayText(day),
    shipping_address: place,
    status: 'queued',
    tags: type === 'checkout' ? 'Subscription, Subscription First Order' : 'Subscription, Subscription Recurring Order',
    taxes_included: false,
    type,
    updated_at: utcText(at),
    ...totals,
  }
  // A member that no reference mentions, as Recharge adds them from time to time.
  if (random.chance(0.01)) draft.merchant_note_flag = random.pick(['call first', 'vip', 'fragile'])
  return draft
}
