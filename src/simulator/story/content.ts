import { utcText } from '../time.ts'
import type { Content, Interval } from './box.ts'
import { SUBSCRIBED } from './catalogue.ts'
import { perhapsNote } from './metafields.ts'
import { amount } from './money.ts'
import { offered } from './offer.ts'
import { campaign, type Person } from './people.ts'
import type { Scene } from './scene.ts'

export interface SubscriptionTerms {
  readonly interval: Interval
  readonly deliveries: number
  readonly expiresAfter: number | null
}

/** A subscription of a customer, as part of a box. */
export function subscribed(scene: Scene, person: Person, at: number, terms: SubscriptionTerms): Content {
  const { customer, address, currency } = person
  const { interval, deliveries, expiresAfter } = terms
  const { random } = scene
  const variant = offered(scene, random.pick(SUBSCRIBED), person)
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
    charge_interval_frequency: interval.every * deliveries,
    created_at: utcText(at),
    expire_after_specific_number_of_charges: expiresAfter,
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
    order_interval_frequency: interval.every,
    order_interval_unit: interval.unit,
    presentment_currency: currency,
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
