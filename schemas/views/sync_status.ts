import { day, instant, int, text } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { view } from '../../src/schema/view.ts'
import { streams } from '../index.ts'

const all: readonly Stream[] = streams

/** How many rows the table of a stream has. */
const rowsOf = ({ name, sync }: Stream): string => `
  select
    '${name}' as table_name,
    count(*) as all_rows,
    count(t._deleted_at) as deleted_rows,
    ${sync.mode === 'incremental' ? `max(t."${sync.cursor}")` : 'cast(null as timestamp with time zone)'} as newest_source_update,
    max(t._synced_at) as last_changed
  from {{table ${name}}} as t`

export default view({
  name: 'sync_status',
  layer: 'trust',
  doc: 'What each table of a stream holds, and how old it is. Ages are counted back from as_of and not from the clock, so that they do not change without a sync.',
  grain: ['table_name'],
  columns: {
    table_name: text('Name of the table, which is that of its stream.'),
    rows: int('Rows that exist at the source.'),
    deleted_rows: int('Rows that were found to be deleted at the source. The views leave them out.'),
    newest_source_update: instant(
      'The newest time at which the source says that a record changed; null if it does not say.',
    ),
    last_changed: instant('When a row of the table was last changed by a sync.'),
    last_loaded: instant('When a sync last committed the stream, also if nothing had changed; null if none did.'),
    complete_from: instant('From when on the stream is complete; 1970-01-01: from the first record on.'),
    complete_to: instant('Up to when the stream is complete.'),
    complete_to_on: day('Its day in the reporting zone.'),
    age_minutes: int('Minutes by which complete_to is behind as_of.'),
    first_sync_at: instant('When the first run began that wrote to this warehouse.'),
  },
  sql: `
with counts as (${all.map(rowsOf).join('\n  union all')}
),
loads as (
  select c.stream, c.committed_at, c.complete_from, c.watermark,
    cast(c.watermark at time zone {{zone}} as date) as complete_to_on
  from {{table _sync_checkpoints}} as c
)
select
  c.table_name,
  c.all_rows - c.deleted_rows as rows,
  c.deleted_rows,
  c.newest_source_update,
  c.last_changed,
  l.committed_at as last_loaded,
  l.complete_from,
  l.watermark as complete_to,
  l.complete_to_on,
  cast(floor((extract(epoch from a.as_of) - extract(epoch from l.watermark)) / 60) as bigint) as age_minutes,
  r.first_sync_at
from counts as c
cross join {{as_of}} as a
cross join (select min(r.started_at) as first_sync_at from {{table _sync_runs}} as r) as r
left join loads as l on l.stream = c.table_name`,
})
