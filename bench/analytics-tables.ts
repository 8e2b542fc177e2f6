/* The tables of a store for the views, made by SQL that both databases read. */

type Query = (sql: string) => Promise<unknown>

export interface Size {
  readonly customers: number
  readonly subscriptions: number
  readonly orders: number
}

const CUSTOMER = 200_000_000
const SUBSCRIPTION = 640_000_000
const CHARGE = 1_000_000_000
const NOW = `timestamptz '2026-11-20 12:00:00+00'`
/** Versions of each subscription, 60 days apart. */
const VERSIONS = 5

const wide = (bytes: number): string => `repeat(md5(cast(i as text)), ${bytes / 32})`
/** Whole number of tens below. */
const tens = '((i - i % 10) / 10)'

/**
 * Fills the tables of customers, subscriptions with their versions, orders and charges. Customers come over three years, 45 %
 * of the subscriptions have ended, one in twenty is prepaid or in another currency, and one in seven had another price in
 * its first orders. All ten orders of a subscription are spread over its life.
 */
export async function fillAnalytics(
  query: Query,
  schema: string,
  { customers, subscriptions, orders }: Size,
): Promise<void> {
  const fill = (table: string, values: Record<string, string>, from: string, system = true): Promise<unknown> => {
    const all = system ? { ...values, _synced_at: NOW, _hash: 'i' } : values
    return query(
      `insert into ${schema}.${table} (${Object.keys(all).map(name => `"${name}"`)}) select ${Object.values(all)} from ${from}`,
    )
  }
  const series = (count: number): string =>
    `(select cast(n as bigint) as i from generate_series(0, ${count - 1}) as g (n)) as g`
  const created = `(timestamptz '2023-12-01 12:00:00+00' + ((i * 7919 + 13) % 1080) * interval '24 hours' + (i % 600) * interval '1 minute')`
  const ended = `least(${created} + (20 + (i * 104729) % 600) * interval '24 hours', ${NOW} - interval '24 hours')`
  const isActive = '(i * 31 + 7) % 100 < 55'
  await query(
    `insert into ${schema}._sync_checkpoints (stream, version, watermark) values ('subscriptions', 1, ${NOW})`,
  )
  await fill('store', { id: '1', currency: `'USD'` }, series(1))
  await fill(
    'customers',
    {
      id: `${CUSTOMER} + i`,
      email: `'c' || i || '@example.net'`,
      created_at: created,
      subscriptions_active_count: '1',
    },
    series(customers),
  )
  await fill(
    'subscriptions',
    {
      id: `${SUBSCRIPTION} + i`,
      customer_id: `${CUSTOMER} + i % ${customers}`,
      address_id: '1 + i',
      created_at: created,
      updated_at: `case when ${isActive} then ${NOW} - (i % 30) * interval '24 hours' else ${ended} end`,
      cancelled_at: `case when not (${isActive}) then ${ended} end`,
      cancellation_reason: `case when ${isActive} then null when i % 4 = 0 then 'Max number of charge attempts reached' when i % 4 = 1 then 'Too expensive' else 'Other reason' end`,
      status: `case when ${isActive} then 'active' when (i * 31 + 7) % 100 < 95 then 'cancelled' else 'expired' end`,
      price: '10 + ((i * 17) % 20) * 1.25',
      quantity: '1 + i % 3',
      order_interval_unit: `case when i % 10 < 6 then 'week' when i % 10 < 9 then 'month' else 'day' end`,
      order_interval_frequency: 'case when i % 10 < 6 then 2 + 2 * (i % 4) when i % 10 < 9 then 1 + i % 3 else 30 end',
      charge_interval_frequency: `(case when i % 20 = 0 then 3 else 1 end) * (case when i % 10 < 6 then 2 + 2 * (i % 4) when i % 10 < 9 then 1 + i % 3 else 30 end)`,
      is_prepaid: 'i % 20 = 0',
      presentment_currency: `case when i % 20 = 3 then 'CAD' else 'USD' end`,
      external_product_id_ecommerce: `cast(i % 40 as text)`,
      external_variant_id_ecommerce: `cast(i % 120 as text)`,
      sku: `'SKU-' || i % 120`,
      product_title: `'Coffee ' || i % 40`,
      variant_title: `'Bag ' || i % 3`,
      next_charge_scheduled_at: `case when ${isActive} then date '2026-11-21' + cast(i % 30 as integer) end`,
    },
    series(subscriptions),
  )
  const terms = [
    'address_id',
    'cancellation_reason',
    'charge_interval_frequency',
    'created_at',
    'customer_id',
    'external_product_id_ecommerce',
    'external_variant_id_ecommerce',
    'id',
    'is_prepaid',
    'next_charge_scheduled_at',
    'order_interval_frequency',
    'order_interval_unit',
    'presentment_currency',
    'product_title',
    'quantity',
    'sku',
    'variant_title',
  ]
  const since = (v: string): string => `s.updated_at - (${VERSIONS - 1} - ${v}) * interval '1440 hours'`
  await query(`insert into ${schema}.subscriptions__history (${terms}, updated_at, cancelled_at, status, price, valid_from, valid_to, _hash)
    select ${terms.map(name => `s.${name}`)}, ${since('v.n')}, case when v.n = ${VERSIONS - 1} then s.cancelled_at end,
      case when v.n = ${VERSIONS - 1} then s.status else 'active' end, s.price - case when v.n < 2 and s.id % 8 = 0 then 1 else 0 end,
      ${since('v.n')}, case when v.n < ${VERSIONS - 1} then ${since('v.n + 1')} end, v.n
    from ${schema}.subscriptions as s cross join generate_series(0, ${VERSIONS - 1}) as v (n)`)
  const perSubscription = orders / subscriptions
  if (perSubscription !== 10) throw new Error('a subscription has ten orders')
  const owned = `${series(orders)} join ${schema}.subscriptions as s on s.id = ${SUBSCRIPTION} + ${tens}`
  const lifeDays = `(cast(coalesce(s.cancelled_at, ${NOW}) as date) - cast(s.created_at as date))`
  // The tenth part of a day has 144 minutes.
  const billed = `s.created_at + (i % 10) * ${lifeDays} * interval '144 minutes'`
  const price = `s.price - case when s.id % 7 = 0 and i % 10 < 5 then 2 else 0 end`
  const totals = {
    total_line_items_price: `(${price}) * s.quantity`,
    total_discounts: `case when i % 4 = 0 then 2 else 0 end`,
    subtotal_price: `(${price}) * s.quantity - case when i % 4 = 0 then 2 else 0 end`,
    total_tax: '1.5',
    total_price: `(${price}) * s.quantity - case when i % 4 = 0 then 2 else 0 end + 1.5`,
    total_refunds: `case when i % 50 = 0 then 3 else 0 end`,
    currency: 's.presentment_currency',
    customer_id: 's.customer_id',
    type: `case when i % 10 = 0 then 'checkout' else 'recurring' end`,
    note: wide(480),
  }
  await fill(
    'orders',
    {
      ...totals,
      id: `${CHARGE} + i`,
      charge_id: `${CHARGE} + case when s.is_prepaid then i - i % 3 else i end`,
      created_at: billed,
      processed_at: billed,
      updated_at: billed,
      scheduled_on: `cast(${billed} as date)`,
      status: `case when i % 97 = 0 then 'error' when i % 89 = 0 then 'cancelled' else 'success' end`,
      is_prepaid: 's.is_prepaid',
    },
    owned,
  )
  await fill(
    'charges',
    {
      ...totals,
      id: `${CHARGE} + i`,
      created_at: billed,
      updated_at: billed,
      processed_at: `case when i % 97 > 0 then ${billed} end`,
      scheduled_at: `cast(${billed} as date)`,
      status: `case when i % 97 = 0 then 'error' when i % 50 = 0 then 'partially_refunded' else 'success' end`,
      error_type: `case when i % 194 = 0 then 'CLOSED_MAX_RETRIES_REACHED' when i % 97 = 0 then 'CUSTOMER_NEEDS_TO_UPDATE_CARD' end`,
      charge_attempts: 'case when i % 97 = 0 then 8 when i % 23 = 0 then 2 end',
      orders_count: 'case when s.is_prepaid then 3 else 1 end',
    },
    owned,
  )
  const queued = `${series(subscriptions)} join ${schema}.subscriptions as s on s.id = ${SUBSCRIPTION} + i where s.status = 'active'`
  await fill(
    'charges',
    {
      ...totals,
      id: `${CHARGE} + ${orders} + i`,
      created_at: NOW,
      updated_at: NOW,
      scheduled_at: 's.next_charge_scheduled_at',
      status: `'queued'`,
      orders_count: '0',
    },
    queued,
  )
  const line = {
    index: '0',
    purchase_item_id: 's.id',
    purchase_item_type: `'subscription'`,
    external_product_id_ecommerce: 's.external_product_id_ecommerce',
    external_variant_id_ecommerce: 's.external_variant_id_ecommerce',
    original_price: price,
    unit_price: price,
    quantity: 's.quantity',
    sku: 's.sku',
    title: 's.product_title',
    variant_title: 's.variant_title',
    total_price: `(${price}) * s.quantity`,
    handle: wide(160),
  }
  await fill('orders__line_items', { ...line, order_id: `${CHARGE} + i` }, owned, false)
  await fill('charges__line_items', { ...line, charge_id: `${CHARGE} + i` }, owned, false)
  await fill('charges__line_items', { ...line, charge_id: `${CHARGE} + ${orders} + i` }, queued, false)
  // One order in five has something else in it.
  const extra = {
    ...line,
    index: '1',
    purchase_item_id: '900000000 + i',
    purchase_item_type: `'onetime'`,
    original_price: '9.5',
    unit_price: '9.5',
    quantity: '1',
    total_price: '9.5',
    sku: `'MUG'`,
  }
  await fill('orders__line_items', { ...extra, order_id: `${CHARGE} + i` }, `${owned} where i % 5 = 0`, false)
  await fill('charges__line_items', { ...extra, charge_id: `${CHARGE} + i` }, `${owned} where i % 5 = 0`, false)
}
