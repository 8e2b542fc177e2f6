import { day, flag, int } from '../../src/schema/column.ts'
import { view } from '../../src/schema/view.ts'
import { monthOf } from '../../src/schema/view-sql/months.ts'

const DIGITS = '(values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))'

export default view({
  name: 'dates',
  layer: 'metrics',
  doc: 'A calendar from 2015 to 2035, one row a day, to join metrics to that have no row for some days.',
  grain: ['date_day'],
  columns: {
    date_day: day('The day.'),
    week_start: day('The Monday of its week.'),
    month_start: day('The first day of its month.'),
    quarter_start: day('The first day of its quarter.'),
    year: int('Its year.'),
    is_complete_month: flag('Whether its month had ended at as_of.'),
  },
  sql: `
select d.date_day,
  cast(date_trunc('week', cast(d.date_day as timestamp)) as date) as week_start,
  d.month_start,
  cast(date_trunc('quarter', cast(d.date_day as timestamp)) as date) as quarter_start,
  cast(extract(year from d.date_day) as bigint) as year,
  coalesce(d.month_start < a.month_start, false) as is_complete_month
from (
  select n.date_day, ${monthOf('n.date_day')} as month_start
  from (
    select date '2015-01-01' + cast(k.n + 10 * t.n + 100 * h.n + 1000 * m.n as integer) as date_day
    from ${DIGITS} as k (n) cross join ${DIGITS} as t (n) cross join ${DIGITS} as h (n) cross join ${DIGITS} as m (n)
  ) as n
  where n.date_day < date '2036-01-01'
) as d
cross join {{as_of}} as a`,
})
