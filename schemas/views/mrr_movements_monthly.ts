import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, ratio, view } from '../../src/schema/view.ts'
import { CURRENCY_DOC } from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'
import { MOVEMENTS } from './mrr_changes.ts'

export default view({
  name: 'mrr_movements_monthly',
  layer: 'metrics',
  doc: 'Monthly recurring revenue at the start and the end of each month, and what changed it. start_mrr + new + expansion + contraction + churn + reactivation = end_mrr.',
  grain: ['month_start', 'currency'],
  metrics: [
    {
      name: 'mrr',
      column: 'end_mrr',
      definition:
        'Contract MRR: the sum over active subscriptions at the end of the month of price × quantity × charges a month, before discounts, tax and shipping, without one-time items. A month has 30.4375 days.',
      source: 'Contract MRR, by the charge interval, because the price is that of a charge.',
      differsFromRecharge: 'Tools that count four weeks a month show 8 % less for weekly plans.',
    },
    {
      name: 'arr',
      column: 'arr',
      definition: '12 × MRR.',
      source: 'Annual recurring revenue.',
      differsFromRecharge: null,
    },
    {
      name: 'nrr',
      column: 'nrr',
      definition: '(Start + expansion + contraction + churn) / start. New and returning customers are not in it.',
      source: 'Net revenue retention.',
      differsFromRecharge: null,
    },
    {
      name: 'grr',
      column: 'grr',
      definition: '(Start + contraction + churn) / start.',
      source: 'Gross revenue retention.',
      differsFromRecharge: null,
    },
    {
      name: 'mrr_churn_rate',
      column: 'mrr_churn_rate',
      definition:
        'MRR of the customers who have none any more at the end of the month, divided by the MRR at its start.',
      source: 'Churned in the period / active at its start.',
      differsFromRecharge: null,
    },
  ],
  columns: {
    month_start: day('The first day of the month.'),
    currency: text(CURRENCY_DOC),
    is_complete: flag('Whether the month had ended at as_of.'),
    start_mrr: amount('Monthly recurring revenue at the end of the month before.'),
    new: amount('From customers who had none before in this currency.'),
    expansion: amount('From customers who had some, and have more.'),
    contraction: amount('From customers who have less, and still some; negative.'),
    churn: amount('From customers who have none any more; negative: churn_active + churn_passive + churn_completed.'),
    churn_active: amount('Those whose last subscription was cancelled by them or by the shop.'),
    churn_passive: amount('Those whose last subscription ended because payment failed.'),
    churn_completed: amount('Those whose last subscription had all its charges.'),
    reactivation: amount('From customers who had none at the end of the month before, and some earlier.'),
    end_mrr: amount('Monthly recurring revenue at the end of the month; in the month of as_of, at as_of.'),
    arr: amount('12 × end_mrr.'),
    nrr: ratio(
      'Net revenue retention: (start_mrr + expansion + contraction + churn) / start_mrr. It may be above 1. Reactivation is not in it.',
    ),
    grr: ratio('Gross revenue retention: the same without expansion.'),
    mrr_churn_rate: ratio('Lost by churn / start_mrr.'),
    customers_start: int('Customers with revenue at the end of the month before.'),
    customers_new: int('Customers in new.'),
    customers_reactivated: int('Customers in reactivation.'),
    customers_churned: int('Customers in churn.'),
    customers_end: int('Customers with revenue at the end of the month.'),
    logo_churn_rate: ratio(
      'customers_churned / customers_start. It compares the ends of months; churn_monthly counts each day.',
    ),
  },
  checks: [
    {
      name: 'start_and_movements_make_the_end',
      doc: 'What was there and what changed adds up to the revenue of all customers at the end of the month.',
      sql: `select m.month_start, m.currency from {{mrr_movements_monthly}} as m
        left join (select month_start, currency, sum(mrr) as mrr, count(*) filter (where mrr > 0) as customers from {{mrr_monthly}} group by month_start, currency) as c
          on c.month_start = m.month_start and c.currency = m.currency
        where m.start_mrr + m.new + m.expansion + m.contraction + m.churn_active + m.churn_passive + m.churn_completed + m.reactivation <> m.end_mrr
          or m.churn <> m.churn_active + m.churn_passive + m.churn_completed or m.end_mrr <> coalesce(c.mrr, 0) or m.customers_end <> coalesce(c.customers, 0)`,
    },
  ],
  sql: `
with
sums as materialized (
  select month_start, currency, sum(change) as change,
    ${MOVEMENTS.map(name => `coalesce(sum(change) filter (where movement = '${name}'), 0) as ${name}`).join(', ')},
    count(*) filter (where movement = 'new') as customers_new, count(*) filter (where movement = 'reactivation') as customers_reactivated,
    count(*) filter (where movement like 'churn%') as customers_churned
  from {{mrr_changes}}
  group by month_start, currency
),
months as (
  select d.date_day as month_start, d.is_complete_month as is_complete, f.currency
  from {{dates}} as d
  cross join {{as_of}} as a
  cross join (select currency, min(month_start) as first_month from sums group by currency) as f
  where d.date_day = d.month_start and d.date_day >= f.first_month and d.date_day <= a.as_of_on
),
filled as (
  select m.month_start, m.currency, m.is_complete, coalesce(s.change, 0) as change,
    ${[...MOVEMENTS, 'customers_new', 'customers_reactivated', 'customers_churned'].map(name => `coalesce(s.${name}, 0) as ${name}`).join(', ')}
  from months as m left join sums as s on s.month_start = m.month_start and s.currency = m.currency
),
ended as (
  select filled.*, churn_active + churn_passive + churn_completed as churn,
    sum(change) over w as end_mrr,
    cast(sum(customers_new + customers_reactivated - customers_churned) over w as bigint) as customers_end
  from filled
  window w as (partition by currency order by month_start rows between unbounded preceding and current row)
),
started as (
  select ended.*, end_mrr - change as start_mrr, customers_end - customers_new - customers_reactivated + customers_churned as customers_start
  from ended
)
select started.*, 12 * end_mrr as arr,
  ${quotient('start_mrr + expansion + contraction + churn', 'start_mrr', 6)} as nrr,
  ${quotient('start_mrr + contraction + churn', 'start_mrr', 6)} as grr,
  ${quotient('-churn', 'start_mrr', 6)} as mrr_churn_rate,
  ${quotient('customers_churned', 'customers_start', 6)} as logo_churn_rate
from started`,
})
