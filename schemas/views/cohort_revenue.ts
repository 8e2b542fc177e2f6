import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { monthNumber, monthOf } from '../../src/schema/view-sql/months.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'cohort_revenue',
  layer: 'metrics',
  materialized: true,
  doc: 'Customers by the month of their first realized order, and what their orders brought in each month since. There are no rows for months that have not begun.',
  grain: ['cohort_month', 'currency', 'months_since'],
  metrics: [
    {
      name: 'ltv_to_date',
      column: 'ltv_to_date',
      definition:
        'Net revenue of all orders of a cohort up to a month, divided by all its customers, also those who left. It is historic: nothing is predicted.',
      source: 'Lifetime value of a cohort, as the average of what its customers have paid so far.',
      differsFromRecharge:
        'Recharge shows revenue for each customer as ARPU, over all customers and not by month since the first order.',
    },
  ],
  columns: {
    cohort_month: day('The first day of the month of the first realized order, by processed_on.'),
    currency: text(
      'ISO code of the currency of all amounts. A customer with orders in two currencies is in a cohort of each.',
    ),
    months_since: int('Months from cohort_month to month_start; 0 is the month of the first order.'),
    month_start: day('The first day of the month.'),
    is_complete: flag('Whether the month had ended at as_of. Until then the amounts are those so far.'),
    cohort_size: int('Customers of the cohort, whether they ordered in the month or not.'),
    orders: int('Realized orders in the month.'),
    customers: int('Customers who had such an order.'),
    net_revenue: amount(
      'Revenue of those orders with tax and shipping, less refunds. A refund counts on the day of its order, because the API has no day of it.',
    ),
    net_items: amount('The same without tax and shipping.'),
    cumulative_net_revenue: amount('net_revenue of this month and those before.'),
    ltv_to_date: amount('cumulative_net_revenue / cohort_size.'),
  },
  checks: [
    {
      name: 'cohorts_make_the_revenue',
      doc: 'The cohorts of a month have together the net revenue of the realized orders of known customers in it.',
      sql: `select c.month_start, c.currency
        from (select month_start, currency, sum(net_revenue) as net, sum(orders) as orders from {{cohort_revenue}} group by month_start, currency) as c
        left join (
          select ${monthOf('o.processed_on')} as month_start, o.currency, sum(o.net_revenue) as net, count(*) as orders
          from {{orders_enriched}} as o where o.is_realized and o.customer_id is not null and o.processed_on is not null
          group by 1, 2
        ) as o on o.month_start = c.month_start and o.currency = c.currency
        where c.net <> coalesce(o.net, 0) or c.orders <> coalesce(o.orders, 0)`,
    },
    {
      name: 'month_0_is_the_cohort',
      doc: 'All customers of a cohort ordered in month 0.',
      sql: 'select cohort_month from {{cohort_revenue}} where (months_since = 0 and customers <> cohort_size) or customers > cohort_size',
    },
  ],
  sql: `
with
realized as materialized (
  select o.customer_id, o.currency, ${monthOf('o.processed_on')} as month_start, count(*) as orders,
    sum(o.net_revenue) as net_revenue, sum(o.net_items) as net_items
  from {{orders_enriched}} as o
  where o.is_realized and o.customer_id is not null and o.processed_on is not null
  group by o.customer_id, o.currency, ${monthOf('o.processed_on')}
),
firsts as (
  select r.*, min(r.month_start) over (partition by r.customer_id, r.currency) as cohort_month
  from realized as r
),
sums as materialized (
  select cohort_month, currency, month_start, count(*) as customers, cast(sum(orders) as bigint) as orders,
    sum(net_revenue) as net_revenue, sum(net_items) as net_items
  from firsts
  group by cohort_month, currency, month_start
),
grid as (
  select s.cohort_month, s.currency, s.customers as cohort_size, d.date_day as month_start, d.is_complete_month as is_complete
  from sums as s
  cross join {{as_of}} as a
  join {{dates}} as d on d.date_day >= s.cohort_month
  where s.month_start = s.cohort_month and d.date_day = d.month_start and d.date_day <= a.as_of_on
),
filled as (
  select g.*, ${monthNumber('g.month_start')} - ${monthNumber('g.cohort_month')} as months_since,
    coalesce(s.orders, 0) as orders, coalesce(s.customers, 0) as customers, coalesce(s.net_revenue, 0) as net_revenue,
    coalesce(s.net_items, 0) as net_items
  from grid as g
  left join sums as s on s.cohort_month = g.cohort_month and s.currency = g.currency and s.month_start = g.month_start
),
summed as (
  select filled.*,
    sum(net_revenue) over (partition by cohort_month, currency order by month_start rows between unbounded preceding and current row) as cumulative_net_revenue
  from filled
)
select summed.*, ${quotient('cumulative_net_revenue', 'cohort_size', 4)} as ltv_to_date
from summed`,
})
