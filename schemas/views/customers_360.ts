import { day, flag, instant, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { monthNumber, monthOf } from '../../src/schema/view-sql/months.ts'
import { CURRENCY_DOC, STORE_CURRENCY } from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'customers_360',
  layer: 'metrics',
  doc: 'All that is known of each customer in one row for each currency that she orders or subscribes in: one row, for nearly every customer. To count customers, take the rows where is_main_currency is true.',
  grain: ['customer_id', 'currency'],
  metrics: [
    {
      name: 'aov_of_customer',
      column: 'aov',
      definition: 'Net revenue of the realized orders of a customer, divided by their number.',
      source: 'Average order value.',
      differsFromRecharge: null,
    },
  ],
  columns: {
    customer_id: int('Id of the customer. Join to other systems by external_customer_id, never by email first.'),
    currency: text(`${CURRENCY_DOC} That of the store for a customer without orders and subscriptions.`),
    is_main_currency: flag(
      'Whether the row is the one of the customer with the most orders, then with the most active subscriptions. One row of each customer is.',
    ),
    external_customer_id: text('Customer id in the commerce platform; not always a number.'),
    email: text('Email address.'),
    created_at: instant('When the customer was created.'),
    created_on: day('Day of created_at in the reporting zone.'),
    first_charge_at: instant('When a charge of the customer first succeeded, as Recharge says.'),
    first_order_at: instant('When the first realized order in the currency was made.'),
    last_order_at: instant('When the last of them was made.'),
    cohort_month: day('The first day of the month of the first realized order: the cohort in cohort_revenue.'),
    months_since_first_order: int('Months from cohort_month to the month of as_of.'),
    subscriptions: int('Subscriptions in the currency, active or ended.'),
    active_subscriptions: int('Those that are active.'),
    active_subscriptions_all: int('Active subscriptions in all currencies: our own count.'),
    active_subscriptions_reported: int('Recharge own counter of them; it may be wrong.'),
    active_subscriptions_difference: int('active_subscriptions_all − active_subscriptions_reported.'),
    subscriber_state: oneOf(
      ['active', 'lapsed', 'prepaid_open', 'churned', 'never'],
      text(
        'active: has an active subscription. lapsed: all active ones are lapsed, see subscriptions_current. prepaid_open: none is active, and orders that are paid for are still to come. churned: had one. never: had none.',
      ),
    ),
    orders: int('Realized orders.'),
    gross: amount('Items of those orders before discounts, tax and shipping.'),
    discounts: amount('Discounts of those orders.'),
    refunds: amount('What was paid back of those orders.'),
    net_revenue: amount('What was paid for those orders with tax and shipping, less refunds: lifetime revenue so far.'),
    aov: amount('net_revenue / orders.'),
    mrr: amount('Monthly recurring revenue of the active subscriptions.'),
    in_dunning: flag('Whether a payment method fails and is being retried.'),
    has_valid_payment_method: flag('Whether at least one payment method can be charged.'),
  },
  checks: [
    {
      name: 'every_customer_once',
      doc: 'Each customer has one row in her main currency.',
      sql: `select c.id from {{customers}} as c
        left join (select customer_id, count(*) as n from {{customers_360}} where is_main_currency group by customer_id) as m on m.customer_id = c.id
        where coalesce(m.n, 0) <> 1`,
    },
    {
      name: 'mrr_of_all_customers',
      doc: 'The revenue of all customers is that of all active subscriptions of customers who exist.',
      sql: `select coalesce(c.currency, s.currency) as currency
        from (select currency, sum(mrr) as mrr from {{customers_360}} group by currency) as c
        full join (
          select s.currency, sum(s.mrr) as mrr from {{subscriptions_current}} as s join {{customers}} as k on k.id = s.customer_id group by s.currency
        ) as s on s.currency = c.currency
        where coalesce(c.mrr, 0) <> coalesce(s.mrr, 0)`,
    },
  ],
  sql: `
with
ordered as (
  select o.customer_id, o.currency, count(*) as orders, min(o.processed_at) as first_order_at, max(o.processed_at) as last_order_at,
    min(o.processed_on) as first_order_on, sum(o.gross) as gross, sum(o.discounts) as discounts, sum(o.refunds) as refunds,
    sum(o.net_revenue) as net_revenue
  from {{orders_enriched}} as o
  where o.is_realized and o.customer_id is not null
  group by o.customer_id, o.currency
),
subscribed as (
  select s.customer_id, s.currency, count(*) as subscriptions, count(*) filter (where s.status = 'active') as active_subscriptions,
    count(*) filter (where s.is_lapsed) as lapsed, sum(s.open_prepaid_orders) as open_prepaid_orders, coalesce(sum(s.mrr), 0) as mrr
  from {{subscriptions_current}} as s
  where s.customer_id is not null
  group by s.customer_id, s.currency
),
known as materialized (
  select coalesce(o.customer_id, s.customer_id) as customer_id, coalesce(o.currency, s.currency) as currency,
    coalesce(o.orders, 0) as orders, o.first_order_at, o.last_order_at, o.first_order_on, coalesce(o.gross, 0) as gross,
    coalesce(o.discounts, 0) as discounts, coalesce(o.refunds, 0) as refunds, coalesce(o.net_revenue, 0) as net_revenue,
    coalesce(s.subscriptions, 0) as subscriptions, coalesce(s.active_subscriptions, 0) as active_subscriptions,
    coalesce(s.lapsed, 0) as lapsed, coalesce(s.open_prepaid_orders, 0) as open_prepaid_orders, coalesce(s.mrr, 0) as mrr
  from ordered as o
  full join subscribed as s on s.customer_id = o.customer_id and s.currency = o.currency
),
ranked as (
  select c.id as customer_id, coalesce(k.currency, m.currency, 'XXX') as currency, c.external_customer_id_ecommerce as external_customer_id,
    c.email, c.created_at, c.created_on, c.first_charge_processed_at as first_charge_at,
    c.subscriptions_active_count as active_subscriptions_reported, c.has_payment_method_in_dunning as in_dunning,
    c.has_valid_payment_method, k.first_order_at, k.last_order_at, ${monthOf('k.first_order_on')} as cohort_month,
    coalesce(k.orders, 0) as orders, coalesce(k.gross, 0) as gross, coalesce(k.discounts, 0) as discounts,
    coalesce(k.refunds, 0) as refunds, coalesce(k.net_revenue, 0) as net_revenue, coalesce(k.subscriptions, 0) as subscriptions,
    coalesce(k.active_subscriptions, 0) as active_subscriptions, coalesce(k.mrr, 0) as mrr, coalesce(k.lapsed, 0) as lapsed,
    coalesce(k.open_prepaid_orders, 0) as open_prepaid_orders,
    row_number() over (partition by c.id order by coalesce(k.orders, 0) desc, coalesce(k.active_subscriptions, 0) desc, k.currency) as place,
    sum(coalesce(k.active_subscriptions, 0)) over (partition by c.id) as active_subscriptions_all
  from {{customers}} as c
  cross join ${STORE_CURRENCY} as m
  left join known as k on k.customer_id = c.id
)
select r.*, r.place = 1 as is_main_currency,
  ${monthNumber('a.month_start')} - ${monthNumber('r.cohort_month')} as months_since_first_order,
  r.active_subscriptions_all - r.active_subscriptions_reported as active_subscriptions_difference,
  case
    when r.active_subscriptions > r.lapsed then 'active'
    when r.active_subscriptions > 0 then 'lapsed'
    when r.open_prepaid_orders > 0 then 'prepaid_open'
    when r.subscriptions > 0 then 'churned'
    else 'never'
  end as subscriber_state,
  ${quotient('r.net_revenue', 'r.orders', 4)} as aov
from ranked as r cross join {{as_of}} as a`,
})
