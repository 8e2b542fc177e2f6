import { flag, instant, int, json, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'shop',
  singular: 'shop',
  doc: 'The store as one row, in its 2021-01 form, which has settings that the store table lacks.',
  version: '2021-01',
  path: '/shop',
  // The answer has the same object a second time, as store [observed].
  list: 'shop',
  pagination: 'single',
  scopes: ['store_info', 'read_store'],
  optional: true,
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the store.')),
    allow_customers_to_skip_delivery: flag('Whether customers may skip a delivery.'),
    checkout_logo_url: text('URL of the logo at checkout.'),
    // Both times come as HTTP dates, such as Wed, 21 Apr 2021 11:44:38 GMT [observed].
    created_at: instant('When the store was created in Recharge.'),
    currency: text('ISO code of the currency of the store.'),
    customer_portal_domain: text('Domain of the customer portal; empty if it has none of its own.'),
    disabled_currencies_historical: json('ISO codes of currencies once shown and now off, as a list.'),
    domain: text('Domain of the shop that customers see.'),
    email: text('Email address of the store.'),
    enabled_presentment_currencies: json('ISO codes of the currencies that customers can be shown, as a list.'),
    external_platform: text('Commerce platform that the store runs on, such as shopify.'),
    iana_timezone: text('Zone of the merchant, such as America/Los_Angeles; not the zone of API times.'),
    my_shopify_domain: text('Domain that Shopify gave the shop.'),
    name: text('Name of the store.'),
    payment_processor: text('Payment processor of the store, such as stripe.'),
    platform_domain: text('Domain of the shop on its commerce platform.'),
    shop_email: text('Email address of the shop on its platform.'),
    shop_phone: text('Phone number of the shop.'),
    subscriptions_enabled: flag('Whether the store sells subscriptions.'),
    test_mode: flag('Whether the store is a test store.'),
    timezone: text('Zone of the merchant in readable form.'),
    updated_at: instant('When the settings last changed.'),
  },
  children: {
    enabled_presentment_currencies_symbols: child({
      doc: 'How amounts are written in each currency that customers can be shown.',
      from: 'enabled_presentment_currencies_symbols',
      columns: {
        currency: text('ISO code of the currency.'),
        location: text('Where the symbol stands: before or after the amount.'),
        suffix: text('Text that follows the amount.'),
        symbol: text('Symbol of the currency.'),
      },
    }),
  },
})
