import { anyText, instant, int, notPersonal, oneOf, referencesBy, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'metafields',
  singular: 'metafield',
  doc: 'One custom value attached to a record. Owners that the token may not read are missing.',
  path: '/metafields',
  list: 'metafields',
  // It has no filter by time. Sorted by id, because an id does not change while the pages are read. One connector sends
  // sort_by here; one client is not sure that it works.
  sort: 'id-asc',
  // Each kind of owner has its own, below.
  scopes: [],
  key: 'id',
  // The API lists one kind of owner at a time and refuses a request that names none.
  each: {
    parameter: 'owner_resource',
    values: {
      address: ['read_customers', 'read_addresses'],
      charge: ['read_orders', 'read_charges'],
      customer: ['read_customers'],
      order: ['read_orders'],
      store: ['store_info', 'read_store'],
      subscription: ['read_subscriptions'],
    },
  },
  sync: { mode: 'full' },
  // It is not known whether the API lists the metafields of a charge that is past its retention [unknown].
  deletions: { absence: 'scan', except: { column: 'owner_resource', value: 'charge' } },
  columns: {
    id: required(int('Recharge id of the metafield.')),
    owner_id: referencesBy(
      'owner_resource',
      {
        address: 'addresses',
        charge: 'charges',
        customer: 'customers',
        order: 'orders',
        store: 'store',
        subscription: 'subscriptions',
      },
      int('Id of the record that the value is attached to.'),
    ),
    owner_resource: oneOf(
      ['address', 'charge', 'customer', 'order', 'store', 'subscription'],
      text('Kind of that record.'),
    ),
    created_at: instant('When the metafield was created; the API gives no offset, read as US Eastern.'),
    description: text('What the value is for, in words of its author.'),
    key: notPersonal(text('Name of the value inside its namespace.')),
    namespace: notPersonal(text('Group that the name belongs to, often the app that writes it.')),
    updated_at: instant('When the metafield last changed; the API gives no offset, read as US Eastern.'),
    value: anyText('The value as text, also where value_type says otherwise.'),
    value_type: oneOf(['string', 'integer', 'json_string'], text('How to read value.')),
  },
})
