import { alsoFrom, flag, instant, int, money, notPersonal, references, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'bundle_selections',
  singular: 'bundle_selection',
  doc: 'The contents chosen for a bundle: of one past charge, or of the upcoming one.',
  path: '/bundle_selections',
  list: 'bundle_selections',
  sort: 'updated_at-asc',
  scopes: ['read_subscriptions'],
  plan: 'Pro or Custom',
  key: 'id',
  // One connector sends updated_at_min, but no list of filters has it [unconfirmed], so it is not used.
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: false },
  deletions: { event: 'bundle_selection' },
  columns: {
    id: required(int('Recharge id of the selection.')),
    // bundle_variant in Recharge's own demo against this API [observed].
    bundle_variant_id: alsoFrom(['bundle_variant'], int('Recharge id of the bundle variant that is filled.')),
    charge_id: references('charges', int('Id of the charge that paid for the contents; null while they are upcoming.')),
    order_id: references('orders', int('Id of the order that shipped the contents.')),
    purchase_item_id: references(
      ['subscriptions', 'onetimes'],
      int('Id of the subscription or onetime that buys the bundle.'),
    ),
    created_at: instant('When the selection was created.'),
    // Plain text, where other resources wrap it in {ecommerce} [observed].
    external_product_id: notPersonal(text('Id of the bundle as a product in the commerce platform.')),
    external_variant_id: notPersonal(text('Id of the bundle as a variant in the commerce platform.')),
    is_fallback: flag('Whether the default contents were used because nobody chose.'),
    updated_at: instant('When the selection last changed.'),
  },
  children: {
    items: child({
      doc: 'Products chosen into the bundle.',
      from: 'items',
      columns: {
        id: int('Recharge id of the chosen item.'),
        collection_id: notPersonal(text('Id of the collection that the product was chosen from.')),
        collection_source: notPersonal(text('Platform that keeps the collection.')),
        created_at: instant('When the item was chosen.'),
        external_product_id: notPersonal(text('Product id in the commerce platform.')),
        external_variant_id: notPersonal(text('Variant id in the commerce platform.')),
        price: money('Price of the item.'),
        quantity: int('Number of units.'),
        updated_at: instant('When the item last changed.'),
      },
    }),
  },
})
