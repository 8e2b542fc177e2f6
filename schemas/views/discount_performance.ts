import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { monthOf, nextMonth } from '../../src/schema/view-sql/months.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

const share = (part: string): string => `case
      when u.codes = 1 then o.${part}
      when u.place < u.codes then ${quotient(`o.${part}`, 'u.codes', 4)}
      else o.${part} - (u.codes - 1) * ${quotient(`o.${part}`, 'u.codes', 4)}
    end as ${part}`

export default view({
  name: 'discount_performance',
  layer: 'metrics',
  doc: 'What each discount code brought in each month, and how many of the customers that it won stayed. It counts realized orders. The amounts of an order with several codes are divided evenly among them. All orders of a prepaid charge have the codes that one of them has.',
  grain: ['code', 'month_start', 'currency'],
  columns: {
    code: text('Code of the discount, or the title of an automatic one.'),
    month_start: day('First day of the month in which the orders were processed, in the reporting zone.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    orders: int('Orders with the code. Each shipment of a prepaid charge is an order.'),
    charges: int('Charges behind them.'),
    customers: int('Customers who placed them.'),
    gross: amount('Items before discounts, tax and shipping.'),
    discount_amount: amount('What was taken off.'),
    net: amount('Net revenue: total less refunds, with tax and shipping.'),
    first_orders: int('How many of the orders were the first of their customer.'),
    still_active_after_90_days: int(
      'How many of the customers of first_orders had an active subscription 90 days later. Null until the month is 90 days old.',
    ),
    is_complete: flag('Whether the month is over.'),
  },
  sql: `
with coded as materialized (
  select distinct d.order_id, d.code from {{orders__discounts}} as d
),
prepaid as materialized (
  select o.order_id, o.charge_id from {{orders_enriched}} as o where o.is_prepaid and o.charge_id is not null
),
charge_codes as (
  select distinct p.charge_id, c.code from prepaid as p join coded as c on c.order_id = p.order_id
),
codes as (
  select c.order_id, c.code from coded as c
  union
  select p.order_id, c.code from prepaid as p join charge_codes as c on c.charge_id = p.charge_id
),
used as (
  select c.order_id, c.code, count(*) over (partition by c.order_id) as codes,
    row_number() over (partition by c.order_id order by c.code) as place
  from codes as c
),
shares as materialized (
  select
    u.code,
    ${monthOf('o.processed_on')} as month_start,
    o.currency,
    o.order_id,
    coalesce(o.charge_id, -o.order_id) as charge_id,
    o.customer_id,
    o.is_first_order,
    o.processed_on,
    ${share('gross')},
    ${share('discounts')},
    ${share('net_revenue')}
  from used as u
  join {{orders_enriched}} as o on o.order_id = u.order_id
  where o.is_realized and o.processed_on is not null
),
stayed as (
  select s.code, s.month_start, s.currency, count(distinct s.customer_id) as customers
  from shares as s
  join {{subscription_periods}} as p on p.customer_id = s.customer_id
  where s.is_first_order and p.valid_from_on <= s.processed_on + 90 and (p.valid_to_on is null or p.valid_to_on > s.processed_on + 90)
  group by s.code, s.month_start, s.currency
),
sums as (
  select
    s.code,
    s.month_start,
    s.currency,
    count(*) as orders,
    count(distinct s.charge_id) as charges,
    count(distinct s.customer_id) as customers,
    sum(s.gross) as gross,
    sum(s.discounts) as discount_amount,
    sum(s.net_revenue) as net,
    count(*) filter (where s.is_first_order) as first_orders
  from shares as s
  group by s.code, s.month_start, s.currency
)
select
  s.*,
  case when ${nextMonth('s.month_start')} + 90 <= a.as_of_on then coalesce(k.customers, 0) end as still_active_after_90_days,
  s.month_start < a.month_start as is_complete
from sums as s
cross join {{as_of}} as a
left join stayed as k
  on k.month_start = s.month_start and k.code is not distinct from s.code and k.currency is not distinct from s.currency`,
  checks: [
    {
      name: 'codes add up',
      doc: 'The codes share all discounts of the orders that have one, and of those that share a charge with them.',
      sql: `
select 1 as one
from (select sum(p.discount_amount) as discounts from {{discount_performance}} as p) as p
cross join (
  select sum(o.discounts) as discounts from {{orders_enriched}} as o
  where o.is_realized and o.processed_on is not null and coalesce(case when o.is_prepaid then o.charge_id end, -o.order_id) in (
    select coalesce(case when x.is_prepaid then x.charge_id end, -x.order_id)
    from {{orders__discounts}} as d join {{orders_enriched}} as x on x.order_id = d.order_id
  )
) as o
where p.discounts <> o.discounts`,
    },
  ],
})
