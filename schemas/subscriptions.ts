import {
  anyText,
  day,
  flag,
  instant,
  int,
  money,
  notPersonal,
  oneOf,
  references,
  required,
  text,
} from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'subscriptions',
  singular: 'subscription',
  doc: 'One product that a customer receives again and again. Deleted in the merchant portal it stays listed.',
  path: '/subscriptions',
  list: 'subscriptions',
  sort: 'updated_at-asc',
  scopes: ['read_subscriptions'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'subscription' },
  count: { path: '/subscriptions/count', ranges: true },
  created: true,
  objects: ['include'],
  columns: {
    id: required(int('Recharge id of the subscription.')),
    addon_parent_subscription_id: references(
      'subscriptions',
      int('Id of the subscription that this one is an add-on of; null if it is none.'),
    ),
    address_id: references('addresses', int('Id of the address that it is shipped to.')),
    customer_id: references('customers', int('Id of the customer who subscribes.')),
    cancellation_reason: text('Reason given for cancelling, in short.'),
    cancellation_reason_comments: text('What the customer wrote about cancelling, up to 1024 characters.'),
    cancelled_at: instant('When it was cancelled; null while it is not.'),
    charge_interval_frequency: int('Number of order_interval_unit from one charge to the next.'),
    created_at: instant('When the subscription was created.'),
    expire_after_specific_number_of_charges: int('Number of charges after which it ends; null if it does not.'),
    external_product_id_ecommerce: notPersonal(
      text('Product id in the commerce platform.', 'external_product_id.ecommerce'),
    ),
    external_variant_id_ecommerce: notPersonal(
      text('Variant id in the commerce platform.', 'external_variant_id.ecommerce'),
    ),
    has_queued_charges: flag('Whether a charge is waiting for its day.'),
    is_digital: flag('Whether nothing is shipped.'),
    is_prepaid: flag('Whether one charge pays for several orders.'),
    is_skippable: flag('Whether the customer may skip a delivery.'),
    is_swappable: flag('Whether the customer may swap the product for another.'),
    max_retries_reached: flag('Whether payment failed until no retry was left.'),
    next_charge_scheduled_at: day('Day of the next charge; null when none is planned.'),
    order_day_of_month: int('Day of the month on which orders are made, if fixed.'),
    order_day_of_week: int('Weekday on which orders are made, if fixed; 0 is Monday.'),
    order_interval_frequency: int('Number of order_interval_unit from one order to the next.'),
    order_interval_unit: oneOf(
      ['day', 'week', 'month'],
      text('Unit of both intervals. Old subscriptions may have another spelling of it, such as Days.'),
    ),
    plan_id: references('plans', int('Id of the plan that it was bought with; named by client models only.')),
    presentment_currency: notPersonal(
      text('ISO code of the currency that the customer is shown; null where it is that of the store.'),
    ),
    price: money(
      'Price of one unit in one charge, before discounts, tax and shipping. Of a prepaid subscription it is for all orders of the charge.',
    ),
    product_title: notPersonal(text('Name of the product.')),
    quantity: int('Number of units in each order.'),
    sku: notPersonal(text('Stock keeping unit, if set here; null where it follows the variant.')),
    sku_override: flag('Whether sku was set here instead of following the variant.'),
    status: oneOf(
      ['active', 'cancelled', 'expired', 'onetime'],
      text('State of the subscription; expired: it has had all its charges, onetime: it has no intervals.'),
    ),
    updated_at: instant('When it last changed; a moved next charge may not count.'),
    variant_title: notPersonal(text('Name of the variant.')),
  },
  children: {
    utm_params: child({
      doc: 'Marketing sources recorded for the subscription.',
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
