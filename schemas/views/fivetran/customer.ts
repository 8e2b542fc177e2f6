import { absent, asInt, deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import customers from '../../customers.ts'

export default fivetranView({
  name: 'customer',
  doc: 'One customer. Customers who are gone stay, marked by _fivetran_deleted, and models that leave them out lose their past revenue.',
  of: customers,
  gone: 'kept',
  grain: ['id'],
  columns: {
    id: from('id'),
    hash: from('hash'),
    external_customer_id_ecommerce: asInt('external_customer_id_ecommerce'),
    email: from('email'),
    created_at: from('created_at'),
    updated_at: from('updated_at'),
    first_charge_processed_at: from('first_charge_processed_at'),
    first_name: from('first_name'),
    last_name: from('last_name'),
    subscriptions_active_count: from('subscriptions_active_count'),
    subscriptions_total_count: from('subscriptions_total_count'),
    has_valid_payment_method: from('has_valid_payment_method'),
    has_payment_method_in_dunning: from('has_payment_method_in_dunning'),
    tax_exempt: from('tax_exempt'),
    billing_first_name: absent('text', 'Given name on the billing address.'),
    billing_last_name: absent('text', 'Family name on the billing address.'),
    billing_company: absent('text', 'Company on the billing address.'),
    billing_city: absent('text', 'City of the billing address.'),
    billing_country: absent('text', 'Billing country.'),
    _fivetran_deleted: deleted,
    _fivetran_synced: synced,
  },
})
