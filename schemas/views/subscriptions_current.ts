import { day, flag, instant, int, money, oneOf, rate, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { END_KINDS, endKind } from '../../src/schema/view-sql/end-kind.ts'
import { isOneOf } from '../../src/schema/view-sql/is-one-of.ts'
import {
  CURRENCY,
  CURRENCY_DOC,
  intervalDays,
  mrrOf,
  STORE_CURRENCY,
  SUBSCRIPTION_STATES,
  unitOf,
} from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

const ID = 1_000_000_000_000

export default view({
  name: 'subscriptions_current',
  layer: 'metrics',
  doc: 'Each subscription as it is now, active or ended, with its monthly revenue and what was delivered. Records of status onetime are not subscriptions.',
  grain: ['subscription_id'],
  materialized: true,
  columns: {
    subscription_id: int('Id of the subscription.'),
    customer_id: int('Id of the customer.'),
    address_id: int('Id of the address that it is shipped to.'),
    status: oneOf(['active', 'cancelled', 'expired'], text('State of the subscription, in lower case.')),
    product_id: text('Product id in the commerce platform.'),
    variant_id: text('Variant id in the commerce platform.'),
    sku: text('Stock keeping unit, if set on the subscription.'),
    product_title: text('Name of the product.'),
    variant_title: text('Name of the variant.'),
    currency: text(CURRENCY_DOC),
    price: money(
      'Price of one unit in one charge, before discounts, tax and shipping. Of a prepaid subscription it is for the whole charge.',
    ),
    quantity: int('Number of units.'),
    charge_interval_frequency: int('Number of interval_unit from one charge to the next.'),
    order_interval_frequency: int('Number of interval_unit from one order to the next.'),
    interval_unit: oneOf(['day', 'week', 'month'], text('Unit of both intervals; null if it is unknown.')),
    interval_days: rate('Days from one charge to the next; a month has 30.4375.'),
    mrr: amount(
      'Price × quantity × charges a month, before discounts. 0 unless it is active; null if price, quantity or interval are unknown.',
    ),
    mrr_net: amount(
      'mrr less the share of discounts in its newest charge, processed or queued. Null if no charge of it is known.',
    ),
    created_at: instant('When it was created.'),
    created_on: day('Day of created_at in the reporting zone.'),
    ended_at: instant(
      'When it was cancelled or expired; null while it is active. Without a time of cancellation: when it was first seen to have ended.',
    ),
    ended_on: day('Day of ended_at in the reporting zone.'),
    tenure_days: int('Days from created_on to ended_on, or to as_of while it is active.'),
    end_kind: endKind('Why it ended; null while it is active.'),
    cancellation_reason: text('Reason given for cancelling; null while it is active.'),
    reason_group: text('Group of the reason, see reason_groups; other if it is in none, null without a reason.'),
    next_charge_on: day('Day of the next charge; null when none is planned.'),
    orders_success: int('Orders of it that were made, prepaid ones too.'),
    charges_success: int('Charges that paid for those orders.'),
    first_success_at: instant('When the first of those orders was made.'),
    last_success_at: instant('When the last of those orders was made.'),
    charges_left: int('Charges until it expires; null if it does not.'),
    is_prepaid: flag('Whether one charge pays for several orders.'),
    open_prepaid_orders: int(
      'Orders that are paid for and not made yet. A prepaid subscription may be cancelled and have some.',
    ),
    is_lapsed: flag(
      'Whether it is active although a charge of it ran out of attempts, and no order of it was made since. Whether Recharge cancels such a subscription is a setting of the shop.',
    ),
  },
  checks: [
    {
      name: 'ended_after_it_began',
      doc: 'No subscription ended before it was created.',
      sql: 'select subscription_id from {{subscriptions_current}} where tenure_days < 0',
    },
  ],
  /*
   * newest: of each subscription the charge that is scheduled last, packed into one number with its day, because a maximum
   * needs no sorting.
   */
  sql: `
with
subs as materialized (
  select s.*, lower(s.status) as state, ${unitOf('s.order_interval_unit')} as unit,
    coalesce(s.charge_interval_frequency, s.order_interval_frequency) as frequency, ${CURRENCY} as currency
  from {{subscriptions}} as s cross join ${STORE_CURRENCY} as m
  where ${isOneOf('s.status', SUBSCRIPTION_STATES)} and not exists (select 1 from {{excluded_skus}} as x where x.sku = s.sku)
),
first_seen as (
  select h.id, min(h.valid_from) as ended_at
  from {{subscriptions__history}} as h
  join subs as s on s.id = h.id
  left join (
    select id, max(valid_from) as valid_from from {{subscriptions__history}} where lower(status) = 'active' group by id
  ) as a on a.id = h.id
  where s.state <> 'active' and s.cancelled_at is null and (a.valid_from is null or h.valid_from > a.valid_from)
  group by h.id
),
ends as (
  select s.id as subscription_id, coalesce(s.cancelled_at, f.ended_at, s.updated_at) as ended_at, s.state as status,
    s.cancellation_reason as reason, s.max_retries_reached as max_retries
  from subs as s left join first_seen as f on f.id = s.id
  where s.state <> 'active'
),${END_KINDS},
orders_of as (
  select l.purchase_item_id as id,
    count(distinct case when lower(o.status) = 'success' then o.id end) as made,
    count(distinct case when lower(o.status) = 'success' then coalesce(o.charge_id, -o.id) end) as paid,
    count(distinct case when lower(o.status) = 'queued' and o.is_prepaid then o.id end) as open,
    min(case when lower(o.status) = 'success' then o.processed_at end) as first_at,
    max(case when lower(o.status) = 'success' then o.processed_at end) as last_at
  from {{orders__line_items}} as l join {{orders}} as o on o.id = l.order_id
  where l.purchase_item_type = 'subscription' and ${isOneOf('o.status', ['success', 'queued'])}
  group by l.purchase_item_id
),
newest as (
  select l.purchase_item_id as id, max((c.scheduled_at - date '2000-01-01') * ${ID} + c.id) as packed
  from {{charges__line_items}} as l join {{charges}} as c on c.id = l.charge_id
  where l.purchase_item_type = 'subscription' and ${isOneOf('c.status', ['success', 'refunded', 'partially_refunded', 'queued'])}
  group by l.purchase_item_id
),
discounted as (
  select n.id, c.total_line_items_price as items, greatest(c.total_line_items_price - coalesce(c.total_discounts, 0), 0) as left_over
  from newest as n join {{charges}} as c on c.id = n.packed % ${ID}
  where c.total_line_items_price > 0
),
lapses as (
  select x.subscription_id as id, max(x.updated_at) as lapsed_at
  from exhausted as x
  group by x.subscription_id
),
valued as (
  select s.id, case when s.state = 'active' then ${mrrOf({ price: 's.price', quantity: 's.quantity', unit: 's.unit', frequency: 's.frequency' })} else 0 end as mrr
  from subs as s
)
select s.id as subscription_id, s.customer_id, s.address_id, s.state as status, s.external_product_id_ecommerce as product_id,
  s.external_variant_id_ecommerce as variant_id, s.sku, s.product_title, s.variant_title, s.currency, s.price, s.quantity,
  s.frequency as charge_interval_frequency, s.order_interval_frequency, s.unit as interval_unit,
  ${intervalDays({ unit: 's.unit', frequency: 's.frequency' })} as interval_days,
  v.mrr, case when v.mrr = 0 then 0 else ${quotient('v.mrr * d.left_over', 'd.items', 4)} end as mrr_net,
  s.created_at, s.created_on, e.ended_at, cast(e.ended_at at time zone {{zone}} as date) as ended_on,
  coalesce(cast(e.ended_at at time zone {{zone}} as date), a.as_of_on) - s.created_on as tenure_days,
  e.end_kind, e.reason as cancellation_reason, e.reason_group, s.next_charge_scheduled_at as next_charge_on,
  coalesce(o.made, 0) as orders_success, coalesce(o.paid, 0) as charges_success, o.first_at as first_success_at,
  o.last_at as last_success_at,
  case when s.expire_after_specific_number_of_charges is not null then greatest(s.expire_after_specific_number_of_charges - coalesce(o.paid, 0), 0) end as charges_left,
  coalesce(s.is_prepaid, false) as is_prepaid, coalesce(o.open, 0) as open_prepaid_orders,
  s.state = 'active' and p.lapsed_at is not null and (o.last_at is null or o.last_at < p.lapsed_at) as is_lapsed
from subs as s
cross join {{as_of}} as a
join valued as v on v.id = s.id
left join end_kinds as e on e.subscription_id = s.id
left join orders_of as o on o.id = s.id
left join discounted as d on d.id = s.id
left join lapses as p on p.id = s.id`,
})
