import { computed, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import charges from '../../charges.ts'

export default fivetranView({
  name: 'charge_order_attribute',
  doc: 'One extra name and value of a charge.',
  of: charges,
  list: 'order_attributes',
  gone: 'left out',
  grain: ['charge_id', 'index'],
  columns: {
    charge_id: from('charge_id'),
    index: from('index'),
    order_attribute: computed(
      'text',
      'The element as JSON text. Values are texts in it, because the warehouse keeps them as text.',
      `'{"name": ' || coalesce(cast(to_json(t.name) as text), 'null') || ', "value": ' || coalesce(cast(to_json(t.value) as text), 'null') || '}'`,
    ),
    _fivetran_synced: synced,
  },
})
