import { day, flag, int } from '../../src/schema/column.ts'
import { ratio, view } from '../../src/schema/view.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

const KINDS = ['churned', 'churned_active', 'churned_passive', 'completed'] as const
const rates = (start: string, ending: string): string =>
  KINDS.map(kind => `${quotient(`${kind}${ending}`, start, 6)} as ${kind}_rate${ending}`).join(',\n  ')

export default view({
  name: 'churn_monthly',
  layer: 'metrics',
  doc: 'Customers and subscriptions that were lost in each month, by kind, and their share of those at its start. The counts are those of subscribers_daily, summed: a customer who leaves and returns within a month is in both.',
  grain: ['month_start'],
  metrics: [
    {
      name: 'subscriber_churn_rate',
      column: 'churned_rate',
      definition:
        'Customers who lost their last active subscription in the month, divided by those active at its start. Customers who are new in the month are not in the denominator.',
      source: 'Churned in the period / active at its start.',
      differsFromRecharge: 'A denominator that contains the new customers gives a lower rate.',
    },
    {
      name: 'passive_churn',
      column: 'churned_passive',
      definition:
        'Customers who were lost because payment failed: the reason is in the group payment_failed, or max_retries_reached is true, or a charge of the subscription ran out of attempts in the seven days before the end.',
      source: 'Recharge: passive churn.',
      differsFromRecharge:
        'Where the shop does nothing after the last attempt there is no cancellation; such subscriptions are active and is_lapsed in subscriptions_current.',
    },
    {
      name: 'subscription_churn_rate',
      column: 'churned_rate_subscriptions',
      definition: 'Subscriptions that ended in the month, divided by those active at its start.',
      source: 'Churned in the period / active at its start.',
      differsFromRecharge: null,
    },
  ],
  columns: {
    month_start: day('The first day of the month.'),
    is_complete: flag('Whether the month had ended at as_of.'),
    subscribers_start: int('Active customers at the start of the month.'),
    new: int('New customers.'),
    reactivated: int('Customers who came back.'),
    churned: int('Customers who were lost: churned_active + churned_passive + completed.'),
    churned_active: int('Those who were lost by a cancellation.'),
    churned_passive: int('Those who were lost because payment failed.'),
    completed: int('Those whose last subscription had all its charges.'),
    subscribers_end: int('Active customers at the end of the month: start + new + reactivated − churned.'),
    churned_rate: ratio(
      'churned / subscribers_start. The new ones of the month are not in the denominator, though they may be lost in it.',
    ),
    churned_active_rate: ratio('churned_active / subscribers_start.'),
    churned_passive_rate: ratio('churned_passive / subscribers_start.'),
    completed_rate: ratio('completed / subscribers_start.'),
    subscriptions_start: int('Active subscriptions at the start of the month.'),
    new_subscriptions: int('New subscriptions.'),
    reactivated_subscriptions: int('Subscriptions that were active again.'),
    churned_subscriptions: int('Subscriptions that ended, of all three kinds.'),
    churned_active_subscriptions: int('Those that were cancelled by the customer or the shop.'),
    churned_passive_subscriptions: int('Those that ended because payment failed.'),
    completed_subscriptions: int('Those that had all their charges.'),
    subscriptions_end: int('Active subscriptions at the end of the month.'),
    churned_rate_subscriptions: ratio('churned_subscriptions / subscriptions_start.'),
    churned_active_rate_subscriptions: ratio('churned_active_subscriptions / subscriptions_start.'),
    churned_passive_rate_subscriptions: ratio('churned_passive_subscriptions / subscriptions_start.'),
    completed_rate_subscriptions: ratio('completed_subscriptions / subscriptions_start.'),
  },
  checks: [
    {
      name: 'start_and_changes_make_the_end',
      doc: 'Who was there, came and left adds up to who is there, and to the last day of the month in subscribers_daily.',
      sql: `select m.month_start from {{churn_monthly}} as m
        join (select date_day, active_subscribers, active_subscriptions, max(date_day) over () as last_day from {{subscribers_daily}}) as d
          on d.date_day = least(d.last_day, cast(cast(m.month_start as timestamp) + interval '1 month' - interval '1 day' as date))
        where m.subscribers_start + m.new + m.reactivated - m.churned <> m.subscribers_end or m.subscribers_end <> d.active_subscribers
          or m.subscriptions_start + m.new_subscriptions + m.reactivated_subscriptions - m.churned_subscriptions <> m.subscriptions_end
          or m.subscriptions_end <> d.active_subscriptions`,
    },
  ],
  sql: `
with
months as (
  select d.month_start, bool_and(d.is_complete_month) as is_complete,
    ${['', '_subscriptions']
      .flatMap(ending =>
        ['new', 'reactivated', 'churned_active', 'churned_passive', 'completed', 'net_change'].map(
          name => `cast(sum(s.${name}${ending}) as bigint) as ${name}${ending}`,
        ),
      )
      .join(', ')}
  from {{subscribers_daily}} as s join {{dates}} as d on d.date_day = s.date_day
  group by d.month_start
),
ended as (
  select months.*, churned_active + churned_passive + completed as churned,
    churned_active_subscriptions + churned_passive_subscriptions + completed_subscriptions as churned_subscriptions,
    cast(sum(net_change) over w as bigint) as subscribers_end, cast(sum(net_change_subscriptions) over w as bigint) as subscriptions_end
  from months
  window w as (order by month_start rows between unbounded preceding and current row)
),
started as (
  select ended.*, subscribers_end - net_change as subscribers_start, subscriptions_end - net_change_subscriptions as subscriptions_start
  from ended
)
select started.*,
  ${rates('subscribers_start', '')},
  ${rates('subscriptions_start', '_subscriptions')}
from started`,
})
