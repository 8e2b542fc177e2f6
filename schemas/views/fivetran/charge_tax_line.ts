import { fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import charges from '../../charges.ts'

export default fivetranView({
  name: 'charge_tax_line',
  doc: 'One tax of a charge.',
  of: charges,
  list: 'tax_lines',
  gone: 'left out',
  grain: ['charge_id', 'index'],
  columns: {
    charge_id: from('charge_id'),
    index: from('index'),
    price: from('price'),
    rate: from('rate'),
    title: from('title'),
    _fivetran_synced: synced,
  },
})
