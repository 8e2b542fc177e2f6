import { contact, flag, instant, int, notPersonal, oneOf, required, sensitive, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'customers',
  singular: 'customer',
  doc: 'One customer of the store. Deleted ones just stop being listed.',
  path: '/customers',
  list: 'customers',
  sort: 'updated_at-asc',
  scopes: ['read_customers'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'customer' },
  count: { path: '/customers/count', ranges: true },
  created: true,
  objects: ['include'],
  columns: {
    id: required(int('Recharge id of the customer.')),
    apply_credit_to_next_checkout_charge: flag('Whether store credit pays for the next checkout.'),
    apply_credit_to_next_recurring_charge: flag('Whether store credit pays for the next renewal.'),
    apply_credit_to_next_recurring_charge_channel: notPersonal(
      text('Where apply_credit_to_next_recurring_charge was set, such as customer_portal.'),
    ),
    backup_payment_methods_enabled: flag('Whether another payment method may be charged when one fails; may be null.'),
    can_add_payment_method: flag('Whether the customer may store another payment method; may be null.'),
    created_at: instant('When the customer was created; rows from 2021 seem 4 or 5 hours early.'),
    email: contact(text('Email address, unique in the store.')),
    external_customer_id_ecommerce: notPersonal(
      text('Customer id in the commerce platform; not always a number.', 'external_customer_id.ecommerce'),
    ),
    first_charge_processed_at: instant('When a charge of the customer first succeeded.'),
    first_name: text('Given name of the customer.'),
    has_payment_method_in_dunning: flag('Whether a payment method fails and is being retried.'),
    has_valid_payment_method: flag('Whether at least one payment method can be charged.'),
    hash: sensitive(
      text(
        'Key of the customer portal; whoever has it can open the account. Not the fingerprint of the row, which is _hash.',
      ),
    ),
    last_name: text('Family name of the customer.'),
    payment_method_fallback_on_failure_disabled: flag(
      'Whether no other payment method is charged when one fails, whatever the store allows.',
    ),
    phone: text('Phone number, as entered.'),
    status: oneOf(['ACTIVE', 'INACTIVE'], text('Named by one client, absent from recorded answers.')),
    subscription_related_charge_streak: int('Number of subscription charges paid in a row.'),
    subscriptions_active_count: int('Number of active subscriptions; may disagree with the subscriptions table.'),
    subscriptions_total_count: int('Number of subscriptions ever held, active or not.'),
    tax_exempt: flag('Whether the customer pays no tax.'),
    updated_at: instant('When the customer last changed; counters may move without it.'),
  },
  children: {
    utm_params: child({
      doc: 'Marketing sources recorded for the customer.',
      from: 'analytics_data.utm_params',
      columns: {
        utm_campaign: text('Campaign that brought the visit.'),
        utm_content: text('Variant of the advertisement or link.'),
        utm_data_source: text('Where the parameters were captured.'),
        utm_medium: text('Kind of channel, such as email.'),
        utm_source: text('Site or sender that the visit came from.'),
        utm_term: text('Search term behind the visit.'),
        // Text: some are sent with an offset and some without, and the zone of those is not proven [observed].
        utm_timestamp: text(
          'When the parameters were captured, as the storefront wrote it: with or without an offset.',
        ),
        utm_time_stamp: text('Second spelling of utm_timestamp; normally null.'),
      },
    }),
  },
})
