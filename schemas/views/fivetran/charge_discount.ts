import { fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import charges from '../../charges.ts'

export default fivetranView({
  name: 'charge_discount',
  doc: 'One discount of a charge.',
  of: charges,
  list: 'discounts',
  gone: 'left out',
  grain: ['charge_id', 'index'],
  columns: {
    charge_id: from('charge_id'),
    index: from('index'),
    id: from('id'),
    code: from('code'),
    value: from('value'),
    value_type: from('value_type'),
    _fivetran_synced: synced,
  },
})
