import { instant, int, money, required, sensitive, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'credit_accounts',
  singular: 'credit_account',
  doc: 'One balance of store credit that a customer can spend.',
  path: '/credit_accounts',
  list: 'credit_accounts',
  scopes: ['read_credit_accounts'],
  plan: 'Pro or Custom',
  optional: true,
  key: 'id',
  // Ranges of updated_at are named by one client model only, and a list without filters by one client.
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the credit account.')),
    customer_id: int('Id of the customer who owns the credit.'),
    available_balance: money('Credit left to spend, in currency_code.'),
    created_at: instant('When the account was opened.'),
    currency_code: text('ISO code of the currency of the account.'),
    expires_at: instant('When the credit expires; null if it does not.'),
    initial_value: money('Credit at the opening, in currency_code.'),
    name: text('Label of the account.'),
    // In Recharge's own client for storefronts [documented]; that this list has it too is [inferred].
    redemption_code: sensitive(text('Code that spends the balance.')),
    type: text('Kind of credit; the values are not documented.'),
    updated_at: instant('When the account last changed.'),
  },
})
