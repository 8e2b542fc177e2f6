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
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'credit_summaries',
  singular: 'credit_summary',
  doc: 'The store credit of one customer: the sum, and the accounts that it is made of.',
  path: '/customers/{customer_id}/credit_summary',
  list: 'credit_summary',
  pagination: 'single',
  // Recharge's own demo of this API writes brackets, its client for storefronts none [client]. A parameter that the API does
  // not know is ignored [documented].
  parameters: { include: 'credit_details', 'include[]': 'credit_details' },
  // Seen in the scopes of live tokens [client]. The customers are listed first, which takes read_customers.
  scopes: ['read_credit_summary'],
  plan: 'Pro or Custom',
  optional: true,
  // One request for each customer, at two a second.
  optIn: true,
  key: 'customer_id',
  parent: { stream: 'customers', as: 'customer_id' },
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  // All members are those of Recharge's own typings of its client for storefronts [documented].
  columns: {
    customer_id: required(references('customers', int('Id of the customer who can spend the credit.'))),
    currency_code: notPersonal(text('ISO code of the currency of the amounts.')),
    max_redemption_limit: money('Most credit that one charge can use, in currency_code; null: no limit.'),
    max_redemption_limit_set_presentment_currency_amount: money(
      'The same limit in the currency that the customer sees.',
      'max_redemption_limit_set.presentment_currency.amount',
    ),
    max_redemption_limit_set_presentment_currency_currency_code: notPersonal(
      text(
        'ISO code of the currency that the customer sees.',
        'max_redemption_limit_set.presentment_currency.currency_code',
      ),
    ),
    max_redemption_limit_set_store_default_currency_amount: money(
      'The same limit in the currency of the store.',
      'max_redemption_limit_set.store_default_currency.amount',
    ),
    max_redemption_limit_set_store_default_currency_currency_code: notPersonal(
      text('ISO code of the currency of the store.', 'max_redemption_limit_set.store_default_currency.currency_code'),
    ),
    total_available_balance: money('Credit left to spend in all accounts, in currency_code.'),
    total_available_balance_by_credit_type_gift: money(
      'The part of it that came from gifts.',
      'total_available_balance_by_credit_type.gift',
    ),
    total_available_balance_by_credit_type_manual: money(
      'The part of it that the store gave by hand.',
      'total_available_balance_by_credit_type.manual',
    ),
    total_available_balance_by_credit_type_reward: money(
      'The part of it that was earned as a reward.',
      'total_available_balance_by_credit_type.reward',
    ),
    total_available_balance_set_presentment_currency_amount: money(
      'Credit left to spend, in the currency that the customer sees.',
      'total_available_balance_set.presentment_currency.amount',
    ),
    total_available_balance_set_presentment_currency_currency_code: notPersonal(
      text(
        'ISO code of the currency that the customer sees.',
        'total_available_balance_set.presentment_currency.currency_code',
      ),
    ),
    total_available_balance_set_store_default_currency_amount: money(
      'Credit left to spend, in the currency of the store.',
      'total_available_balance_set.store_default_currency.amount',
    ),
    total_available_balance_set_store_default_currency_currency_code: notPersonal(
      text(
        'ISO code of the currency of the store.',
        'total_available_balance_set.store_default_currency.currency_code',
      ),
    ),
  },
  children: {
    credit_details: child({
      doc: 'Credit accounts of the customer. The same accounts may be in credit_accounts.',
      from: 'include.credit_details',
      columns: {
        id: references('credit_accounts', int('Recharge id of the credit account.')),
        customer_id: references('customers', int('Id of the customer who owns the credit.')),
        store_id: references('store', int('Recharge id of the store.')),
        api_client_id: int('Id of the API client that created the account.'),
        api_client_restricted: flag('Whether only that API client may use the account.'),
        available_balance: money('Credit left to spend, in currency_code.'),
        available_balance_set_presentment_currency_amount: money(
          'Credit left to spend, in the currency that the customer sees.',
          'available_balance_set.presentment_currency.amount',
        ),
        available_balance_set_presentment_currency_currency_code: notPersonal(
          text(
            'ISO code of the currency that the customer sees.',
            'available_balance_set.presentment_currency.currency_code',
          ),
        ),
        available_balance_set_store_default_currency_amount: money(
          'Credit left to spend, in the currency of the store.',
          'available_balance_set.store_default_currency.amount',
        ),
        available_balance_set_store_default_currency_currency_code: notPersonal(
          text('ISO code of the currency of the store.', 'available_balance_set.store_default_currency.currency_code'),
        ),
        created_at: instant('When the account was opened.'),
        currency_code: notPersonal(text('ISO code of the currency of the account.')),
        expires_at: instant('When the credit expires; null if it does not.'),
        // initial_value in a client of the admin API [client].
        initial_balance: alsoFrom(['initial_value'], money('Credit at the opening, in currency_code.')),
        name: text('Label of the account.'),
        redemption_code: sensitive(text('Code that spends the balance.')),
        type: oneOf(['reward', 'manual', 'gift'], text('Kind of credit.')),
        updated_at: instant('When the account last changed.'),
      },
    }),
  },
})
