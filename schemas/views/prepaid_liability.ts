import { day, int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'prepaid_liability',
  layer: 'metrics',
  doc: 'The prepaid charges with orders that are paid for and not shipped yet, and how much of the money is for those.',
  grain: ['charge_id'],
  columns: {
    charge_id: int('Id of the charge.'),
    customer_id: int('Id of the customer.'),
    currency: text('ISO code of the currency of the amounts. Never sum over several.'),
    total: amount('Total of the charge. If the API has forgotten it, the sum of its orders.'),
    orders_count: int('Number of orders that the charge pays for.'),
    shipped: int('How many of them are realized.'),
    open: int('How many of them are queued, in error, or not created yet. Cancelled ones are not open.'),
    next_scheduled_on: day('Day of the next of them; null if none is planned.'),
    deferred_amount: amount('total × open / orders_count. Refunds are not taken off.'),
  },
  metrics: [
    {
      name: 'Prepaid liability',
      column: 'deferred_amount',
      definition: 'The part of prepaid charges that is for orders not shipped yet: total × open / number of orders.',
      source: 'Own definition.',
      differsFromRecharge: 'Recharge has no such figure.',
    },
  ],
  sql: `
with counts as (
  select
    o.charge_id,
    max(o.customer_id) as customer_id,
    max(o.currency) as currency,
    max(o.prepaid_orders) as orders_count,
    count(*) as known,
    count(*) filter (where o.is_realized) as shipped,
    count(*) filter (where o.status in ('queued', 'error')) as waiting,
    min(o.scheduled_on) filter (where o.status = 'queued') as next_scheduled_on,
    sum(o.total) as total
  from {{orders_enriched}} as o
  where o.is_prepaid and o.charge_id is not null
  group by o.charge_id
),
charged as (
  select n.*, coalesce(c.total_price, n.total) as charge_total,
    -- An order in error may stand beside others that took its place, so not more are open than are left to ship.
    least(n.waiting + greatest(n.orders_count - n.known, 0), greatest(n.orders_count - n.shipped, 0)) as open
  from counts as n
  left join {{charges}} as c on c.id = n.charge_id
)
select
  c.charge_id,
  c.customer_id,
  c.currency,
  c.charge_total as total,
  c.orders_count,
  c.shipped,
  c.open,
  c.next_scheduled_on,
  ${quotient('cast(c.charge_total as decimal(28, 4)) * c.open', 'c.orders_count', 4)} as deferred_amount
from charged as c
where c.open > 0`,
  checks: [
    {
      name: 'not more than the charge',
      doc: 'Not more orders are open and shipped than the charge pays for.',
      sql: 'select p.charge_id from {{prepaid_liability}} as p where p.shipped + p.open > p.orders_count or p.deferred_amount > p.total',
    },
  ],
})
