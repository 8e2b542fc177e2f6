import { day, flag, instant, int, money, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { END_KINDS, endKind } from '../../src/schema/view-sql/end-kind.ts'
import { isOneOf } from '../../src/schema/view-sql/is-one-of.ts'
import {
  CURRENCY,
  CURRENCY_DOC,
  mrrOf,
  STORE_CURRENCY,
  SUBSCRIPTION_STATES,
  unitOf,
} from '../../src/schema/view-sql/mrr.ts'

/** What a version says, from a relation `v`. */
const VERSION = `lower(v.status) = 'active' as is_active, lower(v.status) as status, v.cancelled_at, v.cancellation_reason as reason,
    v.max_retries_reached as max_retries, v.price, v.quantity, ${unitOf('v.order_interval_unit')} as unit,
    coalesce(v.charge_interval_frequency, v.order_interval_frequency) as frequency, v.external_product_id_ecommerce as product_id,
    v.external_variant_id_ecommerce as variant_id, v.sku, v.product_title, v.variant_title`

/** The columns in which a period differs from the next one. */
const TERMS = [
  'price',
  'quantity',
  'unit',
  'frequency',
  'product_id',
  'variant_id',
  'sku',
  'product_title',
  'variant_title',
]
const terms = (of: string): string => TERMS.map(name => `${of}.${name}`).join(', ')

export default view({
  name: 'subscription_periods',
  layer: 'metrics',
  doc: 'The times in which each subscription was active, cut where its price, quantity, interval or product changed. MRR, churn and cohorts are computed from it.',
  grain: ['subscription_id', 'valid_from'],
  materialized: true,
  columns: {
    subscription_id: int('Id of the subscription.'),
    valid_from: instant('When the period began.'),
    valid_to: instant('When the period ended, exclusive; null while it lasts.'),
    valid_from_on: day('Day of valid_from in the reporting zone.'),
    valid_to_on: day('Day of valid_to in the reporting zone: the first day at whose end the period was over.'),
    customer_id: int('Id of the customer.'),
    currency: text(CURRENCY_DOC),
    price: money(
      'Price of one unit in one charge, before discounts, tax and shipping. Of a prepaid subscription it is for the whole charge.',
    ),
    quantity: int('Number of units.'),
    charge_interval_frequency: int('Number of interval_unit from one charge to the next.'),
    interval_unit: oneOf(['day', 'week', 'month'], text('Unit of the interval; null if it is unknown.')),
    product_id: text('Product id in the commerce platform.'),
    variant_id: text('Variant id in the commerce platform.'),
    sku: text('Stock keeping unit, if set on the subscription.'),
    product_title: text('Name of the product.'),
    variant_title: text('Name of the variant.'),
    mrr: amount(
      'Price × quantity × charges a month: 1 / frequency for months, 30.4375 / 7 / frequency for weeks, 30.4375 / frequency for days. Null if one of them is unknown.',
    ),
    is_backcast: flag('Whether the period lies before the oldest version that was seen.'),
    terms_from: oneOf(
      ['version', 'order', 'oldest_version'],
      text(
        'Where price and quantity come from: a version of the subscription, an order of it, or, where no order says more, the oldest version. Interval and product are always those of a version.',
      ),
    ),
    end_kind: endKind('Why the subscription stopped being active at valid_to; null if it did not.'),
    cancellation_reason: text('The reason for that, as it was given.'),
    reason_group: text('Group of the reason, see reason_groups; other if it is in none, null without a reason.'),
  },
  checks: [
    {
      name: 'periods_do_not_overlap',
      doc: 'A subscription is in one period at a time.',
      sql: `select subscription_id from (select subscription_id, valid_to, lead(valid_from) over (partition by subscription_id order by valid_from) as next from {{subscription_periods}}) as p where next < valid_to or (next is not null and valid_to is null)`,
    },
    {
      name: 'open_periods_are_active',
      doc: 'The subscriptions with a period that lasts are those that are active now.',
      sql: `select coalesce(p.subscription_id, s.subscription_id) as subscription_id
        from (select subscription_id from {{subscription_periods}} where valid_to is null) as p
        full join (select subscription_id from {{subscriptions_current}} where status = 'active') as s on s.subscription_id = p.subscription_id
        where p.subscription_id is null or s.subscription_id is null`,
    },
  ],
  /*
   * seen: the versions, and the current row if no version has it, as with the history off.
   * kept: those in which what counts here has changed. Of a run of versions that are not active the first is kept.
   * before: the time from the creation to the oldest version, or to its cancellation.
   * billed, steady, varied: what orders say about price and quantity in that time. Most subscriptions have one price in all
   * their orders, and only the others need to be put in order. Of the orders of one charge the highest price counts: later
   * shipments of a prepaid charge may have the price 0.
   */
  sql: `
with
subs as materialized (
  select s.id, s.customer_id, s.created_at, lower(s.status) as status, s.cancellation_reason as reason,
    s.max_retries_reached as max_retries, ${CURRENCY} as currency
  from {{subscriptions}} as s cross join ${STORE_CURRENCY} as m
  where ${isOneOf('s.status', SUBSCRIPTION_STATES)} and not exists (select 1 from {{excluded_skus}} as x where x.sku = s.sku)
),
seen as (
  select v.id, v.valid_from, ${VERSION}
  from {{subscriptions__history}} as v
  where ${isOneOf('v.status', SUBSCRIPTION_STATES)}
  union all
  select v.id, coalesce(v.updated_at, v.created_at, v._synced_at) as valid_from, ${VERSION}
  from {{subscriptions}} as v
  left join (select id, max(valid_from) as newest from {{subscriptions__history}} group by id) as h on h.id = v.id
  where ${isOneOf('v.status', SUBSCRIPTION_STATES)} and (h.newest is null or v.updated_at > h.newest)
),
compared as (
  select seen.*, row_number() over w as n, lag(is_active) over w as was_active, ${TERMS.map(name => `lag(${name}) over w as old_${name}`).join(', ')}
  from seen
  window w as (partition by id order by valid_from)
),
kept as (
  select id, valid_from, n = 1 as is_first, is_active, status, cancelled_at, reason, max_retries, ${TERMS.join(', ')},
    coalesce(cancelled_at, valid_from) as ended_at
  from compared
  where n = 1 or is_active <> was_active
    or (is_active and (${TERMS.map(name => `${name} is distinct from old_${name}`).join(' or ')}))
),
placed as materialized (
  select kept.*, lead(valid_from) over w as next_from, lead(is_active) over w as next_active, lead(ended_at) over w as next_ended_at,
    lead(status) over w as next_status, lead(reason) over w as next_reason, lead(max_retries) over w as next_max_retries,
    (lead(valid_from, 2) over w) is null as next_is_last
  from kept
  window w as (partition by id order by valid_from)
),
seen_periods as (
  select p.id, case when p.is_first then greatest(p.valid_from, s.created_at) else p.valid_from end as valid_from,
    case when p.next_from is null or p.next_active then p.next_from
      else least(p.next_from, greatest(p.next_ended_at, p.valid_from)) end as valid_to,
    ${terms('p')}, false as is_backcast, 'version' as terms_from,
    p.next_from is not null and not p.next_active as is_end,
    case when p.next_is_last then s.status else p.next_status end as status,
    case when p.next_is_last then s.reason else p.next_reason end as reason,
    case when p.next_is_last then s.max_retries else p.next_max_retries end as max_retries
  from placed as p join subs as s on s.id = p.id
  where p.is_active
),
before as materialized (
  select p.id, s.created_at as starts, case when p.is_active then p.valid_from else p.ended_at end as stops, s.currency,
    ${terms('p')}, not p.is_active as is_end,
    case when p.next_from is null then s.status else p.status end as status,
    case when p.next_from is null then s.reason else p.reason end as reason,
    case when p.next_from is null then s.max_retries else p.max_retries end as max_retries
  from placed as p join subs as s on s.id = p.id
  where p.is_first and s.created_at < case when p.is_active then p.valid_from else p.ended_at end
),
billed as materialized (
  select b.id, coalesce(o.charge_id, -o.id) as charge_id, coalesce(o.processed_at, o.created_at) as billed_at,
    l.original_price as price, l.quantity
  from {{orders__line_items}} as l
  join {{orders}} as o on o.id = l.order_id
  join before as b on b.id = l.purchase_item_id
  where l.purchase_item_type = 'subscription' and l.original_price is not null and l.quantity is not null
    and ${isOneOf('o.status', ['success'])} and coalesce(o.processed_at, o.created_at) < b.stops
    and coalesce(o.currency, b.currency) = b.currency
    and (l.original_price > 0 or not coalesce(o.is_prepaid, false))
),
steady as materialized (
  select id, min(price) as price, min(quantity) as quantity, min(price) = max(price) and min(quantity) = max(quantity) as is_steady
  from billed
  group by id
),
charged as (
  select b.id, b.charge_id, min(b.billed_at) as billed_at, max(b.price) as price, max(b.quantity) as quantity
  from billed as b join steady as s on s.id = b.id
  where not s.is_steady
  group by b.id, b.charge_id
),
charged_changes as (
  select c.id, c.charge_id, c.billed_at, c.price, c.quantity, lag(c.price) over w as old_price, lag(c.quantity) over w as old_quantity
  from charged as c
  window w as (partition by c.id order by c.billed_at, c.charge_id)
),
varied as (
  select c.id, c.billed_at, c.price, c.quantity, c.old_price is null as is_first,
    lead(c.billed_at) over (partition by c.id order by c.billed_at, c.charge_id) as next_billed_at
  from charged_changes as c
  where c.old_price is null or c.old_price <> c.price or c.old_quantity <> c.quantity
),
periods as materialized (
  select * from seen_periods
  union all
  select b.id, b.starts, b.stops, coalesce(s.price, b.price), coalesce(s.quantity, b.quantity),
    ${terms('b').split(', ').slice(2).join(', ')}, true, case when s.id is null then 'oldest_version' else 'order' end,
    b.is_end, b.status, b.reason, b.max_retries
  from before as b left join steady as s on s.id = b.id
  where s.id is null or s.is_steady
  union all
  select b.id, case when v.is_first then b.starts else greatest(v.billed_at, b.starts) end,
    case when v.next_billed_at is null then b.stops else greatest(v.next_billed_at, b.starts) end, v.price, v.quantity,
    ${terms('b').split(', ').slice(2).join(', ')}, true, 'order',
    b.is_end and v.next_billed_at is null, b.status, b.reason, b.max_retries
  from before as b join varied as v on v.id = b.id
),
ends as (
  select id as subscription_id, valid_to as ended_at, status, reason, max_retries
  from periods
  where is_end and valid_to > valid_from
),${END_KINDS}
select p.id as subscription_id, p.valid_from, p.valid_to,
  cast(p.valid_from at time zone {{zone}} as date) as valid_from_on,
  cast(p.valid_to at time zone {{zone}} as date) as valid_to_on,
  s.customer_id, s.currency, p.price, p.quantity, p.frequency as charge_interval_frequency, p.unit as interval_unit, p.product_id,
  p.variant_id, p.sku, p.product_title, p.variant_title,
  ${mrrOf({ price: 'p.price', quantity: 'p.quantity', unit: 'p.unit', frequency: 'p.frequency' })} as mrr,
  p.is_backcast, p.terms_from, e.end_kind, e.reason as cancellation_reason, e.reason_group
from periods as p
join subs as s on s.id = p.id
left join end_kinds as e on e.subscription_id = p.id and e.ended_at = p.valid_to
where p.valid_to is null or p.valid_to > p.valid_from`,
})
