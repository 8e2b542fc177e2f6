import { absent, asText, deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import addresses from '../../addresses.ts'

export default fivetranView({
  name: 'address',
  doc: 'One delivery address. Addresses that are gone stay, marked by _fivetran_deleted.',
  of: addresses,
  gone: 'kept',
  grain: ['id'],
  columns: {
    id: from('id'),
    customer_id: from('customer_id'),
    first_name: from('first_name'),
    last_name: from('last_name'),
    address_1: from('address1'),
    address_2: from('address2'),
    city: from('city'),
    province: from('province'),
    country_code: from('country_code'),
    country: absent('text', 'Country as a name; see country_code.'),
    zip: from('zip'),
    company: from('company'),
    phone: from('phone'),
    created_at: from('created_at'),
    updated_at: from('updated_at'),
    payment_method_id: asText('payment_method_id'),
    _fivetran_deleted: deleted,
    _fivetran_synced: synced,
  },
})
