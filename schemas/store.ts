import { instant, int, json, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'store',
  singular: 'store',
  doc: 'The store itself, as one row.',
  path: '/store',
  list: 'store',
  pagination: 'single',
  // One scope under two names [inferred]: store_info on live tokens, read_store in the reference.
  scopes: ['store_info', 'read_store'],
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the store.')),
    checkout_logo_url: text('URL of the logo at checkout.'),
    checkout_platform: text('Platform whose checkout customers go through.'),
    created_at: instant('When the store was created in Recharge.'),
    currency: text('ISO code of the currency of the store.'),
    customer_portal_base_url: text('URL under which customers find their portal.'),
    default_api_version: text('API version of requests that name none: 2021-01 or 2021-11.'),
    disabled_currencies_historical: json('ISO codes of currencies once shown and now off, as a list.'),
    email: text('Email address of the store.'),
    enabled_presentment_currencies: json('ISO codes of the currencies that customers can be shown, as a list.'),
    external_platform: text('Commerce platform that the store runs on, such as shopify.'),
    identifier: text('Name that identifies the store on its platform.'),
    merchant_portal_base_url: text('URL under which staff find the merchant portal.'),
    name: text('Name of the store.'),
    phone: text('Phone number of the store.'),
    province: text('State or province of the store.'),
    timezone_iana_name: text('Zone of the merchant; not the zone of API times.', 'timezone.iana_name'),
    timezone_name: text('Zone of the merchant in readable form.', 'timezone.name'),
    updated_at: instant('When the settings last changed.'),
    weight_unit: text('Unit in which the store gives weights, such as g.'),
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
