import { rawNumber } from '../raw.ts'
import type { Draft } from '../record.ts'
import { DAY, easternText, utcText } from '../time.ts'
import { BOUGHT_ONCE, PRODUCTS, REBATES, SUBSCRIBED, type Variant } from './catalogue.ts'
import type { Scene } from './scene.ts'

const FREQUENCIES = [2, 4, 8] as const

/** What is on sale: set up before the first customer comes, and looked after since. */
export function stockUp(scene: Scene, opening: number): void {
  PRODUCTS.forEach((variant, i) => {
    scene.add('products', product(scene, variant, opening + i * 60_000, i))
  })
  for (const variant of PRODUCTS.filter(each => SUBSCRIBED.includes(each))) {
    FREQUENCIES.forEach((weeks, i) => {
      scene.add('plans', plan(scene, variant, weeks, i, opening))
    })
  }
  for (const [title, type] of [
    ['Beans', 'manual'],
    ['Tea', 'manual'],
    ['Brew gear', 'manual'],
  ] as const) {
    scene.add('collections', {
      id: 288_140 + scene.id('collections'),
      created_at: utcText(opening),
      description: title === 'Tea' ? null : `${title}, picked by hand`,
      manual_sort_order: title === 'Brew gear' ? BOUGHT_ONCE.map(({ productId }) => productId) : [],
      sort_order: title === 'Brew gear' ? 'manual' : 'title-asc',
      title,
      type,
      updated_at: utcText(sometimeSince(scene, opening)),
    })
  }
  for (const rebate of REBATES) {
    scene.add('discounts', {
      id: rebate.id,
      applies_to: { ids: [], purchase_item_type: 'SUBSCRIPTION', resource: null },
      channel_settings: channels('can_apply'),
      code: rebate.code,
      created_at: utcText(opening),
      ends_at: null,
      external_discount_id: { ecommerce: null },
      external_discount_source: null,
      prerequisite_subtotal_min: rebate.code === 'REFILL10' ? 25 : rebate.code === 'FIVEOFF' ? '30.00' : null,
      starts_at: utcText(opening + DAY),
      status: rebate.code === 'WELCOME15' ? 'disabled' : 'enabled',
      updated_at: utcText(sometimeSince(scene, opening)),
      usage_limits: {
        first_time_customer_restriction: rebate.code === 'WELCOME15' ? 'customer_must_not_exist_in_recharge' : false,
        max_subsequent_redemptions: null,
        one_application_per_customer: true,
      },
      value: (rebate.valueType === 'fixed_amount' ? rebate.value / 100 : rebate.value).toFixed(2),
      value_type: rebate.valueType,
    })
  }
}

function plan(scene: Scene, variant: Variant, weeks: number, order: number, opening: number): Draft {
  const { random } = scene
  // A plan taken off sale is marked, and stays in the list.
  const deleted = random.chance(0.1) ? utcText(sometimeSince(scene, opening)) : null
  // The plan that delivers most often gets cheaper after three charges.
  const discount = {
    recurring_discount_after_cycle: order === 0 ? 3 : null,
    recurring_discount_amount: order === 0 ? '15.00' : null,
    recurring_discount_type: order === 0 ? 'percentage' : null,
  }
  return {
    id: 19_422_000 + scene.id('plans'),
    channel_settings: { ...channels('display'), checkout_page_experiment: { display: false } },
    charge_creation_day_of_month: null,
    charge_creation_day_of_week: null,
    created_at: utcText(opening),
    deleted_at: deleted,
    discount_amount: random.chance(0.1) ? 10 : '10.00',
    discount_type: 'percentage',
    external_plan_group_id: random.digits(10),
    external_plan_id: random.digits(10),
    external_plan_name: `Deliver every ${weeks} weeks`,
    external_product_id: { ecommerce: variant.productId },
    external_variant_ids: [variant.variantId],
    has_variant_restrictions: false,
    max_queued_charges: 1,
    product_quantity: null,
    ...discount,
    sort_order: order,
    subscription_preferences: {
      apply_cutoff_date_to_checkout: false,
      charge_interval_frequency: weeks,
      cutoff_day_of_month: null,
      cutoff_day_of_week: null,
      expire_after_specific_number_of_charges: null,
      interval_unit: 'week',
      order_day_of_month: null,
      order_day_of_week: null,
      order_interval_frequency: weeks,
      pricing_progression: order === 0 ? [discount] : [],
    },
    title: `Every ${weeks} weeks, 10% off`,
    translations: order === 0 ? [{ language: 'fr', title: `Toutes les ${weeks} semaines, -10 %` }] : [],
    type: 'subscription',
    updated_at: deleted ?? utcText(sometimeSince(scene, opening)),
  }
}

/** In the 2021-01 shape, with its numbers of many forms. */
function product(scene: Scene, variant: Variant, at: number, i: number): Draft {
  return {
    id: 5_120_000 + scene.id('products'),
    collection_id: null,
    created_at: easternText(at),
    discount_amount: i % 3 === 0 ? rawNumber('0E-10') : i % 3 === 1 ? 10 : 7.5,
    discount_type: 'percentage',
    handle: variant.handle,
    images: variant.images,
    product_id: Number(variant.productId),
    shopify_product_id: Number(variant.productId),
    subscription_defaults: {
      apply_cutoff_date_to_checkout: false,
      charge_interval_frequency: 4,
      cutoff_day_of_month: null,
      cutoff_day_of_week: null,
      expire_after_specific_number_of_charges: null,
      modifiable_properties: [],
      number_charges_until_expiration: null,
      order_day_of_month: null,
      order_day_of_week: null,
      order_interval_frequency_options: FREQUENCIES.map(String),
      order_interval_unit: 'week',
      storefront_purchase_options: 'subscription_and_onetime',
    },
    title: variant.title,
    updated_at: easternText(sometimeSince(scene, at)),
  }
}

const channels = (right: 'display' | 'can_apply'): Draft => ({
  api: { [right]: right === 'display' },
  checkout_page: { [right]: true },
  customer_portal: { [right]: true },
  merchant_portal: { [right]: true },
})

const sometimeSince = (scene: Scene, opening: number): number => {
  const span = Math.max(0, scene.now - opening - DAY)
  return opening + Math.floor(scene.random.next() * span)
}
