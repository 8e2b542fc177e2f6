import type { Draft } from '../record.ts'
import { easternDay, SECOND, utcText } from '../time.ts'
import { type Box, type Content, daysBetweenCharges, touchSubscriptions } from './box.ts'
import { chooseBundles, fixBundles } from './bundle.ts'
import { applied, REBATES, SUBSCRIBED } from './catalogue.ts'
import { chargeDraft, queueCharge } from './charge.ts'
import { decline } from './dunning.ts'
import { live } from './habits.ts'
import { perhapsNote } from './metafields.ts'
import { amount } from './money.ts'
import { placeOrders } from './order.ts'
import { campaign, type Person } from './people.ts'
import { perhapsRefund } from './refund.ts'
import type { Scene } from './scene.ts'

const DECLINED = 0.06

/** A customer subscribes: the first charge is paid at checkout, the next one is queued at once. */
export function subscribe(scene: Scene, person: Person, at: number): void {
  const { random } = scene
  const weeks = random.pick([2, 4, 4, 4, 8])
  const deliveries = random.chance(0.08) ? 3 : 1
  const contents = Array.from({ length: random.chance(0.25) ? 2 : 1 }, (_, i) =>
    content(scene, person, at + (i + 1) * SECOND, weeks, deliveries),
  )
  const box: Box = {
    person,
    contents,
    extras: [],
    weeks,
    deliveries,
    rebate: random.chance(0.25) ? random.pick(REBATES) : undefined,
    charge: undefined,
    state: 'active',
    renew: (then, charge) => {
      if (random.chance(DECLINED)) decline(scene, box, charge, then)
      else box.paid(then, charge)
    },
    paid: (then, charge) => succeed(scene, box, charge, then),
  }
  const { customer, address } = person
  if (box.rebate) address.discounts = [applied(box.rebate, false)]
  customer.subscriptions_active_count = (customer.subscriptions_active_count as number) + contents.length
  customer.subscriptions_total_count = (customer.subscriptions_total_count as number) + contents.length
  chooseBundles(scene, box, at)
  const charge = scene.add('charges', chargeDraft(scene, box, at, easternDay(at), 'checkout'))
  succeed(scene, box, charge, at + 5 * SECOND)
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
  queueCharge(scene, box, at, easternDay(at) + daysBetweenCharges(box))
  chooseBundles(scene, box, at)
  perhapsRefund(scene, box, charge, orders, at)
  live(scene, box, at)
  touchSubscriptions(box, { updated_at: now })
}

function content(scene: Scene, { customer, address }: Person, at: number, weeks: number, deliveries: number): Content {
  const { random } = scene
  const variant = random.pick(SUBSCRIBED)
  const quantity = random.pick([1, 1, 1, 2, 2, 3])
  const prepaid = deliveries > 1
  const subscription = scene.add('subscriptions', {
    id: scene.id('subscriptions'),
    address_id: address.id,
    customer_id: customer.id,
    analytics_data: { utm_params: campaign(random, at) },
    cancellation_reason: null,
    cancellation_reason_comments: null,
    cancelled_at: null,
    charge_interval_frequency: weeks * deliveries,
    created_at: utcText(at),
    expire_after_specific_number_of_charges: null,
    external_product_id: { ecommerce: variant.productId },
    external_variant_id: { ecommerce: variant.variantId },
    has_queued_charges: true,
    is_digital: false,
    is_prepaid: random.chance(0.05) ? Number(prepaid) : prepaid,
    is_skippable: true,
    is_swappable: !variant.bundle,
    max_retries_reached: false,
    next_charge_scheduled_at: null,
    order_day_of_month: null,
    order_day_of_week: random.chance(0.2) ? random.between(0, 6) : null,
    order_interval_frequency: weeks,
    order_interval_unit: 'week',
    presentment_currency: 'USD',
    price: amount(variant.price * deliveries),
    product_title: variant.title,
    properties: random.chance(0.3) ? [{ name: 'Grind', value: random.pick(['Whole bean', 'Filter', 3]) }] : [],
    quantity,
    sku: variant.sku === '' ? null : variant.sku,
    sku_override: false,
    status: 'active',
    updated_at: utcText(at),
    variant_title: variant.variantTitle,
  })
  const { id } = subscription
  perhapsNote(scene, 'subscriptions', id, at)
  const says = `Created subscription #${id}`
  scene.happened(at, { verb: 'created', type: 'subscription', id, customer: customer.id, says, origin: 'customer' })
  return { subscription, variant, quantity, selection: undefined }
}
