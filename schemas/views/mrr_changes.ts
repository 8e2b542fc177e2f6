import { day, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { monthOf } from '../../src/schema/view-sql/months.ts'
import { CURRENCY_DOC } from '../../src/schema/view-sql/mrr.ts'

export const MOVEMENTS = [
  'new',
  'expansion',
  'contraction',
  'churn_active',
  'churn_passive',
  'churn_completed',
  'reactivation',
] as const

export default view({
  name: 'mrr_changes',
  layer: 'metrics',
  doc: 'The months in which the monthly recurring revenue of a customer changed, from the end of the month before to its end. mrr_monthly has the months between as well.',
  grain: ['customer_id', 'currency', 'month_start'],
  columns: {
    customer_id: int('Id of the customer.'),
    currency: text(CURRENCY_DOC),
    month_start: day('The first day of the month.'),
    mrr: amount('Monthly recurring revenue at the end of the month.'),
    previous_mrr: amount('The same at the end of the month before.'),
    change: amount('mrr − previous_mrr.'),
    movement: oneOf(
      MOVEMENTS,
      text(
        'new: the first revenue of the customer in the currency. expansion and contraction: more or less than before. churn_…: none any more, by the kind of the end of the last subscription. reactivation: again after none.',
      ),
    ),
    until_month: day('The first day of the month of the next change; null if there was none since.'),
  },
  /*
   * A period counts at the ends of the months from that of valid_from to the one before that of valid_to. A sum of steps up
   * and down by month needs no row for the months between.
   */
  sql: `
with
periods as materialized (
  select subscription_id, customer_id, currency, ${monthOf('valid_from_on')} as from_month, ${monthOf('valid_to_on')} as to_month,
    valid_to, coalesce(mrr, 0) as mrr, end_kind
  from {{subscription_periods}}
  where customer_id is not null
),
steps as (
  select customer_id, currency, month_start, sum(step) as step
  from (
    select customer_id, currency, from_month as month_start, mrr as step from periods where to_month is null or to_month > from_month
    union all
    select customer_id, currency, to_month, -mrr from periods where to_month > from_month
  ) as s
  group by customer_id, currency, month_start
  having sum(step) <> 0
),
sums as (
  select customer_id, currency, month_start, step, sum(step) over w as mrr, row_number() over w as n,
    lead(month_start) over (partition by customer_id, currency order by month_start) as until_month
  from steps
  window w as (partition by customer_id, currency order by month_start rows between unbounded preceding and current row)
),
ends as (
  select customer_id, currency, to_month, end_kind,
    row_number() over (partition by customer_id, currency, to_month order by valid_to desc, subscription_id desc) as n
  from periods
  where end_kind is not null
)
select s.customer_id, s.currency, s.month_start, s.mrr, s.mrr - s.step as previous_mrr, s.step as change, s.until_month,
  case
    when s.n = 1 then 'new'
    when s.mrr = s.step then 'reactivation'
    when s.mrr > 0 and s.step > 0 then 'expansion'
    when s.mrr > 0 then 'contraction'
    when e.end_kind = 'passive_churn' then 'churn_passive'
    when e.end_kind = 'completed' then 'churn_completed'
    else 'churn_active'
  end as movement
from sums as s
cross join {{as_of}} as a
left join ends as e on e.customer_id = s.customer_id and e.currency = s.currency and e.to_month = s.month_start and e.n = 1
where s.month_start <= a.month_start`,
})
