import { absent, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import discounts from '../../discounts.ts'

export default fivetranView({
  name: 'discount',
  doc: 'One discount of the store. Discounts that are gone stay, because charges name them.',
  of: discounts,
  gone: 'kept',
  grain: ['id'],
  columns: {
    id: from('id'),
    created_at: from('created_at'),
    updated_at: from('updated_at'),
    starts_at: from('starts_at'),
    ends_at: from('ends_at'),
    code: from('code'),
    value: from('value'),
    status: from('status'),
    usage_limits: absent('int', 'Number of uses allowed.'),
    applies_to: absent('text', 'What the discount applies to; see the columns beside it.'),
    applies_to_resource: from('applies_to_resource'),
    applies_to_product_type: from('applies_to_purchase_item_type'),
    minimum_order_amount: from('prerequisite_subtotal_min'),
    _fivetran_synced: synced,
  },
})
