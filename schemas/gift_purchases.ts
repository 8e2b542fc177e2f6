import { instant, int, money, notPersonal, references, required, sensitive, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'gift_purchases',
  singular: 'gift_purchase',
  doc: 'One gift that a customer bought for somebody. Whether the API lists them is not confirmed.',
  // Path and list are inferred from the name of the scope and from the storefront typings.
  path: '/gift_purchases',
  list: 'gift_purchases',
  scopes: ['read_gift_purchases'],
  plan: 'gifting feature',
  optional: true,
  key: 'id',
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  columns: {
    id: required(int('Recharge id of the gift.')),
    amount: money('Value of the gift, in gift_currency.'),
    created_at: instant('When the gift was bought.'),
    credit_account_id: references('credit_accounts', int('Id of the credit account that holds the value.')),
    external_gift_product_id_ecommerce: notPersonal(
      text('Id of the gift as a product in the commerce platform.', 'external_gift_product_id.ecommerce'),
    ),
    external_gift_variant_id_ecommerce: notPersonal(
      text('Id of the gift as a variant in the commerce platform.', 'external_gift_variant_id.ecommerce'),
    ),
    external_order_id_ecommerce: notPersonal(text('Order id in the commerce platform.', 'external_order_id.ecommerce')),
    gift_currency: notPersonal(text('ISO code of the currency of the gift.')),
    gift_note: text('Message of the sender to the recipient.'),
    notification_scheduled_at: instant('When the recipient is to be told.'),
    notification_sent_at: instant('When the recipient was told.'),
    recipient_customer_id: references('customers', int('Id of the customer who receives the gift.')),
    redeemable_collection_id: references('collections', int('Id of the collection that the gift can be spent on.')),
    redeemed_at: instant('When the gift was redeemed; null until then.'),
    redemption_link: sensitive(text('Link that redeems the gift; it carries its own login.')),
    sender_customer_id: references('customers', int('Id of the customer who bought the gift.')),
    sender_name: text('Name of the sender, as shown to the recipient.'),
    updated_at: instant('When the gift last changed.'),
  },
  children: {
    external_redeemable_product_ids: child({
      doc: 'Products that the gift can be spent on.',
      from: 'external_redeemable_product_ids',
      columns: {
        ecommerce: notPersonal(text('Product id in the commerce platform.')),
      },
    }),
  },
})
