import { flag, instant, int, json, listOf, oneOf, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'

export default stream({
  name: 'bundle_products',
  singular: 'bundle_product',
  doc: 'One product that is sold as a bundle, with the rules for what may be in it.',
  // Read so, with this list, by Recharge's own demo of this API [client]; the members are those of its storefront typings.
  path: '/bundle_products',
  list: 'bundle_products',
  // Seen in the scopes of live tokens [client].
  scopes: ['read_bundle_products'],
  optional: true,
  key: 'id',
  // No filter by time and no order is known.
  sync: { mode: 'full' },
  deletions: { absence: 'scan' },
  // Only the list is known.
  retrieve: false,
  columns: {
    id: required(int('Recharge id of the bundle product.')),
    created_at: instant('When the bundle was created.'),
    custom_prices: flag('Whether the bundle has prices of its own.'),
    customization_window: int(
      'Days in which customers may change the contents, as far as is known; null: no such window.',
    ),
    customization_window_disabled_message: text('What customers read when they may not change the contents.'),
    default_bundle_variant_id: int('Recharge id of the variant that is shown first; see the table of variants.'),
    description: text('Words about the bundle for customers.'),
    // Plain text, where other resources wrap it in {ecommerce} [client].
    external_product_id: text('Product id in the commerce platform.'),
    incentives: json('Tiered discounts of the bundle, as an object.'),
    is_customizable: flag('Whether customers choose the contents.'),
    layout_settings: json('How the widget in the shop looks, as an object.'),
    layout_settings_version: text('Version of the form of layout_settings.'),
    max_quantity_per_variant: int('Most units of one item in the bundle; null: no limit.'),
    price_rule: oneOf(['fixed', 'dynamic'], text('How the bundle is priced; dynamic: by its contents.')),
    reset_box_contents: flag('Whether the contents are emptied after each delivery.'),
    settings: json('How items are listed in the shop, as an object.'),
    title: text('Name of the bundle.'),
    updated_at: instant('When the bundle last changed.'),
  },
  children: {
    variants: child({
      doc: 'Variants of the bundle, such as its sizes.',
      from: 'variants',
      columns: {
        id: int('Recharge id of the bundle variant; bundle_selections.bundle_variant_id.'),
        created_at: instant('When the variant was created.'),
        enabled: flag('Whether it can be bought.'),
        external_variant_id: text('Variant id in the commerce platform.'),
        items_count: int('Number of items that fill it.'),
        option_sources: listOf(
          {
            id: int('Recharge id of the option source.'),
            option_source_id: text('Id of the collection in the commerce platform.'),
            source_platform: text('Commerce platform that has the collection.'),
            position: int('Place among the option sources.'),
            quantity_min: int('Least units that are chosen from it.'),
            quantity_max: int('Most units that are chosen from it.'),
          },
          json('Collections that its items are chosen from, with the least and the most units of each.'),
        ),
        position: int('Place among the variants.'),
        ranges: listOf(
          {
            id: int('Recharge id of the range.'),
            quantity_min: int('Least items that it may have.'),
            quantity_max: int('Most items that it may have.'),
          },
          json('How many items it may have, as a list of ranges.'),
        ),
        selection_defaults: listOf(
          {
            id: int('Recharge id of the default.'),
            external_variant_id: text('Variant id in the commerce platform.'),
            quantity: int('Number of units.'),
          },
          json('Contents where a customer chooses nothing, as a list.'),
        ),
        title: text('Name of the variant.'),
        updated_at: instant('When the variant last changed.'),
      },
    }),
  },
})
