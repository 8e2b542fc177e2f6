import {
  anyText,
  day,
  flag,
  instant,
  int,
  money,
  notPersonal,
  references,
  required,
  text,
} from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'onetimes',
  singular: 'onetime',
  doc: 'One product added to an upcoming charge, once. Cancelled ones are included; see is_cancelled.',
  path: '/onetimes',
  list: 'onetimes',
  // Without it, a cancelled onetime disappears from the list and does not show as changed [one client].
  parameters: { include_cancelled: 'true' },
  sort: 'updated_at-asc',
  // The second name is in a guide of Recharge only [client].
  scopes: ['read_subscriptions', 'read_onetimes'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'onetime' },
  objects: ['include'],
  columns: {
    id: required(int('Recharge id of the onetime.')),
    address_id: references('addresses', int('Id of the address that it is shipped to.')),
    created_at: instant('When the onetime was added.'),
    customer_id: references('customers', int('Id of the customer who buys it.')),
    external_product_id_ecommerce: notPersonal(
      text('Product id in the commerce platform.', 'external_product_id.ecommerce'),
    ),
    external_variant_id_ecommerce: notPersonal(
      text('Variant id in the commerce platform.', 'external_variant_id.ecommerce'),
    ),
    is_cancelled: flag('Whether it was cancelled and will not be charged.'),
    next_charge_scheduled_at: day('Day of the charge that bills it.'),
    presentment_currency: notPersonal(
      text('ISO code of the currency that the customer is shown; null where it is that of the store.'),
    ),
    price: money('Price of one unit before discounts, tax and shipping.'),
    product_title: notPersonal(text('Name of the product.')),
    quantity: int('Number of units.'),
    sku: notPersonal(text('Stock keeping unit of the variant.')),
    sku_override: flag('Whether sku was set here instead of following the variant.'),
    status: notPersonal(text('Always onetime where present; named by one client only.')),
    subscription_id: references('subscriptions', int('Id of a related subscription; named by one client only.')),
    updated_at: instant('When the onetime last changed.'),
    variant_title: notPersonal(text('Name of the variant.')),
  },
  children: {
    properties: child({
      doc: 'Custom names and values of the product, such as an engraving.',
      from: 'properties',
      columns: {
        name: text('Name of the property.'),
        value: anyText('Value of the property.'),
      },
    }),
  },
})
