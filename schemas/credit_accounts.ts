import {
  alsoFrom,
  flag,
  instant,
  int,
  money,
  notPersonal,
  oneOf,
  references,
  required,
  sensitive,
  text,
} from '../src/schema/column.ts'
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
    customer_id: references('customers', int('Id of the customer who owns the credit.')),
    store_id: references('store', int('Id of the store.')),
    api_client_id: int('Id of the program that opened the account.'),
    api_client_restricted: flag('Whether only that program may change the account.'),
    available_balance: money('Credit left to spend, in currency_code.'),
    available_balance_set_store_default_currency_amount: money(
      'Credit left to spend, in the currency of the store.',
      'available_balance_set.store_default_currency.amount',
    ),
    available_balance_set_store_default_currency_currency_code: notPersonal(
      text('ISO code of the currency of the store.', 'available_balance_set.store_default_currency.currency_code'),
    ),
    available_balance_set_presentment_currency_amount: money(
      'Credit left to spend, in the currency that the customer is shown.',
      'available_balance_set.presentment_currency.amount',
    ),
    available_balance_set_presentment_currency_currency_code: notPersonal(
      text(
        'ISO code of the currency that the customer is shown.',
        'available_balance_set.presentment_currency.currency_code',
      ),
    ),
    created_at: instant('When the account was opened.'),
    currency_code: notPersonal(text('ISO code of the currency of the account.')),
    expires_at: instant('When the credit expires; null if it does not.'),
    // initial_balance in Recharge's own client for storefronts, initial_value in a client of the admin API [client].
    initial_value: alsoFrom(['initial_balance'], money('Credit at the opening, in currency_code.')),
    name: text('Label of the account.'),
    // In Recharge's own client for storefronts [documented]; that this list has it too is [inferred].
    redemption_code: sensitive(text('Code that spends the balance.')),
    type: oneOf(['reward', 'manual', 'gift'], text('Kind of credit.')),
    updated_at: instant('When the account last changed.'),
  },
})
