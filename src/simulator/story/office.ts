import type { Draft } from '../record.ts'
import { DAY, HOUR, MINUTE, utcText } from '../time.ts'
import type { Scene } from './scene.ts'

/** Id of the store. */
export const STORE = 148_820

const NAME = 'Kettle & Crane'
const DOMAIN = 'kettle-crane.example'
const SYMBOL: Draft = { currency: 'USD', location: 'before', suffix: ' USD', symbol: '$' }

/** The store itself, the people and programs that work with it. */
export function furnish(scene: Scene, opening: number): void {
  const founded = opening - 900 * DAY
  scene.add('store', storeDraft(founded, scene.now - 40 * DAY))
  scene.add('shop', shopDraft(founded, scene.now - 40 * DAY))
  countries(scene)
  for (let i = 0; i < 3; i += 1) {
    scene.add('accounts', {
      id: 50_120 + i,
      user_id: 30_911 + 7 * i,
      created_at: utcText(opening + i * DAY),
      invited_at: i === 0 ? null : utcText(opening + i * DAY - HOUR),
      is_owner: i === 0,
    })
  }
  for (const [i, topic] of ['charge/deleted', 'order/created', 'subscription/cancelled'].entries()) {
    scene.add('webhooks', {
      id: 220_418 + 3 * i,
      address: `https://hooks.${DOMAIN}/recharge`,
      included_objects: i === 0 ? ['customer'] : [],
      topic,
      version: '2021-11',
    })
  }
  const STRATEGIES = [
    ['discount', 'STAY15', 'Would 15% off the next box help?', 'Too expensive'],
    ['delay_subscription', null, 'Shall we come back in two months?', 'I already have more than I need'],
    ['swap_product', null, null, 'Found another roaster'],
  ] as const
  for (const [i, [incentive, code, text, reason]] of STRATEGIES.entries()) {
    scene.add('retention_strategies', {
      id: 30_211 + i,
      cancellation_flow_type: 'subscription',
      created_at: utcText(opening + 15 * DAY),
      discount_code: code,
      incentive_type: incentive,
      prevention_text: text,
      reason,
      updated_at: utcText(opening + (20 + i) * DAY),
    })
  }
  batches(scene, opening)
}

function batches(scene: Scene, opening: number): void {
  for (let i = 0; i < 4; i += 1) {
    const at = opening + (30 + 60 * i) * DAY + 10 * HOUR
    if (at + HOUR > scene.now) return
    const tasks = scene.random.between(5, 60)
    const failed = i === 2 ? 3 : 0
    const id = 81_120 + i
    scene.add('async_batches', {
      id,
      batch_type: i === 1 ? 'bulk_plans_update' : 'discount_create',
      closed_at: utcText(at + 5 * MINUTE),
      created_at: utcText(at),
      deleted_at: null,
      fail_task_count: failed,
      status: 'completed',
      submitted_at: utcText(at + MINUTE),
      success_task_count: tasks - failed,
      total_task_count: tasks,
      updated_at: utcText(at + 5 * MINUTE),
      version: '2021-11',
    })
    for (let task = 0; task < tasks; task += 1) scene.add('async_batch_tasks', taskDraft(scene, id, at, task < failed))
  }
}

function taskDraft(scene: Scene, batch: number, at: number, failed: boolean): Draft {
  const id = 990_000 + scene.id('async_batch_tasks')
  return {
    id,
    batch_id: batch,
    body: { code: `VIP-${id}`, value: '15.00', value_type: 'percentage' },
    completed_at: utcText(at + 2 * MINUTE),
    created_at: utcText(at),
    deleted_at: null,
    queued_at: utcText(at + MINUTE),
    result: failed
      ? { status_code: 422, output: { errors: { code: ['already taken'] } } }
      : { status_code: 201, output: { discount: { id: 71_900_000 + id } } },
    started_at: utcText(at + 90_000),
    status: failed ? 'failed' : 'success',
    updated_at: utcText(at + 2 * MINUTE),
  }
}

function countries(scene: Scene): void {
  const places = [
    [
      'CA',
      'Canada',
      [
        ['BC', 'British Columbia'],
        ['ON', 'Ontario'],
      ],
    ],
    [
      'US',
      'United States',
      [
        ['OR', 'Oregon'],
        ['CA', 'California'],
        ['VT', 'Vermont'],
        ['OH', 'Ohio'],
      ],
    ],
  ] as const
  for (const [i, [code, name, provinces]] of places.entries()) {
    scene.add('shipping_countries', {
      id: 91 + i,
      code,
      country_id: 38 + 190 * i,
      name,
      provinces: provinces.map(([short, long], k) => ({ id: 10 * i + k + 1, code: short, name: long })),
    })
  }
}

const storeDraft = (founded: number, changed: number): Draft => ({
  id: STORE,
  checkout_logo_url: null,
  checkout_platform: 'shopify',
  created_at: utcText(founded),
  currency: 'USD',
  customer_portal_base_url: `https://${DOMAIN}/tools/recurring`,
  default_api_version: '2021-01',
  disabled_currencies_historical: [],
  email: `ops@${DOMAIN}`,
  enabled_presentment_currencies: ['USD', 'CAD'],
  enabled_presentment_currencies_symbols: [SYMBOL],
  external_platform: 'shopify',
  identifier: 'kettle-crane',
  merchant_portal_base_url: `https://kettle-crane-sp.admin.example`,
  name: NAME,
  phone: '5035550100',
  timezone: { iana_name: 'America/Los_Angeles', name: '(GMT-08:00) America/Los_Angeles' },
  updated_at: utcText(changed),
  weight_unit: 'g',
})

/** The same store in the form of 2021-01: numbers for booleans, dates as in an HTTP header. */
const shopDraft = (founded: number, changed: number): Draft => ({
  id: STORE,
  allow_customers_to_skip_delivery: 1,
  checkout_logo_url: null,
  created_at: new Date(founded).toUTCString(),
  currency: 'USD',
  customer_portal_domain: '',
  disabled_currencies_historical: [],
  domain: DOMAIN,
  email: `ops@${DOMAIN}`,
  enabled_presentment_currencies: ['USD', 'CAD'],
  enabled_presentment_currencies_symbols: [SYMBOL],
  external_platform: 'shopify',
  iana_timezone: 'America/Los_Angeles',
  my_shopify_domain: `kettle-crane.shop.example`,
  name: NAME,
  payment_processor: 'stripe',
  platform_domain: DOMAIN,
  shop_email: `ops@${DOMAIN}`,
  shop_phone: '5035550100',
  subscriptions_enabled: 1,
  test_mode: false,
  timezone: '(GMT-08:00) America/Los_Angeles',
  updated_at: new Date(changed).toUTCString(),
})
