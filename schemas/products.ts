import { flag, instant, int, json, oneOf, rate, references, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'
import { DISCOUNT_TYPES } from './values/published.ts'

export default stream({
  name: 'products',
  singular: 'product',
  doc: 'One product with its 2021-01 subscription rules. Announced to end on 2025-06-30; plans replaces it.',
  // On 2021-11 the same path is another resource, refused to Shopify and BigCommerce stores [one client].
  version: '2021-01',
  path: '/products',
  list: 'products',
  // It has no filter by time. Sorted by id, because an id does not change while the pages are read.
  sort: 'id-asc',
  scopes: ['read_products'],
  optional: true,
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  count: { path: '/products/count', ranges: false },
  columns: {
    id: required(int('Recharge id of the product.')),
    collection_id: references('collections', int('Id of the collection that the product is in.')),
    created_at: instant('When the product was created; the API gives no offset, read as US Eastern.'),
    discount_amount: rate('Size of the discount for subscribers; see discount_type.'),
    discount_type: oneOf(DISCOUNT_TYPES, text('How to read discount_amount.')),
    handle: text('Name of the product in its shop URL.'),
    images_large: text('URL of the large image.', 'images.large'),
    images_medium: text('URL of the medium image.', 'images.medium'),
    images_original: text('URL of the image as uploaded.', 'images.original'),
    images_small: text('URL of the small image.', 'images.small'),
    product_id: int('Product id in the commerce platform; repeats shopify_product_id.'),
    shopify_product_id: int('Product id in the commerce platform.'),
    subscription_defaults_apply_cutoff_date_to_checkout: flag(
      'Whether the cutoff day also counts for the first order, at checkout.',
      'subscription_defaults.apply_cutoff_date_to_checkout',
    ),
    subscription_defaults_charge_interval_frequency: int(
      'Number of interval units from one charge to the next.',
      'subscription_defaults.charge_interval_frequency',
    ),
    subscription_defaults_cutoff_day_of_month: int(
      'Day of the month by which to order for the coming date.',
      'subscription_defaults.cutoff_day_of_month',
    ),
    subscription_defaults_cutoff_day_of_week: int(
      'Weekday, as a number, by which to order for the coming date.',
      'subscription_defaults.cutoff_day_of_week',
    ),
    subscription_defaults_expire_after_specific_number_of_charges: int(
      'Number of charges after which a subscription ends; null if it does not.',
      'subscription_defaults.expire_after_specific_number_of_charges',
    ),
    subscription_defaults_modifiable_properties: json(
      'Names of the properties that customers may change, as a list.',
      'subscription_defaults.modifiable_properties',
    ),
    subscription_defaults_number_charges_until_expiration: int(
      'Older name of the number of charges after which a subscription ends.',
      'subscription_defaults.number_charges_until_expiration',
    ),
    subscription_defaults_order_day_of_month: int(
      'Day of the month on which orders are made, if fixed.',
      'subscription_defaults.order_day_of_month',
    ),
    subscription_defaults_order_day_of_week: int(
      'Weekday, as a number, on which orders are made, if fixed.',
      'subscription_defaults.order_day_of_week',
    ),
    subscription_defaults_order_interval_frequency_options: json(
      'Intervals that customers may choose, as a list of numbers in text.',
      'subscription_defaults.order_interval_frequency_options',
    ),
    subscription_defaults_order_interval_unit: oneOf(
      ['day', 'week', 'month'],
      text('Unit of the intervals.', 'subscription_defaults.order_interval_unit'),
    ),
    subscription_defaults_storefront_purchase_options: oneOf(
      ['subscription_and_onetime', 'subscription_only', 'onetime_only', 'inactive'],
      text('What the shop offers.', 'subscription_defaults.storefront_purchase_options'),
    ),
    title: text('Name of the product.'),
    updated_at: instant('When the product last changed; the API gives no offset, read as US Eastern.'),
  },
})
