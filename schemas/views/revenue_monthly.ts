import { day, flag, oneOf, text } from '../../src/schema/column.ts'
import { view } from '../../src/schema/view.ts'
import { monthOf, nextMonth } from '../../src/schema/view-sql/months.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'
import { REVENUE_COLUMNS, REVENUE_SUMS } from './revenue_daily.ts'

export default view({
  name: 'revenue_monthly',
  layer: 'metrics',
  doc: 'Revenue of each month, by currency and by where the orders come from: the days of revenue_daily added up.',
  grain: ['month_start', 'currency', 'order_type'],
  columns: {
    month_start: day('First day of the month in which the orders were processed, in the reporting zone.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    order_type: oneOf(
      ['checkout', 'recurring'],
      text('checkout: bought in the shop. recurring: an order that follows from a subscription.'),
    ),
    ...REVENUE_COLUMNS,
    is_complete: flag('Whether the month is over, and all orders of it have been read.'),
  },
  sql: `
with sums as (
  select
    ${monthOf('d.date_day')} as month_start,
    d.currency,
    d.order_type,
    ${REVENUE_SUMS.map(column => `sum(d.${column}) as ${column}`).join(',\n    ')}
  from {{revenue_daily}} as d
  group by ${monthOf('d.date_day')}, d.currency, d.order_type
),
shares as (
  select
    s.*,
    sum(s.net_revenue) over (partition by s.month_start, s.currency) as all_revenue,
    coalesce(sum(case when s.order_type = 'recurring' then s.net_revenue end) over (partition by s.month_start, s.currency), 0) as recurring_revenue
  from sums as s
)
select
  s.*,
  ${quotient('s.net_revenue', 's.orders', 4)} as aov,
  case when s.all_revenue > 0 then ${quotient('s.recurring_revenue', 's.all_revenue', 6)} end as share_recurring,
  s.month_start < a.month_start and coalesce(cast(s.month_start as timestamp) at time zone {{zone}} >= c.complete_from, false) as is_complete
from shares as s
cross join {{as_of}} as a
left join {{completeness}} as c on c.stream = 'orders'`,
  checks: [
    {
      name: 'days add up',
      doc: 'The days of revenue_daily add up to the months.',
      sql: `
select m.month_start
from {{revenue_monthly}} as m
left join {{revenue_daily}} as d
  on d.date_day >= m.month_start and d.date_day < ${nextMonth('m.month_start')}
  and coalesce(d.currency, '') = coalesce(m.currency, '') and coalesce(d.order_type, '') = coalesce(m.order_type, '')
group by m.month_start, m.currency, m.order_type, m.orders, m.net_revenue, m.net_items
having sum(d.orders) <> m.orders or sum(d.net_revenue) <> m.net_revenue or sum(d.net_items) <> m.net_items`,
    },
    {
      name: 'orders add up',
      doc: 'All realized orders that were processed are in a month.',
      sql: `
select 1 as one
from (select sum(o.net_revenue) as net, count(*) as n from {{orders_enriched}} as o where o.is_realized and o.processed_on is not null) as o
cross join (select sum(m.net_revenue) as net, sum(m.orders) as n from {{revenue_monthly}} as m) as m
where o.net <> m.net or o.n <> m.n`,
    },
  ],
})
