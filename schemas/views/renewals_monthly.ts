import { day, flag, int } from '../../src/schema/column.ts'
import { ratio, view } from '../../src/schema/view.ts'
import { chargesAreComplete } from '../../src/schema/view-sql/charges-window.ts'
import { monthOf } from '../../src/schema/view-sql/months.ts'
import { unitOf } from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'renewals_monthly',
  layer: 'metrics',
  doc: 'How many subscriptions were due to renew in each month, and what became of it. It counts each subscription and due day once, over recurring charges.',
  grain: ['month_start'],
  materialized: true,
  columns: {
    month_start: day(
      'First day of the month in which the subscriptions were due. A charge that was rescheduled is due on the day before it was.',
    ),
    due: int('renewed + skipped + failed + cancelled_before + open.'),
    renewed: int('The charge was paid, on this or on another day.'),
    skipped: int('The charge was skipped.'),
    failed: int('The charge is in error.'),
    cancelled_before: int(
      'The subscription was cancelled before its next due day. Recharge deletes the charge, so the day is the one of the charge before and one interval.',
    ),
    open: int('The due day has come, and the charge is queued or pending.'),
    renewal_rate: ratio('renewed divided by due. Null outside the time in which charges are complete.'),
    is_in_window: flag('Whether the month is inside the time in which charges are complete.'),
    is_complete: flag('Whether the month is over, and is_in_window.'),
  },
  metrics: [
    {
      name: 'Renewal rate',
      column: 'renewal_rate',
      definition:
        'Of the subscriptions that were due to renew in a month, the share that was paid, even if on another day.',
      source: 'Recharge, renewal rate of 2025, as described in its help centre.',
      differsFromRecharge:
        'Subscriptions that were cancelled before their due day count as due here. Recharge does not say whether it counts them.',
    },
  ],
  sql: `
with dues as (
  select
    l.purchase_item_id as subscription_id,
    coalesce(c.original_scheduled_at, c.scheduled_at) as due_on,
    max(
      case
        when lower(c.status) in ('success', 'refunded', 'partially_refunded') then 4
        when lower(c.status) = 'error' then 3
        when lower(c.status) = 'skipped' then 2
        else 1
      end
    ) as outcome
  from {{charges__line_items}} as l
  join {{charges}} as c on c.id = l.charge_id
  where lower(l.purchase_item_type) = 'subscription' and lower(c.type) = 'recurring'
    and coalesce(c.original_scheduled_at, c.scheduled_at) is not null
    and lower(c.status) in ('success', 'refunded', 'partially_refunded', 'error', 'skipped', 'queued', 'pending', 'pending_manual_payment')
  group by l.purchase_item_id, coalesce(c.original_scheduled_at, c.scheduled_at)
),
cancelled as materialized (
  select s.id, s.cancelled_on, ${unitOf('s.order_interval_unit')} as unit,
    cast(coalesce(s.charge_interval_frequency, s.order_interval_frequency) as integer) as frequency
  from {{subscriptions}} as s
  where lower(s.status) = 'cancelled' and s.cancelled_on is not null
),
billed as (
  select l.purchase_item_id as id, coalesce(o.charge_id, -o.id) as charge_id, min(coalesce(o.scheduled_on, o.processed_on)) as billed_on
  from {{orders__line_items}} as l
  join {{orders}} as o on o.id = l.order_id
  where lower(l.purchase_item_type) = 'subscription' and lower(o.status) in ('success', 'pending_charge_status', 'cancelled')
    and l.purchase_item_id in (select c.id from cancelled as c)
  group by l.purchase_item_id, coalesce(o.charge_id, -o.id)
),
last_billed as (
  select b.id, max(b.billed_on) as billed_on from billed as b group by b.id
),
last_charged as (
  select
    l.purchase_item_id as id,
    max(coalesce(c.original_scheduled_at, c.scheduled_at)) as charged_on,
    max(case when lower(c.status) = 'error' then coalesce(c.original_scheduled_at, c.scheduled_at) end) as failed_on
  from {{charges__line_items}} as l
  join {{charges}} as c on c.id = l.charge_id
  where lower(l.purchase_item_type) = 'subscription'
    and lower(c.status) in ('success', 'refunded', 'partially_refunded', 'skipped', 'error')
    and l.purchase_item_id in (select x.id from cancelled as x)
  group by l.purchase_item_id
),
lasts as (
  select c.id, c.cancelled_on, c.unit, c.frequency, x.failed_on,
    case when x.charged_on is null or b.billed_on > x.charged_on then b.billed_on else x.charged_on end as last_on
  from cancelled as c
  left join last_billed as b on b.id = c.id
  left join last_charged as x on x.id = c.id
),
nexts as (
  select
    l.id,
    l.cancelled_on,
    case l.unit
      when 'month' then cast(cast(l.last_on as timestamp) + l.frequency * interval '1 month' as date)
      when 'week' then l.last_on + 7 * l.frequency
      when 'day' then l.last_on + l.frequency
    end as due_on
  from lasts as l
  where l.last_on is not null and (l.failed_on is null or l.failed_on < l.last_on)
),
outcomes as (
  select ${monthOf('d.due_on')} as month_start, d.outcome, count(*) as n
  from dues as d
  cross join {{as_of}} as a
  where d.outcome > 1 or d.due_on <= a.as_of_on
  group by ${monthOf('d.due_on')}, d.outcome
  union all
  select ${monthOf('n.due_on')} as month_start, 0 as outcome, count(*) as n
  from nexts as n
  cross join {{as_of}} as a
  where n.due_on <= a.as_of_on and n.cancelled_on <= n.due_on
  group by ${monthOf('n.due_on')}
),
sums as (
  select
    o.month_start,
    sum(o.n) as due,
    coalesce(sum(o.n) filter (where o.outcome = 4), 0) as renewed,
    coalesce(sum(o.n) filter (where o.outcome = 3), 0) as failed,
    coalesce(sum(o.n) filter (where o.outcome = 2), 0) as skipped,
    coalesce(sum(o.n) filter (where o.outcome = 1), 0) as open,
    coalesce(sum(o.n) filter (where o.outcome = 0), 0) as cancelled_before
  from outcomes as o
  group by o.month_start
),
months as (
  select s.*, ${chargesAreComplete('s.month_start', 'c.complete_from')} as is_in_window
  from sums as s
  left join {{completeness}} as c on c.stream = 'charges'
)
select
  m.*,
  case when m.is_in_window then ${quotient('m.renewed', 'm.due', 6)} end as renewal_rate,
  m.is_in_window and m.month_start < a.month_start as is_complete
from months as m
cross join {{as_of}} as a`,
})
