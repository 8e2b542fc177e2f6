import { int, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { CURRENCY_DOC } from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'mrr_current',
  layer: 'metrics',
  doc: 'Monthly recurring revenue of the subscriptions that are active now, by currency and product.',
  grain: ['currency', 'product_id'],
  metrics: [
    {
      name: 'arpu',
      column: 'arpu',
      definition: 'MRR of the active subscriptions of a product, divided by the customers who have them.',
      source: 'Average revenue per subscriber and month.',
      differsFromRecharge:
        'Recharge calls the lifetime revenue of a customer ARPU; that is net_revenue in customers_360.',
    },
  ],
  columns: {
    currency: text(CURRENCY_DOC),
    product_id: text('Product id in the commerce platform; null for the subscriptions without one.'),
    product_title: text('Name of the product; of several, the last in alphabetical order.'),
    mrr: amount('Monthly recurring revenue, before discounts, tax and shipping.'),
    mrr_net: amount(
      'The same less discounts, as in the newest charge of each subscription. Those without a known charge count with mrr.',
    ),
    arr: amount('12 × mrr.'),
    subscriptions: int('Active subscriptions.'),
    subscribers: int('Customers who have them. A customer with two products is in two rows.'),
    arpu: amount('mrr / subscribers.'),
  },
  sql: `
with products as (
  select currency, product_id, max(product_title) as product_title, coalesce(sum(mrr), 0) as mrr,
    coalesce(sum(coalesce(mrr_net, mrr)), 0) as mrr_net, count(*) as subscriptions, count(distinct customer_id) as subscribers
  from {{subscriptions_current}}
  where status = 'active'
  group by currency, product_id
)
select products.*, 12 * mrr as arr, ${quotient('mrr', 'subscribers', 4)} as arpu from products`,
})
