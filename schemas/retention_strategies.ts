import { instant, int, oneOf, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'retention_strategies',
  singular: 'retention_strategy',
  doc: 'What the store offers a customer who is about to cancel for a given reason.',
  path: '/retention_strategies',
  list: 'retention_strategies',
  scopes: ['read_subscriptions'],
  optional: true,
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the strategy.')),
    cancellation_flow_type: oneOf(['subscription', 'membership'], text('What is being cancelled.')),
    created_at: instant('When the strategy was created.'),
    discount_code: text('Code of the discount offered, if the incentive is one.'),
    incentive_type: oneOf(['delay_subscription', 'discount', 'skip_charge', 'swap_product'], text('What is offered.')),
    prevention_text: text('Words shown to the customer with the offer.'),
    reason: text('Reason for cancelling that the strategy answers.'),
    updated_at: instant('When the strategy last changed.'),
  },
})
