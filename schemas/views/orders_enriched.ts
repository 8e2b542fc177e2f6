import { day, flag, instant, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, ratio, view } from '../../src/schema/view.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

/** The share of one order in a part of its charge. The last order takes what rounding leaves. */
const share = (part: string): string => `cast(case
      when p.place > p.orders then 0
      when p.place < p.orders then ${quotient(`p.${part}`, 'p.orders', 4)}
      else p.${part} - (p.orders - 1) * ${quotient(`p.${part}`, 'p.orders', 4)}
    end as decimal(18, 4))`

/**
 * An amount of the API as the views have it. DuckDB computes with 64 bits as long as all decimals are DECIMAL(18,4), and
 * with 128 when they are mixed, which takes several times as long.
 */
const money = (column: string): string => `cast(${column} as decimal(18, 4))`

/** The amounts of an order `o` before products are excluded, from its share `p`, its shipping `os` and its refund `r`. */
const AMOUNTS = `
    coalesce(p.gross, ${money('o.total_line_items_price')}, 0) as gross,
    coalesce(p.discounts, ${money('o.total_discounts')}, 0) as discounts,
    coalesce(p.tax, ${money('o.total_tax')}, 0) as tax,
    coalesce(p.shipping, os.shipping, 0) as shipping,
    coalesce(p.duties, ${money('o.total_duties')}, 0) as duties,
    coalesce(p.total, ${money('o.total_price')}, 0) as total,
    case
      when p.order_id is not null then p.refunds
      when r.total_refunds > coalesce(${money('o.total_refunds')}, 0) then r.total_refunds
      else coalesce(${money('o.total_refunds')}, 0)
    end as refunds`

/** A part of an order without its excluded lines. */
const without = (part: string, excluded: string, all: string): string =>
  `case when s.lines = s.excluded_lines then 0 else s.${part} - coalesce(${quotient(`cast(s.${part} as decimal(28, 4)) * s.${excluded}`, `s.${all}`, 4)}, 0) end as ${part}`

