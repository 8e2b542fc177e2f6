import { asInt, deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import orders from '../../orders.ts'

export default fivetranView({
  name: 'orders',
  doc: 'One order. Orders that are gone are left out: a queued order may be planned anew, and would count twice.',
  of: orders,
  gone: 'left out',
  grain: ['id'],
  columns: {
    id: from('id'),
    customer_id: from('customer_id'),
    address_id: from('address_id'),
    charge_id: from('charge_id'),
    _fivetran_deleted: deleted,
    email: from('customer_email'),
    transaction_id: from('charge_external_transaction_id_payment_processor'),
    charge_status: from('charge_status'),
    is_prepaid: from('is_prepaid'),
    status: from('status'),
    total_price: from('total_price'),
    type: from('type'),
    external_order_id_ecommerce: from('external_order_id_ecommerce'),
    external_order_number_ecommerce: asInt('external_order_number_ecommerce'),
    created_at: from('created_at'),
    updated_at: from('updated_at'),
    processed_at: from('processed_at'),
    scheduled_at: from('scheduled_on'),
    shipped_date: from('shipped_date'),
    _fivetran_synced: synced,
  },
})
