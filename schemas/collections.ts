import { instant, int, oneOf, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'collections',
  singular: 'collection',
  doc: 'One group of products, from which for example the contents of a bundle are chosen.',
  path: '/collections',
  list: 'collections',
  // No filter by time is documented. Sorted by id, because an id does not change while the pages are read.
  sort: 'id-asc',
  scopes: ['read_products'],
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the collection.')),
    created_at: instant('When the collection was created.'),
    description: text('Description of the collection.'),
    name: text('Older name of the field title; normally null.'),
    sort_order: oneOf(
      ['id-asc', 'id-desc', 'created_at-asc', 'created_at-desc', 'title-asc', 'title-desc', 'manual'],
      text('Order of the products inside; manual: that of the list manual_sort_order.'),
    ),
    title: text('Name of the collection.'),
    type: oneOf(['manual', 'automatic'], text('How the collection is filled.')),
    updated_at: instant('When the collection last changed.'),
  },
  children: {
    manual_sort_order: child({
      doc: 'Products of the collection in the order in which somebody put them: index is the place of each.',
      from: 'manual_sort_order',
      element: 'external_product_id',
      columns: {
        external_product_id: text('Product id in the commerce platform.'),
      },
    }),
  },
})
