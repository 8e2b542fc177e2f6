import { ALL, BOTH, type Endpoint, ID, UPDATED } from './endpoint.ts'
import {
  among,
  discount,
  elsewhere,
  externalOrderKnown,
  type Filters,
  idList,
  purchase,
  same,
  within,
} from './filter.ts'

const times: Filters = { ...within('created_at'), ...within('updated_at') }
const customer = { customer_id: same('customer_id') }
const customerInside = { customer_id: same('customer.id') }
const address = { address_id: same('address_id') }
const status = { status: same('status') }
const ids = { ids: idList }
const discounts = { discount_id: discount('id'), discount_code: discount('code') }
const product = { external_product_id: same('external_product_id.ecommerce') }
const variant = { external_variant_id: same('external_variant_id.ecommerce') }
const externalOrder = { external_order_id: same('external_order_id.ecommerce') }

/** Endpoints of customers and of what they buy. */
export const TRADE: readonly Endpoint[] = [
  {
    resource: 'addresses',
    path: '/addresses',
    versions: BOTH,
    scopes: ['read_customers', 'read_addresses'],
    sorts: [...ID, ...UPDATED],
    filters: { ...customer, ...discounts, ...ids, ...times },
    count: { ...customer, ...times },
    link: true,
  },
  {
    resource: 'charges',
    path: '/charges',
    versions: BOTH,
    scopes: ['read_orders', 'read_charges'],
    sorts: [...ALL, 'scheduled_at-asc', 'scheduled_at-desc'],
    filters: {
      ...address,
      ...customerInside,
      ...discounts,
      ...externalOrder,
      ...ids,
      ...within('processed_at'),
      ...within('scheduled_at'),
      scheduled_at: same('scheduled_at'),
      purchase_item_id: purchase,
      purchase_item_ids: purchase,
      ...status,
      ...times,
    },
    filters2021_01: {
      ...address,
      ...customerInside,
      ...discounts,
      ...ids,
      ...within('date', 'scheduled_at'),
      date: same('scheduled_at'),
      shopify_order_id: same('external_order_id.ecommerce'),
      subscription_id: purchase,
      ...status,
      ...times,
    },
    count: {
      ...address,
      ...customerInside,
      ...within('date', 'scheduled_at'),
      date: same('scheduled_at'),
      subscription_id: purchase,
      ...status,
    },
    link: true,
  },
  {
    resource: 'orders',
    path: '/orders',
    versions: BOTH,
    scopes: ['read_orders'],
    sorts: [...ALL, 'shipped_date-asc', 'shipped_date-desc', 'shipping_date-asc', 'shipping_date-desc'],
    filters: {
      ...address,
      ...customerInside,
      charge_id: same('charge.id'),
      external_customer_id: same('customer.external_customer_id.ecommerce'),
      ...externalOrder,
      has_external_order: externalOrderKnown,
      ...ids,
      purchase_item_id: purchase,
      ...within('scheduled_at'),
      ...status,
      type: same('type'),
      ...times,
    },
    count: {
      ...address,
      ...customerInside,
      charge_id: same('charge.id'),
      subscription_id: purchase,
      ...status,
      ...times,
    },
    link: true,
  },
  {
    resource: 'customers',
    path: '/customers',
    versions: BOTH,
    scopes: ['read_customers'],
    sorts: ALL,
    filters: {
      email: same('email'),
      external_customer_id: same('external_customer_id.ecommerce'),
      hash: same('hash'),
      ...ids,
      ...times,
    },
    count: { email: same('email'), ...times },
    link: true,
  },
  {
    resource: 'subscriptions',
    path: '/subscriptions',
    versions: BOTH,
    scopes: ['read_subscriptions'],
    sorts: ALL,
    filters: {
      ...address,
      address_ids: among('address_id'),
      ...customer,
      ...product,
      ...variant,
      ...ids,
      ...status,
      ...times,
    },
    count: { ...address, ...customer, ...status, ...times },
    link: true,
  },
  {
    resource: 'onetimes',
    path: '/onetimes',
    versions: BOTH,
    scopes: ['read_subscriptions', 'read_onetimes'],
    sorts: ALL,
    filters: {
      ...address,
      address_ids: among('address_id'),
      ...customer,
      ...variant,
      ...ids,
      include_cancelled: elsewhere,
      ...times,
    },
    filters2021_01: { ...address, ...customer, ...times },
  },
]
