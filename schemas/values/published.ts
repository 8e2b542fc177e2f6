/*
 * Values that several streams have. Their source are the typings that Recharge publishes for its storefront API
 * [documented]; what other clients name beside them is marked.
 */

/** How a discount is counted. */
export const DISCOUNT_TYPES = ['percentage', 'fixed_amount', 'shipping'] as const

/** States of a charge. */
export const CHARGE_STATES = [
  'queued',
  'pending',
  'pending_manual_payment',
  'success',
  'error',
  'skipped',
  'refunded',
  'partially_refunded',
] as const

/** Payment processors. The last one by a client model only [client]. */
export const PROCESSORS = [
  'stripe',
  'braintree',
  'authorize',
  'shopify_payments',
  'mollie',
  'adyen',
  'shopify_app_subscription_billing',
  'frictionless',
  'recharge_credits',
] as const
