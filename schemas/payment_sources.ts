import { flag, instant, int, notPersonal, personal, references, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'payment_sources',
  singular: 'payment_source',
  doc: 'One way to pay of a customer, in its 2021-01 form. Prefer payment_methods where the plan has it.',
  version: '2021-01',
  path: '/customers/{customer_id}/payment_sources',
  list: 'payment_sources',
  pagination: 'whole',
  // read_payments may be needed too [unconfirmed].
  scopes: ['read_customers'],
  optional: true,
  // One request for each customer, at two a second.
  optIn: true,
  // Not every record has an id, so its position in the list is a part of the key.
  key: ['customer_id', 'position'],
  parent: { stream: 'customers', as: 'customer_id', position: 'position' },
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: int('Recharge id of the payment source, where it has one.'),
    position: required(int('Place of the source in the list of its customer, from 0.')),
    customer_id: required(references('customers', int('Id of the customer who pays with it.'))),
    billing_address_address1: text('First line of the billing street.', 'billing_address.address1'),
    billing_address_address2: text('Second line of the billing street.', 'billing_address.address2'),
    billing_address_city: text('City of the billing address.', 'billing_address.city'),
    billing_address_company: text('Company on the billing address.', 'billing_address.company'),
    billing_address_country: text('Billing country spelled out.', 'billing_address.country'),
    billing_address_first_name: text('Given name on the billing address.', 'billing_address.first_name'),
    billing_address_last_name: text('Family name on the billing address.', 'billing_address.last_name'),
    billing_address_phone: text('Phone number on the billing address, as entered.', 'billing_address.phone'),
    billing_address_province: text('State or province of the billing address.', 'billing_address.province'),
    billing_address_zip: text('Postal code of the billing address.', 'billing_address.zip'),
    card_brand: text('Brand of the card, such as visa.'),
    card_exp_month: personal(int('Month in which the card expires, 1 to 12.')),
    card_exp_year: personal(int('Year in which the card expires, with four digits.')),
    card_last4: text('Last four digits of the card.'),
    cardholder_name: text('Name on the card.'),
    has_card_error_in_dunning: flag('Whether the card fails and is being retried.'),
    payment_type: text('Kind of payment, as 2021-01 names it.'),
    processor_name: notPersonal(text('Payment processor that keeps it, such as stripe.')),
    status: notPersonal(text('Whether it can be charged.')),
    status_reason: text('Why it cannot be charged, if so.'),
    created_at: instant('When the payment source was stored.'),
    updated_at: instant('When the payment source last changed.'),
  },
})
