import { instant, int, json, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'webhooks',
  singular: 'webhook',
  doc: 'A subscription of some endpoint to an event topic of the store.',
  path: '/webhooks',
  list: 'webhooks',
  scopes: [],
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the webhook.')),
    address: text('URL that Recharge calls.'),
    included_objects: json('Related objects that the payload brings along, as a list of names.'),
    topic: text('Event that triggers the call, such as charge/paid.'),
    version: text('API version whose shapes the payload follows.'),
    created_at: instant('When the webhook was registered.'),
    updated_at: instant('When the registration last changed.'),
  },
})
