import { anyText, flag, instant, int, json, money, oneOf, rate, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'
import { DISCOUNT_TYPES } from './values/published.ts'

export default stream({
  name: 'discounts',
  singular: 'discount',
  doc: 'One discount of the store, with its code and the limits of its use. Deleted ones just stop being listed.',
  path: '/discounts',
  list: 'discounts',
  sort: 'updated_at-asc',
  scopes: ['read_discounts'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'discount' },
  count: { path: '/discounts/count', ranges: true },
  created: true,
  columns: {
    id: required(int('Recharge id of the discount.')),
    applies_to_ids: json('Platform ids that the discount is limited to, as a list; empty if not.', 'applies_to.ids'),
    applies_to_purchase_item_type: oneOf(
      ['ALL', 'ONETIME', 'SUBSCRIPTION'],
      text('Items that the discount is for.', 'applies_to.purchase_item_type'),
    ),
    applies_to_resource: text(
      'What applies_to_ids are ids of, such as shopify_product or shopify_collection_id.',
      'applies_to.resource',
    ),
    channel_settings_api_can_apply: flag('Whether the API may apply it.', 'channel_settings.api.can_apply'),
    channel_settings_checkout_page_can_apply: flag(
      'Whether it may be used at checkout.',
      'channel_settings.checkout_page.can_apply',
    ),
    channel_settings_customer_portal_can_apply: flag(
      'Whether customers may apply it in their portal.',
      'channel_settings.customer_portal.can_apply',
    ),
    channel_settings_merchant_portal_can_apply: flag(
      'Whether staff may apply it in the merchant portal.',
      'channel_settings.merchant_portal.can_apply',
    ),
    code: text('Code that customers enter.'),
    created_at: instant('When the discount was created.'),
    ends_at: instant('When the discount stops being valid; null if it does not.'),
    external_discount_id_ecommerce: text('Discount id in the commerce platform.', 'external_discount_id.ecommerce'),
    external_discount_source: text('Platform that owns the discount, if not Recharge.'),
    prerequisite_subtotal_min: money('Least subtotal that a purchase needs, in the currency of the store.'),
    starts_at: instant('When the discount becomes valid.'),
    status: oneOf(['enabled', 'disabled', 'fully_disabled'], text('State of the discount.')),
    updated_at: instant('When the discount last changed.'),
    // A boolean in recorded answers, null or the text customer_must_not_exist_in_recharge in client models.
    usage_limits_first_time_customer_restriction: anyText(
      'Whether only new customers may use it: true, false, or the name of the rule.',
      'usage_limits.first_time_customer_restriction',
    ),
    usage_limits_max_subsequent_redemptions: int(
      'Number of uses allowed after the first.',
      'usage_limits.max_subsequent_redemptions',
    ),
    usage_limits_one_application_per_customer: flag(
      'Whether each customer may use it only once.',
      'usage_limits.one_application_per_customer',
    ),
    usage_limits_redemptions: int('Number of uses so far.', 'usage_limits.redemptions'),
    value: rate('Size of the discount, in percent or as an amount; see value_type.'),
    value_type: oneOf(DISCOUNT_TYPES, text('How to read value.')),
  },
})
