import { asInt, deleted, fivetranView, from, synced } from '../../../src/schema/fivetran-view.ts'
import orders from '../../orders.ts'

export default fivetranView({
  name: 'order_line_item',
  doc: 'One line of an order.',
  of: orders,
  list: 'line_items',
  gone: 'left out',
  grain: ['order_id', 'index'],
  columns: {
    order_id: from('order_id'),
    _fivetran_deleted: deleted,
    index: from('index'),
    variant_title: from('variant_title'),
    title: from('title'),
    quantity: from('quantity'),
    grams: from('grams'),
    total_price: from('total_price'),
    unit_price: from('unit_price'),
    tax_due: from('tax_due'),
    taxable: from('taxable'),
    taxable_amount: from('taxable_amount'),
    unit_price_includes_tax: from('unit_price_includes_tax'),
    sku: from('sku'),
    external_product_id_ecommerce: asInt('external_product_id_ecommerce'),
    external_variant_id_ecommerce: asInt('external_variant_id_ecommerce'),
    purchase_item_id: from('purchase_item_id'),
    purchase_item_type: from('purchase_item_type'),
    _fivetran_synced: synced,
  },
})
