/** What a JSON text can say. `undefined` stands for an absent member, which is not the same as null to Recharge. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json }

export type StoreRecord = { readonly [key: string]: Json }

/** A record that the story may still change. */
export type Draft = { [key: string]: Json }

export const RESOURCES = [
  'accounts',
  'addresses',
  'async_batch_tasks',
  'async_batches',
  'bundle_selections',
  'charges',
  'collections',
  'credit_accounts',
  'credit_adjustments',
  'customers',
  'discounts',
  'events',
  'gift_purchases',
  'metafields',
  'onetimes',
  'orders',
  'payment_methods',
  'payment_sources',
  'plans',
  'products',
  'retention_strategies',
  'shipping_countries',
  'shop',
  'store',
  'subscriptions',
  'webhooks',
] as const

export type ResourceName = (typeof RESOURCES)[number]

export const singular = (name: string): string =>
  name
    .replace(/ies$/, 'y')
    .replace(/(ss|ch)es$/, '$1')
    .replace(/(?<!s)s$/, '')

/** The member at a dotted path; members of an array cannot be reached this way. */
export function member(record: StoreRecord, path: string): Json {
  if (!path.includes('.')) return record[path]
  let value: Json = record
  for (const name of path.split('.')) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
    value = (value as StoreRecord)[name]
  }
  return value
}
