import { day, flag, int, text } from '../../src/schema/column.ts'
import { amount, ratio, view } from '../../src/schema/view.ts'
import { monthNumber, monthOf } from '../../src/schema/view-sql/months.ts'
import { CURRENCY_DOC } from '../../src/schema/view-sql/mrr.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

export default view({
  name: 'cohort_retention',
  layer: 'metrics',
  doc: 'Customers by the month of their first subscription, and how many of them were active, with what revenue, in each month since. There are no rows for months that have not begun.',
  grain: ['cohort_month', 'currency', 'months_since'],
  metrics: [
    {
      name: 'retention_rate',
      column: 'retention_rate',
      definition:
        'Customers of a cohort who are active at the end of a month, divided by all of the cohort. The cohort is the month of the first subscription, and month 0 is that month.',
      source: 'Recharge: cohort performance.',
      differsFromRecharge:
        'Recharge calls the end of the sign-up month month 1, which is month 0 here. In month 0 active has all of the cohort; active_at_month_end leaves out those who left in the same month.',
    },
    {
      name: 'mrr_retention',
      column: 'mrr_retention',
      definition: 'MRR of a cohort at the end of a month, divided by its MRR at the end of month 0.',
      source: 'Cohorts by revenue.',
      differsFromRecharge: null,
    },
  ],
  columns: {
    cohort_month: day(
      'The first day of the month of the first subscription. A subscription that ended on its first day does not count.',
    ),
    currency: text(`${CURRENCY_DOC} A customer with subscriptions in two currencies is in a cohort of each.`),
    months_since: int('Months from cohort_month to month_start; 0 is the month of the first subscription.'),
    month_start: day('The first day of the month at whose end the customers are counted.'),
    is_complete: flag('Whether that month had ended at as_of. Until then active and mrr are those at as_of.'),
    cohort_size: int('Customers of the cohort: the base of every rate.'),
    active: int(
      'Customers who were active at the end of the month. In month 0: all of them, also those who left in the same month.',
    ),
    active_at_month_end: int('Customers who were active at the end of the month, in month 0 too.'),
    retention_rate: ratio('active / cohort_size.'),
    mrr: amount('Monthly recurring revenue of the cohort at the end of the month.'),
    mrr_retention: ratio('mrr / mrr of month 0. It may be above 1.'),
  },
  checks: [
    {
      name: 'month_0_is_the_cohort',
      doc: 'In month 0 all of a cohort are active, and never more than its size are.',
      sql: 'select cohort_month from {{cohort_retention}} where (months_since = 0 and active <> cohort_size) or active > cohort_size or active_at_month_end > active or active_at_month_end < 0',
    },
    {
      name: 'cohorts_make_the_mrr',
      doc: 'The cohorts of a month have together the monthly recurring revenue of the month.',
      sql: `select c.month_start, c.currency from (select month_start, currency, sum(mrr) as mrr from {{cohort_retention}} group by month_start, currency) as c
        join {{mrr_movements_monthly}} as m on m.month_start = c.month_start and m.currency = c.currency
        where m.end_mrr <> c.mrr`,
    },
  ],
  sql: `
with
periods as materialized (
  select customer_id, currency, valid_from_on, valid_to_on, ${monthOf('valid_from_on')} as from_month, ${monthOf('valid_to_on')} as to_month,
    coalesce(mrr, 0) as mrr
  from {{subscription_periods}}
  where customer_id is not null and (valid_to_on is null or valid_to_on > valid_from_on)
),
cohorts as materialized (
  select customer_id, currency, ${monthOf('min(valid_from_on)')} as cohort_month
  from periods
  group by customer_id, currency
),
steps as (
  select customer_id, currency, month_start, sum(step) as step, sum(mrr) as mrr
  from (
    select customer_id, currency, from_month as month_start, 1 as step, mrr from periods where to_month is null or to_month > from_month
    union all
    select customer_id, currency, to_month, -1, -mrr from periods where to_month > from_month
  ) as s
  group by customer_id, currency, month_start
  having sum(step) <> 0 or sum(mrr) <> 0
),
counted as (
  select customer_id, currency, month_start, step, mrr,
    sum(step) over (partition by customer_id, currency order by month_start rows between unbounded preceding and current row) as held
  from steps
),
moved as (
  select c.cohort_month, s.currency, s.month_start, sum(case when s.held > 0 then 1 else 0 end - case when s.held - s.step > 0 then 1 else 0 end) as change,
    sum(s.mrr) as mrr
  from counted as s join cohorts as c on c.customer_id = s.customer_id and c.currency = s.currency
  group by c.cohort_month, s.currency, s.month_start
),
grid as (
  select c.cohort_month, c.currency, c.cohort_size, d.date_day as month_start, d.is_complete_month as is_complete
  from (select cohort_month, currency, count(*) as cohort_size from cohorts group by cohort_month, currency) as c
  cross join {{as_of}} as a
  join {{dates}} as d on d.date_day >= c.cohort_month
  where d.date_day = d.month_start and d.date_day <= a.as_of_on
),
summed as (
  select g.*, ${monthNumber('g.month_start')} - ${monthNumber('g.cohort_month')} as months_since,
    cast(sum(coalesce(m.change, 0)) over w as bigint) as active_at_month_end, sum(coalesce(m.mrr, 0)) over w as mrr
  from grid as g
  left join moved as m on m.cohort_month = g.cohort_month and m.currency = g.currency and m.month_start = g.month_start
  window w as (partition by g.cohort_month, g.currency order by g.month_start rows between unbounded preceding and current row)
),
based as (
  select summed.*, case when months_since = 0 then cohort_size else active_at_month_end end as active,
    first_value(mrr) over (partition by cohort_month, currency order by month_start) as first_mrr
  from summed
)
select based.*, ${quotient('active', 'cohort_size', 6)} as retention_rate, ${quotient('mrr', 'first_mrr', 6)} as mrr_retention
from based`,
})
