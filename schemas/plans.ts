import { alsoFrom, flag, instant, int, json, oneOf, rate, required, text } from '../src/schema/column.ts'
import { child, stream } from '../src/schema/define.ts'
import { DISCOUNT_TYPES } from './values/published.ts'

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
    channel_settings_checkout_page_experiment_display: flag(
      'Whether an experiment at checkout offers the plan.',
      'channel_settings.checkout_page_experiment.display',
    ),
    channel_settings_customer_portal_display: flag(
      'Whether the customer portal offers the plan.',
      'channel_settings.customer_portal.display',
    ),
    channel_settings_merchant_portal_display: flag(
      'Whether the merchant portal offers the plan.',
      'channel_settings.merchant_portal.display',
    ),
    charge_creation_day_of_month: int('Day of the month on which charges are made, 1 to 31, if fixed.'),
    charge_creation_day_of_week: int('Weekday on which charges are made, 0 to 6, if fixed.'),
    created_at: instant('When the plan was created.'),
    deleted_at: instant('When the plan was deleted; whether deleted ones stay listed is unconfirmed.'),
    discount_amount: rate('Size of the discount that the plan grants; see discount_type.'),
    discount_type: oneOf(DISCOUNT_TYPES, text('How to read discount_amount.')),
    external_plan_group_id: text('Id of the selling plan group in the commerce platform.'),
    external_plan_id: text('Id of the selling plan in the commerce platform.'),
    external_plan_name: text('Name of the selling plan in the commerce platform.'),
    external_product_id_ecommerce: text('Product id in the commerce platform.', 'external_product_id.ecommerce'),
    external_variant_ids: json('Ids of the variants that the plan covers, as a list of texts.'),
    has_variant_restrictions: flag('Whether the plan covers only the variants in external_variant_ids.'),
    max_queued_charges: int('Most charges of a subscription that wait for their day at a time.'),
    product_quantity: int('Number of units that are bought together, where the plan sells more than one.'),
    recurring_discount_after_cycle: int('Number of charges after which the recurring discount begins.'),
    recurring_discount_amount: rate('Size of the recurring discount; see recurring_discount_type.'),
    recurring_discount_type: oneOf(DISCOUNT_TYPES, text('How to read recurring_discount_amount.')),
    sort_order: int('Place of the plan among those of its product.'),
    subscription_preferences_apply_cutoff_date_to_checkout: flag(
      'Whether the cutoff day also counts for the first order, at checkout.',
      'subscription_preferences.apply_cutoff_date_to_checkout',
    ),
    // The three intervals stand at the top of a plan too, or only there, in Recharge's own demo against this API [observed].
    subscription_preferences_charge_interval_frequency: alsoFrom(
      ['charge_interval_frequency'],
      int(
        'Number of interval units from one charge to the next.',
        'subscription_preferences.charge_interval_frequency',
      ),
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
    subscription_preferences_interval_unit: alsoFrom(
      ['interval_unit'],
      oneOf(['day', 'week', 'month'], text('Unit of both intervals.', 'subscription_preferences.interval_unit')),
    ),
    subscription_preferences_order_day_of_month: int(
      'Day of the month on which orders are made, if fixed.',
      'subscription_preferences.order_day_of_month',
    ),
    subscription_preferences_order_day_of_week: int(
      'Weekday, as a number, on which orders are made, if fixed.',
      'subscription_preferences.order_day_of_week',
    ),
    subscription_preferences_order_interval_frequency: alsoFrom(
      ['order_interval_frequency'],
      int('Number of interval units from one order to the next.', 'subscription_preferences.order_interval_frequency'),
    ),
    title: text('Name of the plan.'),
    type: oneOf(
      ['subscription', 'prepaid', 'prepaid_v2', 'onetime', 'membership_subscription'],
      text('How the product is bought.'),
    ),
    updated_at: instant('When the plan last changed.'),
  },
  children: {
    pricing_progression: child({
      doc: 'How the price of a subscription changes as it goes on: each row is a discount and when it begins.',
      from: 'subscription_preferences.pricing_progression',
      columns: {
        recurring_discount_after_cycle: int('Number of charges after which the discount begins.'),
        recurring_discount_amount: rate('Size of the discount; see recurring_discount_type.'),
        recurring_discount_type: oneOf(DISCOUNT_TYPES, text('How to read recurring_discount_amount.')),
      },
    }),
    translations: child({
      doc: 'The name of the plan in other languages.',
      from: 'translations',
      columns: {
        language: text('Code of the language, such as fr.'),
        title: text('Name of the plan in it.'),
      },
    }),
  },
})
