import { instant, int, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

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
    sort_order: text('Order of the products inside, such as id-asc, title-desc or created_at-asc.'),
    title: text('Name of the collection.'),
    type: text('How the collection is filled, such as manual.'),
    updated_at: instant('When the collection last changed.'),
  },
})
