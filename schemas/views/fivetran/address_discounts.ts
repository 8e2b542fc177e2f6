import { deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import addresses from '../../addresses.ts'

export default fivetranView({
  name: 'address_discounts',
  doc: 'One discount of an address.',
  of: addresses,
  list: 'discounts',
  gone: 'kept',
  grain: ['address_id', 'index'],
  columns: {
    address_id: from('address_id'),
    index: from('index'),
    id: from('id'),
    _fivetran_deleted: deleted,
    _fivetran_synced: synced,
  },
})
