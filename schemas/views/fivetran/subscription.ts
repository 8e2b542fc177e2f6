import { asInt, deleted, type FivetranColumn, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import subscriptions from '../../subscriptions.ts'

/** The columns of a subscription and of its versions, but for the name of the id. */
export const SUBSCRIPTION: Readonly<Record<string, FivetranColumn>> = {
  address_id: from('address_id'),
  customer_id: from('customer_id'),
  created_at: from('created_at'),
  cancelled_at: from('cancelled_at'),
  next_charge_scheduled_at: from('next_charge_scheduled_at'),
  price: from('price'),
  quantity: from('quantity'),
  cancellation_reason: from('cancellation_reason'),
  status: from('status'),
  cancellation_reason_comments: from('cancellation_reason_comments'),
  product_title: from('product_title'),
  variant_title: from('variant_title'),
  external_product_id_ecommerce: asInt('external_product_id_ecommerce'),
  external_variant_id_ecommerce: asInt('external_variant_id_ecommerce'),
  sku: from('sku'),
  order_interval_unit: from('order_interval_unit'),
  order_interval_frequency: from('order_interval_frequency'),
  charge_interval_frequency: from('charge_interval_frequency'),
  order_day_of_week: from('order_day_of_week'),
  order_day_of_month: from('order_day_of_month'),
  expire_after_specific_number_of_charges: from('expire_after_specific_number_of_charges'),
  updated_at: from('updated_at'),
  _fivetran_deleted: deleted,
  _fivetran_synced: synced,
}

export default fivetranView({
  name: 'subscription',
  doc: 'One subscription. Subscriptions that are gone stay, marked by _fivetran_deleted.',
  of: subscriptions,
  gone: 'kept',
  grain: ['id'],
  columns: { id: from('id'), ...SUBSCRIPTION },
})
