import {
  anyText,
  flag,
  instant,
  int,
  money,
  notPersonal,
  oneOf,
  rate,
  references,
  required,
  sensitive,
  text,
} from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'
import { DISCOUNT_TYPES } from './values/published.ts'

export default stream({
  name: 'addresses',
  singular: 'address',
  doc: 'One delivery address of a customer, which subscriptions and onetimes are shipped to.',
  path: '/addresses',
  list: 'addresses',
  sort: 'updated_at-asc',
  // The second name is in a guide of Recharge only [client].
  scopes: ['read_customers', 'read_addresses'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'address' },
  count: { path: '/addresses/count', ranges: true },
  created: true,
  objects: ['include'],
  columns: {
    id: required(int('Recharge id of the address.')),
    customer_id: references('customers', int('Id of the customer whose address it is.')),
    payment_method_id: references(
      'payment_methods',
      int('Id of the payment method that pays for what is shipped here.'),
    ),
    address1: text('First line of the street.'),
    address2: text('Second line of the street.'),
    city: text('City of the address.'),
    company: text('Company on the address.'),
    country_code: text('Country as two ISO letters.'),
    created_at: instant('When the address was created.'),
    first_name: text('Given name on the address.'),
    is_gift: flag('Whether the address was made to redeem gifts, and serves nothing else.'),
    last_name: text('Family name on the address.'),
    order_note: text('Note that is copied to the orders shipped here.'),
    phone: text('Phone number on the address, as entered.'),
    presentment_currency: notPersonal(
      text('ISO code of the currency that the customer is shown; null where it is that of the store.'),
    ),
    province: text('State or province of the address.'),
    updated_at: instant('When the address last changed.'),
    zip: text('Postal code of the address.'),
  },
  children: {
    discounts: child({
      doc: 'Discounts attached to the address.',
      from: 'discounts',
      columns: {
        id: references('discounts', int('Id of the discount.')),
        code: text('Code of the discount.'),
        value: rate('Size of the discount, in percent or as an amount; see value_type.'),
        value_type: oneOf(DISCOUNT_TYPES, text('How to read value.')),
      },
    }),
    order_attributes: child({
      doc: 'Extra names and values that are carried to the orders shipped here.',
      from: 'order_attributes',
      columns: {
        name: text('Name of the attribute.'),
        value: anyText('Value of the attribute.'),
      },
    }),
    note_attributes: child({
      doc: 'Extra names and values of the address; rc_giftee_email has the email address of the recipient of a gift.',
      from: 'note_attributes',
      columns: {
        name: text('Name of the attribute.'),
        // The recipient of a gift gave no address to the store [documented in Recharge's client for storefronts].
        value: sensitive(
          anyText('Value of the attribute, which may be an email address of somebody who is no customer.'),
        ),
      },
    }),
    shipping_lines_conserved: child({
      doc: 'Manual shipping lines that were once in force and no longer are.',
      from: 'shipping_lines_conserved',
      columns: {
        code: notPersonal(text('Code of the shipping method.')),
        price: money('Price of the shipping method.'),
        title: notPersonal(text('Name of the shipping method.')),
      },
    }),
    shipping_lines_override: child({
      doc: 'Manual shipping lines in force, which replace the calculated ones.',
      from: 'shipping_lines_override',
      columns: {
        code: notPersonal(text('Code of the shipping method.')),
        price: money('Price of the shipping method.'),
        title: notPersonal(text('Name of the shipping method.')),
      },
    }),
  },
})
