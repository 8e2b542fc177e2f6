import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'

export default view({
  name: 'upcoming_charges',
  layer: 'metrics',
  materialized: true,
  doc: 'The queued charges: what customers will be billed, when, and what may come in between. Recharge queues one charge ahead of a subscription, so later ones are not here.',
  grain: ['charge_id'],
  columns: {
    charge_id: int('Id of the charge; it gets a new one whenever it is rebuilt.'),
    customer_id: int('Id of the customer.'),
    address_id: int('Id of the address that it is shipped to.'),
    currency: text('ISO code of the currency of the amounts. Never sum over several.'),
    scheduled_on: day('Day on which the customer is to be billed.'),
    days_ahead: int('Days from as_of to the scheduled day; negative if the day has passed.'),
    total: amount('What the customer will pay in all.'),
    items_gross: amount('Items before discounts, tax and shipping. Recharge calls this upcoming revenue.'),
    discounts: amount('Sum of all discounts.'),
    lines: int('Number of lines.'),
    lines_subscription: int('How many of them belong to a subscription.'),
    has_onetime: flag('Whether a line is a one-time purchase.'),
    is_overdue: flag('Whether the scheduled day has passed.'),
    has_invalid_payment_method: flag('Whether the customer has no payment method that can be charged.'),
    is_in_dunning: flag('Whether a payment method of the customer fails and is being retried.'),
    is_first_renewal: flag(
      'Whether it has a line of a subscription that was paid for exactly once so far. First renewals are cancelled more often.',
    ),
  },
  metrics: [
    {
      name: 'Upcoming revenue',
      column: 'items_gross',
      definition: 'Items of queued charges at their price before discounts, tax and shipping.',
      source: 'Recharge, Upcoming orders, as described in its help centre.',
      differsFromRecharge:
        'Recharge projects further charges from the interval of each subscription. Here only charges that exist are counted.',
    },
  ],
  sql: `
with queued as materialized (
  select c.id as charge_id, c.customer_id, c.address_id, c.currency, c.scheduled_at as scheduled_on,
    coalesce(c.total_price, 0) as total, coalesce(c.total_line_items_price, 0) as items_gross, coalesce(c.total_discounts, 0) as discounts
  from {{charges}} as c
  where lower(c.status) = 'queued'
),
queued_lines as materialized (
  select l.charge_id, l.purchase_item_id, lower(l.purchase_item_type) as item_type
  from {{charges__line_items}} as l
  where l.charge_id in (select q.charge_id from queued as q)
),
paid as (
  select l.purchase_item_id
  from {{orders__line_items}} as l
  join {{orders}} as o on o.id = l.order_id
  where lower(l.purchase_item_type) = 'subscription' and lower(o.status) in ('success', 'pending_charge_status')
    and l.purchase_item_id in (select q.purchase_item_id from queued_lines as q where q.item_type = 'subscription')
  group by l.purchase_item_id
  having min(coalesce(o.charge_id, -o.id)) = max(coalesce(o.charge_id, -o.id))
),
lines as (
  select
    q.charge_id,
    count(*) as lines,
    count(*) filter (where q.item_type = 'subscription') as lines_subscription,
    count(*) filter (where q.item_type = 'onetime') as lines_onetime,
    count(p.purchase_item_id) as paid_once
  from queued_lines as q
  left join paid as p on p.purchase_item_id = q.purchase_item_id and q.item_type = 'subscription'
  group by q.charge_id
)
select
  q.charge_id,
  q.customer_id,
  q.address_id,
  q.currency,
  q.scheduled_on,
  q.scheduled_on - a.as_of_on as days_ahead,
  q.total,
  q.items_gross,
  q.discounts,
  coalesce(l.lines, 0) as lines,
  coalesce(l.lines_subscription, 0) as lines_subscription,
  coalesce(l.lines_onetime > 0, false) as has_onetime,
  coalesce(q.scheduled_on < a.as_of_on, false) as is_overdue,
  coalesce(not c.has_valid_payment_method, false) as has_invalid_payment_method,
  coalesce(c.has_payment_method_in_dunning, false) as is_in_dunning,
  coalesce(l.paid_once > 0, false) as is_first_renewal
from queued as q
cross join {{as_of}} as a
left join lines as l on l.charge_id = q.charge_id
left join {{customers}} as c on c.id = q.customer_id`,
})
