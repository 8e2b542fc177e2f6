import type { Draft, Json } from '../record.ts'
import { easternText, SECOND, utcText } from '../time.ts'
import { perhapsNote } from './metafields.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'

const FIRST = [
  'Marta',
  'Idris',
  'Noor',
  'Elio',
  'Wren',
  'Tomasz',
  'Anneke',
  'Kofi',
  'Solveig',
  'Ravi',
  'Zoë',
  'Björn',
] as const
const LAST = [
  'Oyelaran',
  'Fennimore',
  'Castellan',
  "O'Rahilly",
  'Vandermeer',
  'Łukasik',
  'Petrakis',
  'Haldane',
  'Quist',
] as const
const STREETS = [
  'Harbour Lane',
  'Mill Road',
  'Juniper Street',
  'Old Quarry Way',
  'Lantern Court',
  'Ninth Avenue',
] as const

/** The rates are made up, and differ so that taxes do. */
const PLACES = [
  { city: 'Portland', province: 'Oregon', zip: '97209', country_code: 'US', taxRate: 0 },
  { city: 'Sacramento', province: 'California', zip: '95814', country_code: 'US', taxRate: 0.0725 },
  { city: 'Burlington', province: 'Vermont', zip: '05401', country_code: 'US', taxRate: 0.07 },
  { city: 'Columbus', province: 'Ohio', zip: '43215', country_code: 'US', taxRate: 0.0575 },
  { city: 'Vancouver', province: 'British Columbia', zip: 'V6B 1A1', country_code: 'CA', taxRate: 0.12 },
] as const

export interface Person {
  readonly customer: Draft
  readonly address: Draft
  readonly card: Draft
  /** The address as charges and orders repeat it; replaced, never changed, when the customer moves. */
  place: Draft
  taxRate: number
  readonly currency: 'USD' | 'CAD'
}

export function person(scene: Scene, at: number): Person {
  const { random } = scene
  const customer = scene.add('customers', customerDraft(scene, at))
  const { place, taxRate } = somewhere(random, customer)
  const currency = scene.traits.isVaried && place.country_code === 'CA' ? 'CAD' : 'USD'
  const card = scene.add('payment_methods', cardDraft(scene, at + SECOND, customer, place))
  scene.add('payment_sources', source(card, customer))
  const address = scene.add('addresses', {
    id: scene.id('addresses'),
    customer_id: customer.id,
    payment_method_id: card.id,
    created_at: utcText(at + 2 * SECOND),
    discounts: [],
    is_gift: false,
    note_attributes: [],
    order_attributes: random.chance(0.1) ? [{ name: 'gate_code', value: random.digits(4) }] : [],
    order_note: random.chance(0.1) ? 'Leave at side door' : null,
    presentment_currency: currency,
    shipping_lines_conserved: [],
    shipping_lines_override: random.chance(0.03) ? [{ code: 'Free', price: '0.00', title: 'Loyalty shipping' }] : [],
    updated_at: utcText(at + 2 * SECOND),
    ...place,
  })
  perhapsNote(scene, 'customers', customer.id, at)
  perhapsNote(scene, 'addresses', address.id, at)
  return { customer, address, card, place, taxRate, currency }
}

export function somewhere(random: Random, customer: Draft): { place: Draft; taxRate: number } {
  const { taxRate, ...town } = random.pick(PLACES)
  const place: Draft = {
    address1: `${random.between(1, 400)} ${random.pick(STREETS)}`,
    address2: random.chance(0.2) ? `Apt ${random.between(1, 60)}` : null,
    company: null,
    first_name: customer.first_name,
    last_name: customer.last_name,
    phone: customer.phone,
    ...town,
  }
  return { place, taxRate }
}

function customerDraft(scene: Scene, at: number): Draft {
  const { random } = scene
  const id = scene.id('customers')
  const first = random.pick(FIRST)
  return {
    id,
    analytics_data: { utm_params: campaign(random, at) },
    apply_credit_to_next_checkout_charge: false,
    apply_credit_to_next_recurring_charge: random.chance(0.3),
    backup_payment_methods_enabled: null,
    can_add_payment_method: true,
    created_at: utcText(at),
    email: `${first
      .normalize('NFD')
      .replace(/[^a-zA-Z]/g, '')
      .toLowerCase()}.${id}@customers.example`,
    external_customer_id: { ecommerce: random.digits(13) },
    first_charge_processed_at: null,
    first_name: first,
    has_payment_method_in_dunning: false,
    has_valid_payment_method: true,
    hash: random.hex(16),
    last_name: random.pick(LAST),
    payment_method_fallback_on_failure_disabled: false,
    phone: random.chance(0.7) ? `+1503555${random.digits(4)}` : null,
    subscription_related_charge_streak: 0,
    subscriptions_active_count: 0,
    subscriptions_total_count: 0,
    tax_exempt: false,
    updated_at: utcText(at),
  }
}

/** Usually an array, once in a while the bare object. */
export function campaign(random: Random, at: number): Json {
  if (random.chance(0.6)) return []
  const params = {
    utm_campaign: random.pick(['autumn_refill', 'spring_launch', 'winback']),
    utm_content: random.chance(0.5) ? 'hero' : null,
    utm_data_source: 'website_cookie',
    utm_medium: random.pick(['email', 'social', 'cpc']),
    utm_source: random.pick(['newsletter', 'instagram', 'search']),
    utm_term: null,
    utm_timestamp: easternText(at - random.between(60, 90_000) * SECOND),
  }
  return random.chance(0.05) ? params : [params]
}

function cardDraft(scene: Scene, at: number, customer: Draft, place: Draft): Draft {
  const { random } = scene
  const paypal = random.chance(0.12)
  return {
    id: scene.id('payment_methods'),
    customer_id: customer.id,
    billing_address: { ...place, country: place.country_code === 'CA' ? 'Canada' : 'United States' },
    created_at: easternText(at),
    default: random.chance(0.05) ? null : true,
    include: {},
    payment_details: paypal ? {} : newCard(random),
    payment_type: random.chance(0.03) ? null : paypal ? 'PAYPAL' : 'CREDIT_CARD',
    processor_customer_token: `cus_madeup${random.hex(8)}`,
    processor_name: paypal ? 'braintree' : 'stripe',
    processor_payment_method_token: `pm_madeup${random.hex(8)}`,
    status: 'valid',
    status_reason: null,
    updated_at: easternText(at),
  }
}

export const newCard = (random: Random): Json => ({
  brand: random.pick(['visa', 'mastercard', 'amex']),
  exp_month: random.between(1, 12),
  exp_year: random.between(2027, 2031),
  last4: String(random.between(0, 9999)).padStart(4, '0'),
})

/** 2021-01 has another view of the same card, and names countries instead of giving their codes. */
function source(card: Draft, customer: Draft): Draft {
  const details = card.payment_details as Draft
  const { country_code: _, ...billing } = card.billing_address as Draft
  return {
    billing_address: billing,
    card_brand: details.brand ?? null,
    card_exp_month: details.exp_month ?? null,
    card_exp_year: details.exp_year ?? null,
    card_last4: details.last4 ?? null,
    cardholder_name: `${customer.first_name} ${customer.last_name}`,
    customer_id: customer.id,
    has_card_error_in_dunning: false,
    payment_type: card.payment_type === 'PAYPAL' ? 'paypal' : 'credit',
    processor_name: card.processor_name,
    status: null,
    status_reason: null,
  }
}
