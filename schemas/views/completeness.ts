import { day, instant, int, text } from '../../src/schema/column.ts'
import { view } from '../../src/schema/view.ts'

export default view({
  name: 'completeness',
  layer: 'trust',
  doc: 'From when to when each stream is complete, and how many gaps there are in between. Rates of charges are given inside this time only.',
  grain: ['stream'],
  columns: {
    stream: text('Name of the stream: that of its table.'),
    complete_from: instant(
      'Every record from here on is in the tables, but for those in a gap; 1970-01-01: from the first one on. Counted by processed_at of charges that were processed, by created_at of events, and by the last change of others. Null until a first scan has ended.',
    ),
    complete_from_on: day('Its day in the reporting zone.'),
    complete_to: instant('Every record that changed at or before this is in the tables.'),
    complete_to_on: day('Its day in the reporting zone.'),
    gaps: int('Number of times whose changes the source forgot before a run read them.'),
    first_gap_from: instant('Where the first of them begins; null without one.'),
    last_gap_to: instant('Where the last of them ends; null without one.'),
    days_missing: int(
      'Days in the reporting zone that are in a gap, in whole or in part. A day in two gaps counts twice.',
    ),
  },
  sql: `
with gaps as (
  select
    g.stream,
    count(*) as gaps,
    min(g."from") as first_gap_from,
    max(g."to") as last_gap_to,
    sum(cast(g."to" at time zone {{zone}} as date) - cast(g."from" at time zone {{zone}} as date) + 1) as days_missing
  from {{table _sync_gaps}} as g
  group by g.stream
)
select
  c.stream,
  c.complete_from,
  case
    when c.complete_from = cast('1970-01-01 00:00:00+00' as timestamp with time zone) then date '1970-01-01'
    else cast(c.complete_from at time zone {{zone}} as date)
  end as complete_from_on,
  c.watermark as complete_to,
  cast(c.watermark at time zone {{zone}} as date) as complete_to_on,
  coalesce(g.gaps, 0) as gaps,
  g.first_gap_from,
  g.last_gap_to,
  coalesce(g.days_missing, 0) as days_missing
from {{table _sync_checkpoints}} as c
left join gaps as g on g.stream = c.stream
where c.stream not like '%:%'`,
})
