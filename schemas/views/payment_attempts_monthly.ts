import { day, flag, int, rate, text } from '../../src/schema/column.ts'
import { amount, type Metric, ratio, view } from '../../src/schema/view.ts'
import { chargesAreComplete } from '../../src/schema/view-sql/charges-window.ts'
import { monthOf, nextMonth } from '../../src/schema/view-sql/months.ts'
import { quotient } from '../../src/schema/view-sql/quotient.ts'

const metric = (name: string, column: string, definition: string): Metric => ({
  name,
  column,
  definition,
  source: 'Recharge, Order errors, as described in its help centre.',
  differsFromRecharge:
    'Months are those in which the charges were scheduled. A month that begins before the charges are complete has no rate, because the API forgets paid charges and keeps failed ones.',
})

export default view({
  name: 'payment_attempts_monthly',
  layer: 'metrics',
  doc: 'How many recurring charges failed and how many of them were paid later, by the month for which they were scheduled. The retries of a charge take about 60 days: younger months change.',
  grain: ['month_start', 'currency'],
  columns: {
    month_start: day('First day of the month for which the charges were scheduled.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    attempted: int('Recurring charges that were paid or are in error.'),
    failed_first: int('How many of them failed at the first attempt.'),
    recovered: int('How many of those were paid later.'),
    lost: int('How many of them were given up: no further attempt is made.'),
    open: int('How many of them are in error and will be tried again.'),
    attempted_amount: amount('Sum of the totals of the attempted charges.'),
    failed_first_amount: amount('The same of those that failed at the first attempt.'),
    recovered_amount: amount('The same of those that were paid later.'),
    lost_amount: amount('The same of those that were given up.'),
    open_amount: amount('The same of those that are open.'),
    error_rate: ratio('failed_first divided by attempted. Null outside the time in which charges are complete.'),
    recovery_rate: ratio(
      'recovered divided by failed_first: open cases count as not recovered. Null outside the time in which charges are complete.',
    ),
    recovery_rate_closed: ratio(
      'recovered divided by recovered + lost: open cases are left out. Null outside the time in which charges are complete.',
    ),
    median_days_to_recover: rate(
      'Half of the recovered charges took at most this many days. Null outside the time in which charges are complete.',
    ),
    is_in_window: flag(
      'Whether the month is inside the time in which charges are complete. Outside, paid charges are missing and failed ones are not.',
    ),
    is_complete: flag('Whether the month is over, and is_in_window.'),
    is_mature: flag('Whether at least 60 days have passed since the month, so that its cases are decided.'),
  },
  metrics: [
    metric(
      'Payment error rate',
      'error_rate',
      'Recurring charges that failed at the first attempt, divided by those that were paid or are in error.',
    ),
    metric(
      'Payment recovery rate',
      'recovery_rate',
      'Of the recurring charges that failed at the first attempt, the share that was paid later. Open cases count as not recovered.',
    ),
    metric(
      'Payment recovery rate, closed cases',
      'recovery_rate_closed',
      'Of the recurring charges that failed at the first attempt and are decided, the share that was paid.',
    ),
  ],
  sql: `
with sums as (
  select
    ${monthOf('c.scheduled_on')} as month_start,
    c.currency,
    count(*) as attempted,
    count(*) filter (where c.first_failed) as failed_first,
    count(*) filter (where c.recovered) as recovered,
    count(*) filter (where c.lost) as lost,
    count(*) filter (where c.is_open) as open,
    sum(c.total) as attempted_amount,
    coalesce(sum(c.total) filter (where c.first_failed), 0) as failed_first_amount,
    coalesce(sum(c.total) filter (where c.recovered), 0) as recovered_amount,
    coalesce(sum(c.total) filter (where c.lost), 0) as lost_amount,
    coalesce(sum(c.total) filter (where c.is_open), 0) as open_amount,
    percentile_cont(0.5) within group (order by c.days_to_recover) as median_days
  from {{charges_enriched}} as c
  where c.charge_type = 'recurring' and (c.is_processed or c.is_error) and c.scheduled_on is not null
  group by ${monthOf('c.scheduled_on')}, c.currency
),
months as (
  select
    s.*,
    recovered + lost as closed,
    ${nextMonth('s.month_start')} as next_month,
    ${chargesAreComplete('s.month_start', 'c.complete_from')} as is_in_window
  from sums as s
  left join {{completeness}} as c on c.stream = 'charges'
)
select
  m.*,
  case when m.is_in_window then ${quotient('m.failed_first', 'm.attempted', 6)} end as error_rate,
  case when m.is_in_window then ${quotient('m.recovered', 'm.failed_first', 6)} end as recovery_rate,
  case when m.is_in_window then ${quotient('m.recovered', 'm.closed', 6)} end as recovery_rate_closed,
  case when m.is_in_window then m.median_days end as median_days_to_recover,
  m.is_in_window and m.next_month <= a.as_of_on as is_complete,
  m.next_month + 60 <= a.as_of_on as is_mature
from months as m
cross join {{as_of}} as a`,
  checks: [
    {
      name: 'outcomes add up',
      doc: 'Each charge that failed is recovered, lost or open.',
      sql: `
select p.month_start from {{payment_attempts_monthly}} as p
where p.failed_first <> p.recovered + p.lost + p.open or p.failed_first > p.attempted
  or p.failed_first_amount <> p.recovered_amount + p.lost_amount + p.open_amount`,
    },
  ],
})
