import { deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import addresses from '../../addresses.ts'

export default fivetranView({
  name: 'address_shipping_line',
  doc: 'One manual shipping line in force of an address.',
  of: addresses,
  list: 'shipping_lines_override',
  gone: 'kept',
  grain: ['address_id', 'index'],
  columns: {
    address_id: from('address_id'),
    index: from('index'),
    price: from('price'),
    code: from('code'),
    title: from('title'),
    _fivetran_deleted: deleted,
    _fivetran_synced: synced,
  },
})
