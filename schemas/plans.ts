import { flag, instant, int, json, rate, required, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'

export default stream({
  name: 'plans',
  singular: 'plan',
  doc: 'One way in which a product can be bought: by subscription, prepaid or once, and how often.',
  path: '/plans',
  list: 'plans',
  sort: 'updated_at-asc',
  // Either is enough [inferred]; read_plans is in some copies of the reference only.
  scopes: ['read_products', 'read_plans'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  deletions: { event: 'plan' },
  columns: {
    id: required(int('Recharge id of the plan.')),
    channel_settings_api_display: flag('Whether the API offers the plan.', 'channel_settings.api.display'),
    channel_settings_checkout_page_display: flag(
      'Whether the checkout offers the plan.',
      'channel_settings.checkout_page.display',
    ),
    channel_settings_customer_portal_display: flag(
      'Whether the customer portal offers the plan.',
      'channel_settings.customer_portal.display',
    ),
    channel_settings_merchant_portal_display: flag(
      'Whether the merchant portal offers the plan.',
      'channel_settings.merchant_portal.display',
    ),
    created_at: instant('When the plan was created.'),
    deleted_at: instant('When the plan was deleted; whether deleted ones stay listed is unconfirmed.'),
    discount_amount: rate('Size of the discount that the plan grants; see discount_type.'),
    discount_type: text('How to read discount_amount, such as percentage.'),
    external_plan_group_id: text('Id of the selling plan group in the commerce platform.'),
    external_plan_id: text('Id of the selling plan in the commerce platform.'),
    external_plan_name: text('Name of the selling plan in the commerce platform.'),
    external_product_id_ecommerce: text('Product id in the commerce platform.', 'external_product_id.ecommerce'),
    external_variant_ids: json('Ids of the variants that the plan covers, as a list of texts.'),
    has_variant_restrictions: flag('Whether the plan covers only the variants in external_variant_ids.'),
    sort_order: int('Place of the plan among those of its product.'),
    subscription_preferences_apply_cutoff_date_to_checkout: flag(
      'Whether the cutoff day also counts for the first order, at checkout.',
      'subscription_preferences.apply_cutoff_date_to_checkout',
    ),
    subscription_preferences_charge_interval_frequency: int(
      'Number of interval units from one charge to the next.',
      'subscription_preferences.charge_interval_frequency',
    ),
    subscription_preferences_cutoff_day_of_month: int(
      'Day of the month by which to order for the coming date.',
      'subscription_preferences.cutoff_day_of_month',
    ),
    subscription_preferences_cutoff_day_of_week: int(
      'Weekday, as a number, by which to order for the coming date.',
      'subscription_preferences.cutoff_day_of_week',
    ),
    subscription_preferences_expire_after_specific_number_of_charges: int(
      'Number of charges after which a subscription ends; null if it does not.',
      'subscription_preferences.expire_after_specific_number_of_charges',
    ),
    subscription_preferences_interval_unit: text(
      'Unit of both intervals: day, week or month.',
      'subscription_preferences.interval_unit',
    ),
    subscription_preferences_order_day_of_month: int(
      'Day of the month on which orders are made, if fixed.',
      'subscription_preferences.order_day_of_month',
    ),
    subscription_preferences_order_day_of_week: int(
      'Weekday, as a number, on which orders are made, if fixed.',
      'subscription_preferences.order_day_of_week',
    ),
    subscription_preferences_order_interval_frequency: int(
      'Number of interval units from one order to the next.',
      'subscription_preferences.order_interval_frequency',
    ),
    title: text('Name of the plan.'),
    type: text('How the product is bought: subscription, prepaid or onetime.'),
    updated_at: instant('When the plan last changed.'),
  },
})
