import { asInt, deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import onetimes from '../../onetimes.ts'

export default fivetranView({
  name: 'one_time_product',
  doc: 'One product added to a charge once. Those that are gone stay, marked by _fivetran_deleted.',
  of: onetimes,
  gone: 'kept',
  grain: ['id'],
  columns: {
    id: from('id'),
    address_id: from('address_id'),
    customer_id: from('customer_id'),
    created_at: from('created_at'),
    updated_at: from('updated_at'),
    next_charge_scheduled_at: from('next_charge_scheduled_at'),
    product_title: from('product_title'),
    variant_title: from('variant_title'),
    price: from('price'),
    quantity: from('quantity'),
    external_product_id_ecommerce: asInt('external_product_id_ecommerce'),
    external_variant_id_ecommerce: asInt('external_variant_id_ecommerce'),
    sku: from('sku'),
    _fivetran_deleted: deleted,
    _fivetran_synced: synced,
  },
})