export default view({
  name: 'orders_enriched',
  layer: 'metrics',
  doc: 'One row for each order, with what analyses of revenue ask. Several orders of one prepaid charge share its amounts, so that a sum over orders is right. Metrics count the rows in which is_realized is true.',
  grain: ['order_id'],
  materialized: true,
  columns: {
    order_id: int('Recharge id of the order.'),
    customer_id: int('Id of the customer who ordered.'),
    charge_id: int('Id of the charge that paid for it. The API may have forgotten that charge.'),
    address_id: int('Id of the address that it is shipped to.'),
    external_order_id_ecommerce: text('Order id in the commerce platform. Join on it.'),
    external_customer_id_ecommerce: text('Customer id in the commerce platform. Join on it, and not on the e-mail.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    order_type: oneOf(['checkout', 'recurring'], text('Where the order comes from.')),
    status: text('State of the order, in lower case.'),
    is_realized: flag(
      'Whether metrics count the order: its status is success or pending_charge_status, and it has a product that is not excluded by analytics.excluded_skus.',
    ),
    processed_at: instant('When the order was sent to the commerce platform.'),
    processed_on: day('Its day in the reporting zone. Revenue is counted on this day.'),
    scheduled_on: day('Planned day.'),
    order_sequence: int(
      '1 for the first realized order of the customer, 2 for the next, by processed_at; null if not realized.',
    ),
    is_first_order: flag('Whether it is the first realized order of the customer.'),
    is_prepaid: flag('Whether it shares its charge with other orders. The API marks only the later ones of them.'),
    prepaid_orders: int('Number of orders that share the charge; 1 if the order has it alone.'),
    prepaid_place: int('Place of the order among those that share the charge, from 1 by planned day.'),
    prepaid_share: ratio('Part of the charge that the order gets: 1 divided by prepaid_orders.'),
    lines: int('Number of lines that are not excluded.'),
    lines_subscription: int('How many of them belong to a subscription.'),
    lines_onetime: int('How many of them are one-time purchases.'),
    units: int('Number of units in the lines that are not excluded.'),
    gross: amount('Items before discounts, tax and shipping.'),
    discounts: amount('Sum of all discounts.'),
    tax: amount('Sum of all taxes.'),
    shipping: amount('Sum of the prices of the shipping lines.'),
    duties: amount('Sum of import duties.'),
    other: amount(
      'What the total has beside the other parts: fees, and less the tax if the prices include it. Normally 0.',
    ),
    total: amount('gross - discounts + tax + shipping + duties + other: what the customer paid for this order.'),
    refunds: amount(
      'What was paid back so far, also for tax and shipping. The API has no day of a refund: it counts on the day of the order. Of the order and its charge the one that says more is believed, because a late refund may show in one of them only.',
    ),
    net_revenue: amount('total - refunds.'),
    allocated_net_revenue: amount(
      'The same as net_revenue, under the name that says that orders of a prepaid charge share its amounts.',
    ),
    net_items: amount('gross - discounts - refunds, and 0 if refunds are more: revenue without tax and shipping.'),
    reported_total: amount(
      'Total that the order itself has. Of a prepaid one it may be that of the whole charge, or 0.',
    ),
  },
  sql: `
with siblings as materialized (
  select
    o.charge_id,
    count(*) as orders,
    count(*) filter (where lower(o.status) in ('success', 'pending_charge_status', 'queued')) as alive,
    max(o.total_refunds) as refunds
  from {{orders}} as o
  where o.charge_id is not null
  group by o.charge_id
  having count(*) > 1
),
known as materialized (
  select
    c.id as charge_id,
    case when s.alive > c.orders_count then s.alive else c.orders_count end as orders,
    c.total_line_items_price,
    c.total_discounts,
    c.total_tax,
    c.total_duties,
    c.total_price,
    case when s.refunds > coalesce(c.total_refunds, 0) then s.refunds else c.total_refunds end as total_refunds
  from {{charges}} as c
  left join siblings as s on s.charge_id = c.id
  where c.total_price is not null and (c.orders_count > 1 or (c.orders_count = 1 and s.charge_id is not null))
),
shipping as (
  select l.order_id, cast(sum(cast(l.price as decimal(18, 4))) as decimal(18, 4)) as shipping from {{orders__shipping_lines}} as l group by l.order_id
),
charge_shipping as (
  select l.charge_id, sum(l.price) as shipping
  from {{charges__shipping_lines}} as l
  where l.charge_id in (select k.charge_id from known as k)
  group by l.charge_id
),
prepaid as (
  select
    o.id as order_id,
    coalesce(k.orders, s.orders) as orders,
    row_number() over (
      partition by o.charge_id
      order by
        case when lower(o.status) in ('success', 'pending_charge_status', 'queued') then 0 else 1 end,
        o.scheduled_on nulls last,
        coalesce(o.processed_at, o.created_at),
        o.id
    ) as place,
    cast(coalesce(case when k.charge_id is null then first_value(o.total_line_items_price) over largest else k.total_line_items_price end, 0) as decimal(18, 4)) as gross,
    cast(coalesce(case when k.charge_id is null then first_value(o.total_discounts) over largest else k.total_discounts end, 0) as decimal(18, 4)) as discounts,
    cast(coalesce(case when k.charge_id is null then first_value(o.total_tax) over largest else k.total_tax end, 0) as decimal(18, 4)) as tax,
    cast(coalesce(case when k.charge_id is null then first_value(os.shipping) over largest else cs.shipping end, 0) as decimal(18, 4)) as shipping,
    cast(coalesce(case when k.charge_id is null then first_value(o.total_duties) over largest else k.total_duties end, 0) as decimal(18, 4)) as duties,
    cast(coalesce(case when k.charge_id is null then first_value(o.total_price) over largest else k.total_price end, 0) as decimal(18, 4)) as total,
    cast(coalesce(case when k.charge_id is null then s.refunds else k.total_refunds end, 0) as decimal(18, 4)) as refunds
  from {{orders}} as o
  left join siblings as s on s.charge_id = o.charge_id
  left join known as k on k.charge_id = o.charge_id
  left join charge_shipping as cs on cs.charge_id = o.charge_id
  left join shipping as os on os.order_id = o.id
  where s.charge_id is not null or k.charge_id is not null
  window largest as (partition by o.charge_id order by o.total_price desc nulls last, o.id)
),
shared as materialized (
  select
    p.order_id,
    p.orders,
    p.place,
    ${share('gross')} as gross,
    ${share('discounts')} as discounts,
    ${share('tax')} as tax,
    ${share('shipping')} as shipping,
    ${share('duties')} as duties,
    ${share('total')} as total,
    ${share('refunds')} as refunds
  from prepaid as p
),
refunded as (
  select c.id as charge_id, ${money('c.total_refunds')} as total_refunds from {{charges}} as c where c.total_refunds > 0
),
lines as (
  select
    l.order_id,
    count(*) as lines,
    count(*) filter (where lower(l.purchase_item_type) = 'subscription') as lines_subscription,
    count(*) filter (where lower(l.purchase_item_type) = 'onetime') as lines_onetime,
    cast(sum(l.quantity) as bigint) as units
  from {{orders__line_items}} as l
  where not exists (select 1 from {{excluded_skus}} as e where e.sku = l.sku)
  group by l.order_id
),
excluded as materialized (
  select
    l.order_id,
    count(*) as lines,
    count(e.sku) as excluded_lines,
    cast(sum(coalesce(l.original_price * l.quantity, 0)) as decimal(38, 4)) as gross,
    cast(coalesce(sum(l.original_price * l.quantity) filter (where e.sku is not null), 0) as decimal(18, 4)) as excluded_gross,
    cast(sum(coalesce(l.tax_due, 0)) as decimal(38, 4)) as tax,
    cast(coalesce(sum(l.tax_due) filter (where e.sku is not null), 0) as decimal(18, 4)) as excluded_tax
  from {{orders__line_items}} as l
  left join {{excluded_skus}} as e on e.sku = l.sku
  where l.order_id in (select i.order_id from {{orders__line_items}} as i join {{excluded_skus}} as s on s.sku = i.sku)
  group by l.order_id
),
excluded_parts as (
  select o.id as order_id, x.lines, x.excluded_lines, x.gross as lines_gross, x.excluded_gross, x.tax as lines_tax, x.excluded_tax,${AMOUNTS}
  from {{orders}} as o
  join excluded as x on x.order_id = o.id
  left join shared as p on p.order_id = o.id
  left join (
    select l.order_id, cast(sum(cast(l.price as decimal(18, 4))) as decimal(18, 4)) as shipping
    from {{orders__shipping_lines}} as l
    where l.order_id in (select x.order_id from excluded as x)
    group by l.order_id
  ) as os on os.order_id = o.id
  left join refunded as r on r.charge_id = o.charge_id
),
remaining as (
  select
    s.order_id,
    ${without('gross', 'excluded_gross', 'lines_gross')},
    ${without('discounts', 'excluded_gross', 'lines_gross')},
    ${without('tax', 'excluded_tax', 'lines_tax')},
    case when s.lines = s.excluded_lines then 0 else s.shipping end as shipping,
    case when s.lines = s.excluded_lines then 0 else s.duties end as duties,
    case
      when s.lines = s.excluded_lines then 0
      else s.total - s.gross + s.discounts - s.tax - s.shipping - s.duties
    end as other,
    ${without('refunds', 'excluded_gross', 'lines_gross')}
  from excluded_parts as s
),
adjusted as materialized (
  select
    a.order_id,
    cast(a.gross as decimal(18, 4)) as gross,
    cast(a.discounts as decimal(18, 4)) as discounts,
    cast(a.tax as decimal(18, 4)) as tax,
    cast(a.shipping as decimal(18, 4)) as shipping,
    cast(a.duties as decimal(18, 4)) as duties,
    cast(a.gross - a.discounts + a.tax + a.shipping + a.duties + a.other as decimal(18, 4)) as total,
    cast(a.refunds as decimal(18, 4)) as refunds
  from remaining as a
),
parts as (
  select
    o.id as order_id,
    o.customer_id,
    o.charge_id,
    o.address_id,
    o.external_order_id_ecommerce,
    o.customer_external_customer_id_ecommerce,
    o.currency,
    lower(o.type) as order_type,
    lower(o.status) as status,
    o.processed_at,
    o.processed_on,
    o.scheduled_on,
    coalesce(p.orders, 1) as prepaid_orders,
    coalesce(p.place, 1) as prepaid_place,${AMOUNTS},
    o.total_price as reported_total
  from {{orders}} as o
  left join shared as p on p.order_id = o.id
  left join shipping as os on os.order_id = o.id
  left join refunded as r on r.charge_id = o.charge_id
),
counted as (
  select
    s.order_id,
    s.customer_id,
    s.charge_id,
    s.address_id,
    s.external_order_id_ecommerce,
    s.customer_external_customer_id_ecommerce,
    s.currency,
    s.order_type,
    s.status,
    s.processed_at,
    s.processed_on,
    s.scheduled_on,
    s.prepaid_orders,
    s.prepaid_place,
    s.reported_total,
    coalesce(s.status in ('success', 'pending_charge_status'), false)
      and (x.order_id is null or x.lines > x.excluded_lines) as is_realized,
    coalesce(l.lines, 0) as lines,
    coalesce(l.lines_subscription, 0) as lines_subscription,
    coalesce(l.lines_onetime, 0) as lines_onetime,
    coalesce(l.units, 0) as units,
    coalesce(a.gross, s.gross) as gross,
    coalesce(a.discounts, s.discounts) as discounts,
    coalesce(a.tax, s.tax) as tax,
    coalesce(a.shipping, s.shipping) as shipping,
    coalesce(a.duties, s.duties) as duties,
    coalesce(a.total, s.total) as total,
    coalesce(a.refunds, s.refunds) as refunds
  from parts as s
  left join lines as l on l.order_id = s.order_id
  left join excluded as x on x.order_id = s.order_id
  left join adjusted as a on a.order_id = s.order_id
),
sequences as (
  select o.id as order_id, row_number() over (partition by o.customer_id order by o.processed_at, o.id) as order_sequence
  from {{orders}} as o
  left join excluded as x on x.order_id = o.id
  where lower(o.status) in ('success', 'pending_charge_status') and o.customer_id is not null
    and (x.order_id is null or x.lines > x.excluded_lines)
)
select
  c.order_id,
  c.customer_id,
  c.charge_id,
  c.address_id,
  c.external_order_id_ecommerce,
  c.customer_external_customer_id_ecommerce as external_customer_id_ecommerce,
  c.currency,
  c.order_type,
  c.status,
  c.is_realized,
  c.processed_at,
  c.processed_on,
  c.scheduled_on,
  q.order_sequence,
  coalesce(q.order_sequence = 1, false) as is_first_order,
  c.prepaid_orders > 1 as is_prepaid,
  c.prepaid_orders,
  c.prepaid_place,
  case when c.prepaid_orders > 1 then 1.0 / c.prepaid_orders else 1 end as prepaid_share,
  c.lines,
  c.lines_subscription,
  c.lines_onetime,
  c.units,
  c.gross,
  c.discounts,
  c.tax,
  c.shipping,
  c.duties,
  c.total - c.gross + c.discounts - c.tax - c.shipping - c.duties as other,
  c.total,
  c.refunds,
  c.total - c.refunds as net_revenue,
  c.total - c.refunds as allocated_net_revenue,
  case when c.gross > c.discounts + c.refunds then c.gross - c.discounts - c.refunds else 0 end as net_items,
  c.reported_total
from counted as c
left join sequences as q on q.order_id = c.order_id`,
  checks: [
    {
      name: 'parts add up',
      doc: 'The parts of an order add up to its total.',
      sql: `select o.order_id from {{orders_enriched}} as o where o.gross - o.discounts + o.tax + o.shipping + o.duties + o.other <> o.total`,
    },
    {
      name: 'shares add up',
      doc: 'The orders of a prepaid charge that is known, and that has all of them, add up to the total of the charge.',
      sql: `
select c.id
from {{charges}} as c
join {{orders_enriched}} as o on o.charge_id = c.id
where c.orders_count > 1 and not exists (select 1 from {{excluded_skus}} as e)
group by c.id, c.orders_count, c.total_price
having count(*) = c.orders_count and sum(o.total) <> c.total_price`,
    },
  ],
})
