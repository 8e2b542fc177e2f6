import { day, int } from '../../src/schema/column.ts'
import { view } from '../../src/schema/view.ts'

const FLOWS = ['new', 'reactivated', 'churned_active', 'churned_passive', 'completed'] as const

const flow = (who: string, what: string, kind: string): string =>
  `sum(case when who = '${who}' and what = '${kind}' then 1 else 0 end) as ${what}`

/** Changes of a subscription or a customer at the ends of days, from a relation with steps and the kind of the end. */
const WHAT = `case
      when is_active then case when n = 1 then 'new' else 'reactivated' end
      else coalesce(end_kind, 'active_churn')
    end as what`

export default view({
  name: 'subscribers_daily',
  layer: 'metrics',
  doc: 'Active subscribers and subscriptions at the end of each day, and how many came and went. What happens within a day is netted: who joins and leaves on one day counts nowhere.',
  grain: ['date_day'],
  metrics: [
    {
      name: 'active_subscribers',
      column: 'active_subscribers',
      definition:
        'Customers with at least one subscription whose status is active at the end of the day. Paused and skipped ones are active, and so are lapsed ones. A cancelled prepaid subscription with open shipments is not: see open_prepaid_orders in subscriptions_current.',
      source: 'Recharge: active subscribers.',
      differsFromRecharge:
        'Recharge refreshes once a day. Recharge counts days in Eastern time; here they are days of the setting analytics.zone. A time of cancellation that was taken back before the first sync is not known here.',
    },
    {
      name: 'new_subscribers',
      column: 'new',
      definition:
        'Customers who are active at the end of a day and never were before. Who joins and leaves on one day counts nowhere.',
      source: 'Recharge: new subscribers, net within a day.',
      differsFromRecharge: 'Recharge counts days in Eastern time; here they are days of the setting analytics.zone.',
    },
    {
      name: 'reactivated_subscribers',
      column: 'reactivated',
      definition:
        'Customers who were active once, were not at the end of the day before, and are again, with any product.',
      source: 'Recharge: reactivated subscribers.',
      differsFromRecharge:
        'Here a subscription that was cancelled and activated again before the first sync was active all the time.',
    },
  ],
  columns: {
    date_day: day('The day, in the reporting zone; from the first subscription to as_of.'),
    active_subscribers: int('Customers with an active subscription at the end of the day.'),
    new: int('Customers who were active at the end of the day for the first time.'),
    reactivated: int('Customers who were active again, with any subscription.'),
    churned_active: int(
      'Customers who were active no longer, because their last subscription was cancelled by them or by the shop.',
    ),
    churned_passive: int('Customers who were active no longer, because payment for their last subscription failed.'),
    completed: int('Customers who were active no longer, because their last subscription had all its charges.'),
    net_change: int('new + reactivated − churned_active − churned_passive − completed.'),
    active_subscriptions: int('Subscriptions that were active at the end of the day.'),
    new_subscriptions: int('Subscriptions that were active at the end of the day for the first time.'),
    reactivated_subscriptions: int(
      'Subscriptions that had ended and were active again. It is known only where versions were seen before and after.',
    ),
    churned_active_subscriptions: int('Subscriptions that were cancelled by the customer or the shop.'),
    churned_passive_subscriptions: int('Subscriptions that ended because payment failed.'),
    completed_subscriptions: int('Subscriptions that ended because they had all their charges.'),
    net_change_subscriptions: int('The sum of the five before it, those that ended negative.'),
  },
  checks: [
    {
      name: 'nobody_below_zero',
      doc: 'No count is negative, and no customer is active without a subscription.',
      sql: 'select date_day from {{subscribers_daily}} where active_subscribers < 0 or active_subscriptions < active_subscribers',
    },
    {
      name: 'ends_at_the_current_state',
      doc: 'On the last day as many subscriptions are active as have no end, but for those that changed after as_of.',
      sql: `select d.date_day from {{subscribers_daily}} as d cross join {{as_of}} as a
        cross join (
          select count(*) as n from {{subscription_periods}} as p cross join {{as_of}} as b
          where p.valid_from_on <= b.as_of_on and (p.valid_to_on is null or p.valid_to_on > b.as_of_on)
        ) as s
        where d.date_day = a.as_of_on and d.active_subscriptions <> s.n`,
    },
  ],
  /*
   * Steps up and down are added up by day, so that periods that follow each other and what begins and ends on one day
   * cancel out. Days before 2015, where the calendar begins, count as its first.
   */
  sql: `
with
periods as materialized (
  select subscription_id, customer_id, valid_from_on, valid_to_on, valid_to, end_kind from {{subscription_periods}}
),
steps as (
  select subscription_id, customer_id, greatest(valid_from_on, date '2015-01-01') as on_day, 1 as step,
    cast(null as timestamptz) as ended_at, cast(null as text) as end_kind
  from periods
  union all
  select subscription_id, customer_id, greatest(valid_to_on, date '2015-01-01'), -1, valid_to, end_kind
  from periods
  where valid_to is not null
),
changes as materialized (
  select subscription_id, customer_id, on_day, sum(step) as step, max(ended_at) as ended_at, max(end_kind) as end_kind
  from steps
  group by subscription_id, customer_id, on_day
  having sum(step) <> 0
),
subscription_changes as (
  select 'subscription' as who, on_day, step > 0 as is_active, end_kind,
    row_number() over (partition by subscription_id order by on_day) as n
  from changes
),
ranked as (
  select customer_id, on_day, step, end_kind,
    row_number() over (partition by customer_id, on_day order by step, ended_at desc nulls last, subscription_id desc) as n
  from changes
  where customer_id is not null
),
customer_days as (
  select customer_id, on_day, sum(step) as step, max(case when n = 1 and step < 0 then end_kind end) as end_kind
  from ranked
  group by customer_id, on_day
),
counted as (
  select customer_id, on_day, step, end_kind,
    sum(step) over (partition by customer_id order by on_day rows between unbounded preceding and current row) as active
  from customer_days
),
customer_changes as (
  select 'customer' as who, on_day, active > 0 as is_active, end_kind, row_number() over (partition by customer_id order by on_day) as n
  from counted
  where (active > 0) <> (active - step > 0)
),
daily as (
  select on_day,
    ${FLOWS.map(name => flow('customer', name, kindOf(name))).join(',\n    ')},
    ${FLOWS.map(name => flow('subscription', `${name}_subscriptions`, kindOf(name))).join(',\n    ')}
  from (
    select who, on_day, ${WHAT} from customer_changes
    union all
    select who, on_day, ${WHAT} from subscription_changes
  ) as c
  group by on_day
),
filled as (
  select d.date_day, ${[...FLOWS, ...FLOWS.map(name => `${name}_subscriptions`)].map(name => `coalesce(c.${name}, 0) as ${name}`).join(', ')}
  from {{dates}} as d
  cross join {{as_of}} as a
  cross join (select min(on_day) as first_day from daily) as f
  left join daily as c on c.on_day = d.date_day
  where d.date_day >= f.first_day and d.date_day <= a.as_of_on
),
netted as (
  select filled.*, new + reactivated - churned_active - churned_passive - completed as net_change,
    new_subscriptions + reactivated_subscriptions - churned_active_subscriptions - churned_passive_subscriptions - completed_subscriptions as net_change_subscriptions
  from filled
)
select netted.*,
  sum(net_change) over (order by date_day rows between unbounded preceding and current row) as active_subscribers,
  sum(net_change_subscriptions) over (order by date_day rows between unbounded preceding and current row) as active_subscriptions
from netted`,
})

/** The word of `WHAT` for a column. */
function kindOf(name: (typeof FLOWS)[number]): string {
  if (name === 'churned_active') return 'active_churn'
  if (name === 'churned_passive') return 'passive_churn'
  return name
}
