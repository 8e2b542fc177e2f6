import { day, int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { mrrOf, unitOf } from '../../src/schema/view-sql/mrr.ts'

export default view({
  name: 'dunning_open',
  layer: 'metrics',
  doc: 'The charges whose payment has failed and will be tried again, with what is at stake.',
  grain: ['charge_id'],
  columns: {
    charge_id: int('Id of the charge.'),
    customer_id: int('Id of the customer.'),
    currency: text('ISO code of the currency of the amounts.'),
    amount: amount('Total of the charge.'),
    error_type: text('Error type, as the API sends it.'),
    error_group: text('Its group from error_groups; other if it is in none; null without an error type.'),
    error: text('What went wrong, in free text.'),
    attempts: int('Number of attempts so far.'),
    scheduled_on: day('Day on which the customer was to be billed.'),
    retry_on: day('Day of the next attempt; null if it is not known.'),
    days_in_dunning: int('Days from the scheduled day to as_of.'),
    subscriptions_at_risk: int('Active subscriptions that the charge pays for.'),
    mrr_at_risk: amount(
      'Their monthly recurring revenue, in the currency of the subscriptions. 0 if price or interval are unknown.',
    ),
  },
  sql: `
with open_charges as materialized (
  select c.charge_id, c.customer_id, c.currency, c.total, c.error_type, c.error_group, c.error, c.attempts, c.scheduled_on, c.retry_on
  from {{charges_enriched}} as c
  where c.is_open
),
paid_for as (
  select distinct l.charge_id, l.purchase_item_id
  from {{charges__line_items}} as l
  where lower(l.purchase_item_type) = 'subscription' and l.charge_id in (select o.charge_id from open_charges as o)
),
subs as (
  select s.id, s.price, s.quantity, ${unitOf('s.order_interval_unit')} as unit,
    coalesce(s.charge_interval_frequency, s.order_interval_frequency) as frequency
  from {{subscriptions}} as s
  where lower(s.status) = 'active' and s.id in (select p.purchase_item_id from paid_for as p)
),
stakes as (
  select p.charge_id, count(*) as subscriptions,
    sum(${mrrOf({ price: 's.price', quantity: 's.quantity', unit: 's.unit', frequency: 's.frequency' })}) as mrr
  from paid_for as p
  join subs as s on s.id = p.purchase_item_id
  group by p.charge_id
)
select
  o.charge_id,
  o.customer_id,
  o.currency,
  o.total as amount,
  o.error_type,
  o.error_group,
  o.error,
  o.attempts,
  o.scheduled_on,
  o.retry_on,
  case when a.as_of_on > o.scheduled_on then a.as_of_on - o.scheduled_on else 0 end as days_in_dunning,
  coalesce(s.subscriptions, 0) as subscriptions_at_risk,
  coalesce(s.mrr, 0) as mrr_at_risk
from open_charges as o
cross join {{as_of}} as a
left join stakes as s on s.charge_id = o.charge_id`,
})
