import { day, instant } from '../../src/schema/column.ts'
import { view } from '../../src/schema/view.ts'

export default view({
  name: 'as_of',
  layer: 'metrics',
  doc: 'Up to when the data reaches, in one row. The other views take it for today, so that their rows do not change without a sync.',
  grain: [],
  columns: {
    as_of: instant('The newest time up to which a stream is complete; null before the first sync.'),
    as_of_on: day('Its day in the reporting zone.'),
    month_start: day('The first day of its month: later months are not finished.'),
  },
  sql: `
select
  c.as_of,
  cast(c.as_of at time zone {{zone}} as date) as as_of_on,
  cast(date_trunc('month', c.as_of at time zone {{zone}}) as date) as month_start
from (select max(watermark) as as_of from {{table _sync_checkpoints}} where stream not like '%:%') as c`,
})
