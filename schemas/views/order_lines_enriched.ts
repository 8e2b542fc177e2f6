import { day, flag, instant, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

/** What each line but the last gets of an amount of its order. */
const spread = (part: string): string =>
  `cast(case when w.${part} = 0 or w.line_index = w.last_index then 0 else ${quotient(`cast(w.${part} as decimal(28, 4)) * w.weight`, 'w.weights', 4)} end as decimal(18, 4)) as line_${part}`

/** The last line takes what the others leave. */
const rest = (part: string): string =>
  `cast(case when q.line_index = q.last_index then q.${part} - sum(q.line_${part}) over (partition by q.order_id) else q.line_${part} end as decimal(18, 4)) as line_${part}`

const PARTS = ['gross', 'discounts', 'refunds', 'net_revenue'] as const
const SHOWN = `
  l.order_id,
  l.line_index,
  l.customer_id,
  l.charge_id,
  l.currency,
  l.order_type,
  l.is_realized,
  l.is_first_order,
  l.processed_at,
  l.processed_on,
  l.purchase_item_id,
  l.item_type,
  l.product_id,
  l.variant_id,
  l.product_title,
  l.variant_title,
  l.sku,
  l.quantity,
  l.lines_subscription,
  l.is_over_refunded`

export default view({
  name: 'order_lines_enriched',
  layer: 'metrics',
  doc: 'One row for each line of an order, without the SKUs in excluded_skus. The amounts of the order are spread over its lines by their price, and add up to those in orders_enriched to the last digit. A line of a later prepaid order that costs nothing counts with its price in the other orders of the charge. Metrics count the rows in which is_realized is true.',
  grain: ['order_id', 'line_index'],
  materialized: true,
  columns: {
    order_id: int('Id of the order.'),
    line_index: int('Place of the line in the order, from 0.'),
    customer_id: int('Id of the customer who ordered.'),
    charge_id: int('Id of the charge that paid for it.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    order_type: oneOf(['checkout', 'recurring'], text('Where the order comes from.')),
    is_realized: flag('Whether metrics count the order.'),
    is_first_order: flag('Whether it is the first realized order of the customer.'),
    processed_at: instant('When the order was sent to the commerce platform.'),
    processed_on: day('Its day in the reporting zone.'),
    kind: oneOf(
      ['subscription_first', 'subscription_recurring', 'onetime_addon', 'onetime_only'],
      text(
        'subscription_first: in the first realized order of the subscription. subscription_recurring: in another order. onetime_addon: bought once, together with a subscription. onetime_only: in an order without one. Null for a line of another type.',
      ),
    ),
    subscription_id: int('Id of the subscription behind the line; null if there is none.'),
    onetime_id: int('Id of the one-time purchase behind the line; null if there is none.'),
    product_id: text('Product id in the commerce platform.'),
    variant_id: text('Variant id in the commerce platform.'),
    product_title: text('Name of the product.'),
    variant_title: text('Name of the variant.'),
    sku: text('Stock keeping unit of the variant.'),
    quantity: int('Number of units.'),
    unit_price: amount('line_gross divided by the quantity: price of one unit before discounts.'),
    line_gross: amount('Price of the line before discounts and tax. Of a prepaid order it is the share of this order.'),
    line_discount: amount('Share of the discounts of the order, by line_gross.'),
    line_refund: amount(
      'Share of the refunds of the order, by line_gross. It has what was paid back for tax and shipping too.',
    ),
    line_net: amount(
      'line_gross - line_discount - line_refund, and 0 if the refunds of the order are more than its items. The lines of an order add up to its net_items.',
    ),
    line_net_revenue: amount(
      'Share of the net_revenue of the order, with tax and shipping, by line_gross. The lines of an order add up to its net_revenue.',
    ),
  },
  sql: `
with lines as materialized (
  select
    l.order_id,
    l."index" as line_index,
    o.customer_id,
    o.charge_id,
    o.currency,
    o.order_type,
    o.is_realized,
    o.is_first_order,
    o.processed_at,
    o.processed_on,
    l.purchase_item_id,
    lower(l.purchase_item_type) as item_type,
    l.external_product_id_ecommerce as product_id,
    l.external_variant_id_ecommerce as variant_id,
    l.title as product_title,
    l.variant_title,
    l.sku,
    l.quantity,
    o.lines,
    o.lines_subscription,
    o.gross <= o.discounts + o.refunds as is_over_refunded,
    o.gross,
    o.discounts,
    o.refunds,
    o.net_revenue,
    o.is_prepaid,
    cast(coalesce(l.original_price * l.quantity, 0) as decimal(18, 4)) as own
  from {{orders__line_items}} as l
  join {{orders_enriched}} as o on o.order_id = l.order_id
  where not exists (select 1 from {{excluded_skus}} as e where e.sku = l.sku)
),
prices as (
  select l.charge_id, l.purchase_item_id, max(l.own) as own
  from lines as l
  where l.is_prepaid and l.lines > 1
  group by l.charge_id, l.purchase_item_id
),
priced as (
  select l.*, case when l.own = 0 and l.is_prepaid then coalesce(p.own, 0) else l.own end as price
  from lines as l
  left join prices as p
    on p.charge_id = case when l.is_prepaid and l.own = 0 then l.charge_id end and p.purchase_item_id = l.purchase_item_id
  where l.lines > 1
),
totals as (
  select p.order_id, max(p.line_index) as last_index, sum(p.price) as prices from priced as p group by p.order_id
),
weights as (
  select
    p.*,
    t.last_index,
    case when t.prices = 0 then 1 else p.price end as weight,
    cast(case when t.prices = 0 then p.lines else t.prices end as decimal(38, 4)) as weights
  from priced as p
  join totals as t on t.order_id = p.order_id
),
quotients as (
  select w.*, ${PARTS.map(spread).join(',\n    ')}
  from weights as w
),
spreads as (
  select
    ${SHOWN.replaceAll('l.', 'q.').trim()},
    ${PARTS.map(rest).join(',\n    ')}
  from quotients as q
  union all
  select
    ${SHOWN.trim()},
    ${PARTS.map(part => `l.${part} as line_${part}`).join(',\n    ')}
  from lines as l
  where l.lines = 1
),
first_orders as (
  select l.purchase_item_id, min(o.processed_at) as first_at
  from {{orders__line_items}} as l
  join {{orders}} as o on o.id = l.order_id
  where lower(l.purchase_item_type) = 'subscription' and lower(o.status) in ('success', 'pending_charge_status')
  group by l.purchase_item_id
)
select
  s.*,
  case
    when s.item_type = 'subscription' and s.is_realized and s.processed_at = f.first_at then 'subscription_first'
    when s.item_type = 'subscription' then 'subscription_recurring'
    when s.item_type = 'onetime' and s.lines_subscription > 0 then 'onetime_addon'
    when s.item_type = 'onetime' then 'onetime_only'
  end as kind,
  case when s.item_type = 'subscription' then s.purchase_item_id end as subscription_id,
  case when s.item_type = 'onetime' then s.purchase_item_id end as onetime_id,
  ${quotient('s.line_gross', 's.quantity', 4)} as unit_price,
  s.line_discounts as line_discount,
  s.line_refunds as line_refund,
  case when s.is_over_refunded then 0 else s.line_gross - s.line_discounts - s.line_refunds end as line_net
from spreads as s
left join first_orders as f on f.purchase_item_id = case when s.item_type = 'subscription' then s.purchase_item_id end`,
  checks: [
    {
      name: 'lines add up',
      doc: 'The lines of an order add up to the order.',
      sql: `
select o.order_id
from {{orders_enriched}} as o
join {{order_lines_enriched}} as l on l.order_id = o.order_id
group by o.order_id, o.gross, o.discounts, o.refunds, o.net_items, o.net_revenue
having sum(l.line_gross) <> o.gross
  or sum(l.line_discount) <> o.discounts
  or sum(l.line_refund) <> o.refunds
  or sum(l.line_net) <> o.net_items
  or sum(l.line_net_revenue) <> o.net_revenue`,
    },
  ],
})
