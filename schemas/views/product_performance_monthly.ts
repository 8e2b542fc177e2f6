import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, ratio, view } from '../../src/schema/view.ts'
import { monthOf } from '../../src/schema/view-sql/months.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

/** The measures, each of which is a sum over facts of a product and month. */
const FACTS = [
  'order_lines',
  'units',
  'gross',
  'net_items',
  'subscriptions_new',
  'subscriptions_churned',
  'swaps_in',
  'swaps_out',
  'subscriptions_step',
  'mrr_step',
] as const
type Fact = (typeof FACTS)[number]
/** A fact of each kind: what is given, and 0 for the others. */
const facts = (given: Partial<Record<Fact, string>>): string =>
  FACTS.map(fact => `${given[fact] ?? '0'} as ${fact}`).join(', ')

/** A subscription begins in a month, or ends in one, with the product of a period. */
const isStart = '(p.previous_to is null or p.previous_to < p.valid_from)'
const isEnd = '(p.valid_to is not null and (p.next_from is null or p.next_from > p.valid_to))'

export default view({
  name: 'product_performance_monthly',
  layer: 'metrics',
  materialized: true,
  doc: 'What each variant of a product brought in each month, and what became of the subscriptions to it. Sales count realized orders on the day on which they were processed.',
  grain: ['product_id', 'variant_id', 'currency', 'month_start'],
  columns: {
    product_id: text('Product id in the commerce platform; null for what has none.'),
    variant_id: text('Variant id in the commerce platform; null for what has none.'),
    product_title: text('Name of the product; of several, the last in alphabetical order.'),
    variant_title: text('Name of the variant; of several, the last in alphabetical order.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    month_start: day('First day of the month, in the reporting zone.'),
    order_lines: int('Order lines with the variant.'),
    units: int('Number of units in them.'),
    gross: amount('Items before discounts, tax and shipping.'),
    net_items: amount('Items less discounts and refunds, without tax and shipping.'),
    subscriptions_start: int('Subscriptions to the variant that were active when the month began.'),
    subscriptions_new: int('Those that started, or started again, in the month.'),
    subscriptions_churned: int('Those that ended in the month.'),
    swaps_in: int('Those that changed to this variant from another one.'),
    swaps_out: int('Those that changed from this variant to another one.'),
    subscriptions_active: int(
      'Those that were active when the month ended: subscriptions_start + subscriptions_new + swaps_in - subscriptions_churned - swaps_out.',
    ),
    churn_rate: ratio('subscriptions_churned divided by subscriptions_start.'),
    mrr: amount('Monthly recurring revenue of subscriptions_active, before discounts, tax and shipping.'),
    is_complete: flag('Whether the month is over.'),
  },
  /*
   * facts: what happened to a product in a month. The number of active subscriptions is a running sum of steps up and down,
   * for which a row of zeros is added in each month from the first one of the product.
   */
  sql: `
with placed as (
  select p.subscription_id, p.product_id, p.variant_id, p.product_title, p.variant_title, p.currency, p.valid_from, p.valid_to,
    ${monthOf('p.valid_from_on')} as from_month, ${monthOf('p.valid_to_on')} as to_month, coalesce(p.mrr, 0) as mrr,
    lag(p.valid_to) over w as previous_to, lead(p.valid_from) over w as next_from,
    lag(p.product_id) over w is distinct from p.product_id or lag(p.variant_id) over w is distinct from p.variant_id as is_other_before,
    lead(p.product_id) over w is distinct from p.product_id or lead(p.variant_id) over w is distinct from p.variant_id as is_other_after
  from {{subscription_periods}} as p
  window w as (partition by p.subscription_id order by p.valid_from)
),
periods as materialized (
  select p.product_id, p.variant_id, p.product_title, p.variant_title, p.currency, p.from_month, p.to_month, p.mrr,
    case when ${isStart} then 1 else 0 end as is_start,
    case when ${isEnd} then 1 else 0 end as is_end,
    case when not ${isStart} and p.is_other_before then 1 else 0 end as is_swap_in,
    case when p.valid_to is not null and not ${isEnd} and p.is_other_after then 1 else 0 end as is_swap_out
  from placed as p
),
facts as (
  select l.product_id, l.variant_id, l.currency, ${monthOf('l.processed_on')} as month_start,
    max(l.product_title) as product_title, max(l.variant_title) as variant_title,
    ${facts({ order_lines: 'count(*)', units: 'coalesce(sum(l.quantity), 0)', gross: 'sum(l.line_gross)', net_items: 'sum(l.line_net)' })}
  from {{order_lines_enriched}} as l
  where l.is_realized and l.processed_on is not null
  group by l.product_id, l.variant_id, l.currency, ${monthOf('l.processed_on')}
  union all
  select p.product_id, p.variant_id, p.currency, p.from_month, max(p.product_title), max(p.variant_title),
    ${facts({ subscriptions_new: 'sum(p.is_start)', swaps_in: 'sum(p.is_swap_in)', subscriptions_step: 'count(*)', mrr_step: 'sum(p.mrr)' })}
  from periods as p
  group by p.product_id, p.variant_id, p.currency, p.from_month
  union all
  select p.product_id, p.variant_id, p.currency, p.to_month, max(p.product_title), max(p.variant_title),
    ${facts({ subscriptions_churned: 'sum(p.is_end)', swaps_out: 'sum(p.is_swap_out)', subscriptions_step: '-count(*)', mrr_step: '-sum(p.mrr)' })}
  from periods as p
  where p.to_month is not null
  group by p.product_id, p.variant_id, p.currency, p.to_month
),
known as materialized (
  select f.product_id, f.variant_id, f.currency, f.month_start, max(f.product_title) as product_title, max(f.variant_title) as variant_title,
    ${FACTS.map(fact => `sum(f.${fact}) as ${fact}`).join(', ')}
  from facts as f
  where f.month_start is not null
  group by f.product_id, f.variant_id, f.currency, f.month_start
),
products as (
  select k.product_id, k.variant_id, k.currency, min(k.month_start) as first_month,
    max(k.product_title) as product_title, max(k.variant_title) as variant_title
  from known as k
  group by k.product_id, k.variant_id, k.currency
),
filled as (
  select p.product_id, p.variant_id, p.currency, p.product_title, p.variant_title, m.month_start
  from products as p
  cross join {{as_of}} as a
  join (select distinct d.month_start from {{dates}} as d) as m on m.month_start >= p.first_month and m.month_start <= a.month_start
),
sums as (
  select f.product_id, f.variant_id, f.currency, f.product_title, f.variant_title, f.month_start,
    ${FACTS.map(fact => `coalesce(k.${fact}, 0) as ${fact}`).join(', ')}
  from filled as f
  left join known as k
    on k.month_start = f.month_start and coalesce(k.product_id, '') = coalesce(f.product_id, '')
    and coalesce(k.variant_id, '') = coalesce(f.variant_id, '') and coalesce(k.currency, '') = coalesce(f.currency, '')
),
running as (
  select s.*,
    sum(s.subscriptions_step) over w as subscriptions_active,
    sum(s.subscriptions_step) over w - s.subscriptions_step as subscriptions_start,
    sum(s.mrr_step) over w as mrr
  from sums as s
  window w as (
    partition by s.product_id, s.variant_id, s.currency order by s.month_start rows between unbounded preceding and current row
  )
)
select r.*,
  case when r.subscriptions_start > 0 then ${quotient('r.subscriptions_churned', 'r.subscriptions_start', 6)} end as churn_rate,
  r.month_start < a.month_start as is_complete
from running as r
cross join {{as_of}} as a`,
  metrics: [
    {
      name: 'Net sales of a product',
      column: 'net_items',
      definition: 'Items of the product less its share of discounts and refunds, without tax and shipping.',
      source: 'Recharge, the report on products, as described in its help centre.',
      differsFromRecharge: null,
    },
  ],
  checks: [
    {
      name: 'products add up',
      doc: 'Net items over all products are those of revenue_monthly, where each order has lines.',
      sql: `
select r.month_start
from (select m.month_start, m.currency, sum(m.net_items) as net_items from {{revenue_monthly}} as m group by m.month_start, m.currency) as r
left join (
  select p.month_start, p.currency, sum(p.net_items) as net_items from {{product_performance_monthly}} as p group by p.month_start, p.currency
) as p on p.month_start = r.month_start and p.currency is not distinct from r.currency
where coalesce(p.net_items, 0) <> r.net_items
  and not exists (select 1 from {{orders_enriched}} as o where o.is_realized and o.lines = 0 and o.net_items > 0)`,
    },
    {
      name: 'flows add up',
      doc: 'Subscriptions at the start, and what came and went, are the subscriptions at the end.',
      sql: `
select p.month_start
from {{product_performance_monthly}} as p
where p.subscriptions_start + p.subscriptions_new + p.swaps_in - p.subscriptions_churned - p.swaps_out <> p.subscriptions_active`,
    },
  ],
})
