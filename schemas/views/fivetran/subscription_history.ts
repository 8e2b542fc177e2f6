import { fivetranView, from } from '../../../src/schema/fivetran-view.ts'
import subscriptions from '../../subscriptions.ts'
import { SUBSCRIPTION } from './subscription.ts'

/** Columns of the table, of those that the view shows. */
const SHOWN = Object.keys(SUBSCRIPTION).filter(name => Object.hasOwn(subscriptions.columns, name))
const of = (table: string): string => SHOWN.map(name => `${table}."${name}"`).join(', ')

export default fivetranView({
  name: 'subscription_history',
  doc: 'One version of a subscription. Of versions that changed at the same time the last one stands; without a history the row of each subscription is its only version.',
  of: subscriptions,
  // Versions are kept from the first sync with a history on. The current row is the newest version in any case.
  rows: `(
  select * from (
    select u.*, row_number() over (partition by u.id, u.updated_at order by u.is_current desc, u.valid_from desc) as newest
    from (
      select h.id, ${of('h')}, coalesce(s._synced_at, h.valid_from) as _synced_at, s._deleted_at, h.valid_from, 0 as is_current
      from {{table subscriptions__history}} as h left join {{table subscriptions}} as s on s.id = h.id
      union all
      select s.id, ${of('s')}, s._synced_at, s._deleted_at, s._synced_at, 1
      from {{table subscriptions}} as s
    ) as u
  ) as r where r.newest = 1
)`,
  gone: 'kept',
  grain: ['subscription_id', 'updated_at'],
  columns: {
    subscription_id: from('id'),
    ...SUBSCRIPTION,
    external_product_id_ecommerce: from('external_product_id_ecommerce'),
    external_variant_id_ecommerce: from('external_variant_id_ecommerce'),
  },
})
