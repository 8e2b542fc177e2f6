import { instant, int, json, money, rate, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

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
  columns: {
    id: required(int('Recharge id of the address.')),
    customer_id: int('Id of the customer whose address it is.'),
    payment_method_id: int('Id of the payment method that pays for what is shipped here.'),
    address1: text('First line of the street.'),
    address2: text('Second line of the street.'),
    city: text('City of the address.'),
    company: text('Company on the address.'),
    country_code: text('Country as two ISO letters.'),
    created_at: instant('When the address was created.'),
    first_name: text('Given name on the address.'),
    last_name: text('Family name on the address.'),
    order_note: text('Note that is copied to the orders shipped here.'),
    phone: text('Phone number on the address, as entered.'),
    presentment_currency: text('ISO code of the currency that the customer is shown.'),
    province: text('State or province of the address.'),
    updated_at: instant('When the address last changed.'),
    zip: text('Postal code of the address.'),
    include: json('Related objects, filled only if a request asks for them; this connector does not.'),
  },
  children: {
    discounts: child({
      doc: 'Discounts attached to the address.',
      from: 'discounts',
      columns: {
        id: int('Id of the discount.'),
        code: text('Code of the discount.'),
        value: rate('Size of the discount, in percent or as an amount; see value_type.'),
        value_type: text('How to read value: percentage, fixed_amount or shipping.'),
      },
    }),
    order_attributes: child({
      doc: 'Extra names and values that are carried to the orders shipped here.',
      from: 'order_attributes',
      columns: {
        name: text('Name of the attribute.'),
        value: text('Value of the attribute.'),
      },
    }),
    shipping_lines_conserved: child({
      doc: 'Manual shipping lines that were once in force and no longer are.',
      from: 'shipping_lines_conserved',
      columns: {
        code: text('Code of the shipping method.'),
        price: money('Price of the shipping method.'),
        title: text('Name of the shipping method.'),
      },
    }),
    shipping_lines_override: child({
      doc: 'Manual shipping lines in force, which replace the calculated ones.',
      from: 'shipping_lines_override',
      columns: {
        code: text('Code of the shipping method.'),
        price: money('Price of the shipping method.'),
        title: text('Name of the shipping method.'),
      },
    }),
  },
})
