import { day, flag, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, type Metric, ratio, view } from '../../src/schema/view.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

/** What a row of revenue has beside its period, currency and type, for a day and for a month. */
export const REVENUE_COLUMNS = {
  orders: int('Number of realized orders.'),
  orders_with_subscription: int('How many of them have a line of a subscription.'),
  units: int('Number of units in their lines.'),
  gross: amount('Items before discounts, tax and shipping.'),
  discounts: amount('Sum of all discounts.'),
  tax: amount('Sum of all taxes.'),
  shipping: amount('Sum of shipping.'),
  duties: amount('Sum of import duties.'),
  other: amount('Fees and the like: what the totals have beside the other parts.'),
  total: amount('gross - discounts + tax + shipping + duties + other.'),
  refunds: amount(
    'What was paid back so far. The API has no day of a refund: it counts on the day of its order, so a refund changes the past.',
  ),
  net_revenue: amount('total - refunds.'),
  net_revenue_with_subscription: amount(
    'The part of it from orders that have a line of a subscription. The dashboards of Recharge count only these.',
  ),
  net_items: amount('Items less discounts and refunds, without tax and shipping; an order counts at least 0.'),
  aov: amount('net_revenue divided by orders.'),
  share_recurring: ratio(
    'Part of the net_revenue of the period and currency that is from recurring orders. The same in each row of the period and currency.',
  ),
} as const

/** The sums of revenue, in the order of the columns. */
export const REVENUE_SUMS = [
  'orders',
  'orders_with_subscription',
  'units',
  'gross',
  'discounts',
  'tax',
  'shipping',
  'duties',
  'other',
  'total',
  'refunds',
  'net_revenue',
  'net_revenue_with_subscription',
  'net_items',
] as const

const metric = (name: string, column: string, definition: string, differsFromRecharge: string | null): Metric => ({
  name,
  column,
  definition,
  source: 'Recharge, Revenue overview, as described in its help centre.',
  differsFromRecharge,
})

export default view({
  name: 'revenue_daily',
  layer: 'metrics',
  doc: 'Revenue of each day, by currency and by where the orders come from. It counts realized orders on the day on which they were processed, in the reporting zone.',
  grain: ['date_day', 'currency', 'order_type'],
  columns: {
    date_day: day('Day on which the orders were processed, in the reporting zone.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    order_type: oneOf(
      ['checkout', 'recurring'],
      text('checkout: bought in the shop. recurring: an order that follows from a subscription.'),
    ),
    ...REVENUE_COLUMNS,
    is_complete: flag('Whether the day is over, and all orders of it have been read.'),
  },
  metrics: [
    metric(
      'Net revenue',
      'net_revenue',
      'Items + tax + shipping + duties - discounts - refunds, over realized orders, on the day on which the order was processed. Each order of a prepaid charge counts its share.',
      'Recharge counts only orders that contain a subscription: see net_revenue_with_subscription. It counts days in US Eastern, and refunds on the day of the refund, which the API does not give.',
    ),
    metric(
      'Gross revenue',
      'gross',
      'Items at their price before discounts, without tax and shipping, over realized orders.',
      'Gift cards may be counted twice by Recharge. Here SKUs can be excluded.',
    ),
    metric(
      'Net items',
      'net_items',
      'Items less discounts and refunds, without tax and shipping. An order counts at least 0.',
      'Recharge has no such figure: its revenue has tax and shipping.',
    ),
    metric(
      'Average order value',
      'aov',
      'Net revenue divided by the number of realized orders. Each shipment of a prepaid charge is an order.',
      null,
    ),
    metric(
      'Recurring share',
      'share_recurring',
      'Net revenue of recurring orders divided by that of all orders, in one currency.',
      null,
    ),
  ],
  sql: `
with sums as (
  select
    o.processed_on as date_day,
    o.currency,
    o.order_type,
    count(*) as orders,
    count(*) filter (where o.lines_subscription > 0) as orders_with_subscription,
    sum(o.units) as units,
    sum(o.gross) as gross,
    sum(o.discounts) as discounts,
    sum(o.tax) as tax,
    sum(o.shipping) as shipping,
    sum(o.duties) as duties,
    sum(o.other) as other,
    sum(o.total) as total,
    sum(o.refunds) as refunds,
    sum(o.net_revenue) as net_revenue,
    coalesce(sum(o.net_revenue) filter (where o.lines_subscription > 0), 0) as net_revenue_with_subscription,
    sum(o.net_items) as net_items
  from {{orders_enriched}} as o
  where o.is_realized and o.processed_on is not null
  group by o.processed_on, o.currency, o.order_type
),
shares as (
  select
    s.*,
    sum(s.net_revenue) over (partition by s.date_day, s.currency) as all_revenue,
    coalesce(sum(case when s.order_type = 'recurring' then s.net_revenue end) over (partition by s.date_day, s.currency), 0) as recurring_revenue
  from sums as s
)
select
  s.*,
  ${quotient('s.net_revenue', 's.orders', 4)} as aov,
  case when s.all_revenue > 0 then ${quotient('s.recurring_revenue', 's.all_revenue', 6)} end as share_recurring,
  s.date_day < a.as_of_on and coalesce(cast(s.date_day as timestamp) at time zone {{zone}} >= c.complete_from, false) as is_complete
from shares as s
cross join {{as_of}} as a
left join {{completeness}} as c on c.stream = 'orders'`,
  checks: [
    {
      name: 'parts add up',
      doc: 'The parts of the revenue of a day add up to its total, and the total less refunds is the net revenue.',
      sql: `
select r.date_day
from {{revenue_daily}} as r
where r.gross - r.discounts + r.tax + r.shipping + r.duties + r.other <> r.total
  or r.total - r.refunds <> r.net_revenue`,
    },
  ],
})
