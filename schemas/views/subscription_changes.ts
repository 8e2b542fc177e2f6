import { day, instant, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { isOneOf } from '../../src/schema/view-sql/is-one-of.ts'
import {
  CURRENCY,
  CURRENCY_DOC,
  mrrOf,
  STORE_CURRENCY,
  SUBSCRIPTION_STATES,
  unitOf,
} from '../../src/schema/view-sql/mrr.ts'

/** Each kind with the values that are compared. The order decides which row of a version has the change of the revenue. */
const KINDS: Readonly<Record<string, string>> = {
  status: 'status',
  swap: 'product',
  price: 'price',
  quantity: 'quantity',
  interval: 'every',
  date: 'next_charge_on',
  address: 'address_id',
}
const COMPARED = [...Object.values(KINDS), 'unit', 'frequency']

const mrr = (before: string): string =>
  `case when ${before}status = 'active' then ${mrrOf({ price: `${before}price`, quantity: `${before}quantity`, unit: `${before}unit`, frequency: `${before}frequency` })} else 0 end`

export default view({
  name: 'subscription_changes',
  layer: 'metrics',
  doc: 'What changed in subscriptions: a row for each kind of change between two versions that follow each other. Only versions that were seen are compared. So it begins with the first sync, and of several changes between two syncs only the sum is known.',
  grain: ['subscription_id', 'changed_at', 'kind'],
  materialized: true,
  columns: {
    subscription_id: int('Id of the subscription.'),
    changed_at: instant('From when the newer version is valid.'),
    changed_on: day('Day of changed_at in the reporting zone.'),
    kind: oneOf(
      ['status', 'swap', 'price', 'quantity', 'interval', 'date', 'address'],
      text(
        'What changed. swap: the product or its variant. interval: that of the charges. date: the day of the next charge, which each renewal moves.',
      ),
    ),
    customer_id: int('Id of the customer.'),
    currency: text(CURRENCY_DOC),
    old_value: text(
      'Value before. Of a swap: the ids and titles of product and variant. Of an interval: number and unit.',
    ),
    new_value: text('Value after; null if there is none any more.'),
    mrr_change: amount(
      'By how much all changes of the version together changed the monthly recurring revenue. It is on one of its rows, the first in the order of the kinds above, and 0 on the others, so that it can be summed.',
    ),
  },
  sql: `
with
versions as (
  select s.id, s.customer_id, ${CURRENCY} as currency, s.valid_from, lower(s.status) as status, s.price, s.quantity,
    ${unitOf('s.order_interval_unit')} as unit, coalesce(s.charge_interval_frequency, s.order_interval_frequency) as frequency,
    concat_ws(' ', s.external_product_id_ecommerce, s.external_variant_id_ecommerce, s.product_title, s.variant_title) as product,
    concat_ws(' ', coalesce(s.charge_interval_frequency, s.order_interval_frequency), lower(s.order_interval_unit)) as every,
    s.next_charge_scheduled_at as next_charge_on, s.address_id
  from {{subscriptions__history}} as s
  join {{subscriptions}} as live on live.id = s.id
  cross join ${STORE_CURRENCY} as m
  where ${isOneOf('s.status', SUBSCRIPTION_STATES)} and not exists (select 1 from {{excluded_skus}} as x where x.sku = s.sku)
),
compared as (
  select versions.*, row_number() over w as n, ${COMPARED.map(name => `lag(${name}) over w as old_${name}`).join(', ')}
  from versions
  window w as (partition by id order by valid_from)
),
changed as materialized (
  select compared.*, coalesce(${mrr('')}, 0) - coalesce(${mrr('old_')}, 0) as mrr_change
  from compared
  where n > 1
),
rows_of as (
${Object.entries(KINDS)
  .map(
    ([kind, value], i) =>
      `  select id, customer_id, currency, valid_from, mrr_change, ${i} as place, '${kind}' as kind, cast(old_${value} as text) as old_value, cast(${value} as text) as new_value
  from changed where ${value} is distinct from old_${value}`,
  )
  .join('\n  union all\n')}
)
select r.id as subscription_id, r.valid_from as changed_at, cast(r.valid_from at time zone {{zone}} as date) as changed_on, r.kind, r.customer_id,
  r.currency, r.old_value, r.new_value,
  case when row_number() over (partition by r.id, r.valid_from order by r.place) = 1 then r.mrr_change else 0 end as mrr_change
from rows_of as r`,
})
