import { DAY, easternDay, utcText } from '../time.ts'
import { type Box, daysBetweenCharges, touchSubscriptions } from './box.ts'
import { dropCharge, queueCharge } from './charge.ts'
import type { Scene } from './scene.ts'
import { VARIED } from './traits.ts'

export interface Farewell {
  readonly reason: string | null
  readonly comments: string | null
  readonly announced: boolean
}

const REASONS = [
  'Too expensive',
  'I already have more than I need',
  'Moving away',
  'Found another roaster',
  'Other reason',
] as const

export function cancelByCustomer(scene: Scene, box: Box, at: number): void {
  const { random } = scene
  if (box.state !== 'active') return
  cancelBox(scene, box, at, {
    reason: random.pick(REASONS),
    comments: random.chance(0.3) ? 'Might be back in spring — thanks for the coffee ☕' : null,
    announced: true,
  })
  if (random.chance(scene.traits.comesBack)) {
    scene.diary.add(at + random.between(15, 70) * DAY, then => reactivate(scene, box, then))
  } else if (scene.traits.isVaried) perhapsDelete(scene, box)
}

/** Some who left ask to be forgotten, and some shops delete subscriptions that ended. */
function perhapsDelete(scene: Scene, box: Box): void {
  const { store, random } = scene
  const erased = random.chance(VARIED.erased)
  if (!erased && !random.chance(VARIED.subscriptionsDeleted)) return
  scene.toDelete.push(at => {
    box.state = 'deleted'
    for (const { subscription } of box.contents)
      store.remove('subscriptions', subscription.id as number, { event: true })
    const { customer, address, card } = box.person
    const total = (customer.subscriptions_total_count as number) - box.contents.length
    Object.assign(customer, { subscriptions_total_count: total, updated_at: utcText(at) })
    if (!erased) return
    store.remove('payment_methods', card.id as number)
    for (const row of [...store.table('payment_sources').by('id').after(undefined, 'asc')])
      if (row.record.customer_id === customer.id) store.remove('payment_sources', row.id)
    store.remove('addresses', address.id as number, { event: true })
    store.remove('customers', customer.id as number, { event: true })
  })
}

/** A box that has had all its charges. Whether Recharge then sets `cancelled_at` is not known, so every second one has it. */
export function expire(scene: Scene, box: Box, at: number): void {
  cancelBox(scene, box, at, { reason: null, comments: null, announced: false })
  for (const { subscription } of box.contents)
    Object.assign(subscription, {
      cancelled_at: (subscription.id as number) % 2 === 0 ? utcText(at) : null,
      status: 'expired',
    })
}

export function cancelBox(scene: Scene, box: Box, at: number, { reason, comments, announced }: Farewell): void {
  const { customer } = box.person
  box.state = 'cancelled'
  dropCharge(scene, box, at)
  for (const { onetime } of box.extras) {
    Object.assign(onetime, { is_cancelled: true, next_charge_scheduled_at: null, updated_at: utcText(at) })
  }
  box.extras = []
  touchSubscriptions(box, {
    cancellation_reason: reason,
    cancellation_reason_comments: comments,
    cancelled_at: utcText(at),
    has_queued_charges: false,
    next_charge_scheduled_at: null,
    status: 'cancelled',
    updated_at: utcText(at),
  })
  const active = (customer.subscriptions_active_count as number) - box.contents.length
  Object.assign(customer, { subscriptions_active_count: active, updated_at: utcText(at) })
  if (!announced) return
  for (const { subscription } of box.contents) {
    const { id } = subscription
    const says = `Cancelled subscription #${id}`
    scene.happened(at, { verb: 'cancelled', type: 'subscription', id, customer: customer.id, says, origin: 'customer' })
  }
}

function reactivate(scene: Scene, box: Box, at: number): void {
  if (box.state !== 'cancelled') return
  const { customer } = box.person
  box.state = 'active'
  touchSubscriptions(box, {
    cancellation_reason: null,
    cancellation_reason_comments: null,
    cancelled_at: null,
    status: 'active',
  })
  const active = (customer.subscriptions_active_count as number) + box.contents.length
  Object.assign(customer, { subscriptions_active_count: active, updated_at: utcText(at) })
  for (const { subscription } of box.contents) {
    const { id } = subscription
    const says = `Activated subscription #${id}`
    scene.happened(at, { verb: 'activated', type: 'subscription', id, customer: customer.id, says, origin: 'customer' })
  }
  queueCharge(scene, box, at, easternDay(at) + Math.min(7, daysBetweenCharges(box)))
}
