import { day, flag, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'
import { CURRENCY_DOC } from '../../src/schema/view-sql/mrr.ts'
import { MOVEMENTS } from './mrr_changes.ts'

export default view({
  name: 'mrr_monthly',
  layer: 'metrics',
  materialized: true,
  doc: 'Monthly recurring revenue of each customer at the end of each month, with its movement against the month before. After the last month with revenue there is one row more, with the churn.',
  grain: ['customer_id', 'month_start', 'currency'],
  columns: {
    customer_id: int('Id of the customer.'),
    month_start: day('The first day of the month.'),
    currency: text(CURRENCY_DOC),
    mrr: amount(
      'Monthly recurring revenue of the active subscriptions at the end of the month, before discounts, tax and shipping. In the month of as_of: at as_of.',
    ),
    previous_mrr: amount('The same at the end of the month before.'),
    change: amount('mrr − previous_mrr.'),
    movement: oneOf(
      [...MOVEMENTS, 'unchanged'],
      text(
        'new: the first revenue of the customer in the currency. expansion and contraction: more or less than before. churn_…: none any more, by the kind of the end of the last subscription. reactivation: again after none.',
      ),
    ),
    is_complete: flag('Whether the month had ended at as_of.'),
  },
  sql: `
with
changes as materialized (select * from {{mrr_changes}}),
months as materialized (
  select date_day as month_start, is_complete_month as is_complete from {{dates}} where date_day = month_start
)
select c.customer_id, m.month_start, c.currency, c.mrr,
  case when m.month_start = c.month_start then c.previous_mrr else c.mrr end as previous_mrr,
  case when m.month_start = c.month_start then c.change else 0 end as change,
  case when m.month_start = c.month_start then c.movement else 'unchanged' end as movement,
  m.is_complete
from changes as c
cross join {{as_of}} as a
join months as m on m.month_start >= c.month_start and m.month_start < case
  when c.mrr = 0 then cast(cast(c.month_start as timestamp) + interval '1 month' as date)
  else coalesce(c.until_month, cast(cast(a.month_start as timestamp) + interval '1 month' as date)) end
where m.month_start <= a.month_start`,
})
