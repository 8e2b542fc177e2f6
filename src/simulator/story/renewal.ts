import type { Draft } from '../record.ts'
import { easternDay, SECOND, utcText } from '../time.ts'
import { type Box, type Interval, nextChargeDay, touchSubscriptions } from './box.ts'
import { chooseBundles, fixBundles } from './bundle.ts'
import { cancelBox, expire } from './cancel.ts'
import { applied, REBATES } from './catalogue.ts'
import { chargeDraft, queueCharge } from './charge.ts'
import { subscribed } from './content.ts'
import { decline } from './dunning.ts'
import { live, raisePrice } from './habits.ts'
import { perhapsNote } from './metafields.ts'
import { placeOrders } from './order.ts'
import type { Person } from './people.ts'
import { perhapsRefund } from './refund.ts'
import type { Scene } from './scene.ts'
import { VARIED } from './traits.ts'

/** The intervals of a plain shop, and more of them for a varied one. */
const WEEKS = [2, 4, 4, 4, 8] as const
const VARIED_INTERVALS = [
  { unit: 'month', every: 1 },
  { unit: 'month', every: 1 },
  { unit: 'month', every: 2 },
  { unit: 'week', every: 2 },
  { unit: 'week', every: 4 },
  { unit: 'week', every: 4 },
  { unit: 'week', every: 8 },
  { unit: 'day', every: 30 },
  { unit: 'day', every: 45 },
] as const satisfies readonly Interval[]

/** A customer subscribes: the first charge is paid at checkout, the next one is queued at once. */
export function subscribe(scene: Scene, person: Person, at: number): void {
  const { random, traits } = scene
  const interval: Interval = traits.isVaried
    ? random.pick(VARIED_INTERVALS)
    : { unit: 'week', every: random.pick(WEEKS) }
  const deliveries = random.chance(traits.prepays) ? 3 : 1
  const paysOnce = traits.isVaried && deliveries > 1 && random.chance(VARIED.paysOnce)
  const expiresAfter =
    traits.isVaried && deliveries === 1 && random.chance(VARIED.expires) ? random.between(3, 6) : null
  const contents = Array.from({ length: random.chance(0.25) ? 2 : 1 }, (_, i) =>
    subscribed(scene, person, at + (i + 1) * SECOND, { interval, deliveries, expiresAfter }),
  )
  const box: Box = {
    person,
    contents,
    extras: [],
    interval,
    deliveries,
    rebate: random.chance(0.25) ? random.pick(REBATES) : undefined,
    charge: undefined,
    state: 'active',
    charged: 0,
    expiresAfter,
    paysOnce,
    renew: (then, charge) => {
      if (random.chance(traits.declined)) decline(scene, box, charge, then)
      else box.paid(then, charge)
    },
    paid: (then, charge) => succeed(scene, box, charge, then),
  }
  scene.onDearer.push((title, then) => raisePrice(scene, box, title, then))
  const { customer, address } = person
  if (box.rebate) address.discounts = [applied(box.rebate, false)]
  customer.subscriptions_active_count = (customer.subscriptions_active_count as number) + contents.length
  customer.subscriptions_total_count = (customer.subscriptions_total_count as number) + contents.length
  chooseBundles(scene, box, at)
  const charge = scene.add('charges', chargeDraft(scene, box, at, easternDay(at), 'checkout'))
  succeed(scene, box, charge, at + 5 * SECOND)
}

/** Whether the charge was the last one. */
function endsWith(scene: Scene, box: Box, at: number): boolean {
  if (box.paysOnce) cancelBox(scene, box, at, { reason: null, comments: null, announced: false })
  else if (box.charged === box.expiresAfter) expire(scene, box, at)
  return box.state !== 'active'
}

function succeed(scene: Scene, box: Box, charge: Draft, at: number): void {
  const { random } = scene
  const { customer } = box.person
  const now = utcText(at)
  box.charge = undefined
  Object.assign(charge, {
    status: 'success',
    error: null,
    error_type: null,
    external_order_id: { ecommerce: random.digits(13) },
    external_transaction_id: { payment_processor: `ch_3Qmadeup${random.hex(10)}` },
    processed_at: now,
    retry_date: null,
    updated_at: now,
  })
  Object.assign(customer, {
    first_charge_processed_at: customer.first_charge_processed_at ?? now,
    subscription_related_charge_streak: (customer.subscription_related_charge_streak as number) + 1,
    updated_at: now,
  })
  for (const { onetime } of box.extras) Object.assign(onetime, { next_charge_scheduled_at: null, updated_at: now })
  box.extras = []
  const orders = placeOrders(scene, box, charge, at)
  perhapsNote(scene, 'charges', charge.id, at)
  for (const order of orders) perhapsNote(scene, 'orders', order.id, at)
  fixBundles(box, charge, orders, at)
  box.charged += 1
  if (endsWith(scene, box, at)) {
    perhapsRefund(scene, box, charge, orders, at)
    return
  }
  queueCharge(scene, box, at, nextChargeDay(box, easternDay(at)))
  chooseBundles(scene, box, at)
  perhapsRefund(scene, box, charge, orders, at)
  live(scene, box, at)
  touchSubscriptions(box, { updated_at: now })
}
