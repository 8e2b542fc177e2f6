import { fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import charges from '../../charges.ts'

export default fivetranView({
  name: 'charge_shipping_line',
  doc: 'One shipping method of a charge.',
  of: charges,
  list: 'shipping_lines',
  gone: 'left out',
  grain: ['charge_id', 'index'],
  columns: {
    charge_id: from('charge_id'),
    index: from('index'),
    price: from('price'),
    code: from('code'),
    title: from('title'),
    _fivetran_synced: synced,
  },
})
