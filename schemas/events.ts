import { anyText, instant, int, notPersonal, references, referencesBy, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'events',
  singular: 'event',
  doc: 'One thing that happened to a record, and who did it. The API reaches back 7 days: a longer pause leaves a gap.',
  path: '/events',
  list: 'events',
  scopes: ['read_events'],
  // The sources disagree: Pro says the author of a fix, any plan says the documentation of the same connector.
  plan: 'Pro, according to some',
  key: 'id',
  // No sort_by, and the order of the rows is not documented.
  sync: { mode: 'incremental', cursor: 'created_at', since: 'created_at_min', until: 'created_at_max', sorted: false },
  // Seen with object_type subscription and charge; the set of types is open [observed].
  deletionEvents: { type: 'object_type', key: 'object_id', verb: 'verb', gone: 'deleted', at: 'created_at' },
  retention: { days: 7, by: 'created_at', refuses: true },
  // No client reads an event by its id.
  retrieve: false,
  columns: {
    id: required(int('Recharge id of the event.')),
    customer_id: references('customers', int('Id of the customer concerned.')),
    object_id: referencesBy(
      'object_type',
      {
        address: 'addresses',
        bundle_selection: 'bundle_selections',
        charge: 'charges',
        customer: 'customers',
        discount: 'discounts',
        onetime: 'onetimes',
        order: 'orders',
        plan: 'plans',
        subscription: 'subscriptions',
      },
      int('Id of the record that the event happened to.'),
    ),
    object_type: notPersonal(text('Kind of that record, such as subscription or charge.')),
    verb: notPersonal(text('What happened, such as cancelled, deleted or failed.')),
    created_at: instant('When it happened; the API gives no offset, read as US Eastern.'),
    description: text('The event in a readable sentence.'),
    source_account_email: text('Email of the member of staff who did it.', 'source.account_email'),
    source_account_id: references('accounts', int('Id of the account of that member of staff.', 'source.account_id')),
    source_api_token_id: int('Id of the API token that did it.', 'source.api_token_id'),
    source_api_token_name: notPersonal(text('Name of the API token that did it.', 'source.api_token_name')),
    source_origin: notPersonal(text('Channel that it came through, such as api.', 'source.origin')),
    source_user_type: notPersonal(text('Kind of actor, such as customer.', 'source.user_type')),
  },
  children: {
    custom_attributes: child({
      doc: 'Extra names and values that come with the event.',
      from: 'custom_attributes',
      columns: {
        key: notPersonal(text('Name of the attribute.')),
        value: anyText('Value of the attribute.'),
      },
    }),
    updated_attributes: child({
      doc: 'Fields of the record that the event changed.',
      from: 'updated_attributes',
      columns: {
        attribute: notPersonal(text('Name of the field.')),
        previous_value: anyText('Value of the field before the change.'),
        value: anyText('Value of the field after the change.'),
      },
    }),
  },
})
