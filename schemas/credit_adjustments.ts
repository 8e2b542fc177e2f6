import { anyText, instant, int, money, notPersonal, oneOf, references, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'credit_adjustments',
  singular: 'credit_adjustment',
  doc: 'One movement on a credit account: credit given or credit spent.',
  path: '/credit_adjustments',
  list: 'credit_adjustments',
  sort: 'updated_at-asc',
  scopes: ['read_credit_adjustments'],
  plan: 'Pro or Custom',
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  columns: {
    id: required(int('Recharge id of the adjustment.')),
    credit_account_id: references('credit_accounts', int('Id of the credit account that moved.')),
    amount: money('Size of the movement in currency_code, always positive; type gives the direction.'),
    created_at: instant('When the movement was booked.'),
    created_by_identifier: text('Label of whoever made the adjustment.', 'created_by.identifier'),
    created_by_resource_id: anyText(
      'Id of whoever made the adjustment; see created_by_type.',
      'created_by.resource_id',
    ),
    created_by_type: notPersonal(text('Kind of actor that made the adjustment.', 'created_by.type')),
    currency_code: notPersonal(text('ISO code of the currency of the amounts.')),
    ending_balance: money('Balance of the account after the movement, in currency_code.'),
    note: text('Reason given for the adjustment.'),
    type: oneOf(
      ['credit', 'debit'],
      text('Direction of the movement: credit adds to the balance, debit takes from it.'),
    ),
    updated_at: instant('When the adjustment last changed.'),
  },
})
