import type { Generated } from 'kysely'
import type { ColumnKind } from '../../schema/column.ts'
import type { Table, TableColumn } from '../../schema/table.ts'

/** The connector's own tables, for Kysely. Times and JSON are written as text. Names are those of the first version. */
export interface SystemTables {
  _sync_checkpoints: {
    stream: string
    version: string
    watermark: string | null
    walk: string | null
    shape: string | null
    writer: string | null
    swept: string | null
    complete_from: string | null
    committed_at: string | null
    counts: string | null
    report: string | null
    rows: string | null
    child_rows: string | null
    lost: string | null
  }
  _sync_runs: {
    run: string
    started_at: string
    finished_at: string | null
    outcome: string
    report: string
  }
  _sync_reconciliations: {
    run: string
    stream: string
    reconciled_at: string
    method: string
    bucket: string
    source_count: string
    warehouse_count: string
    agrees: boolean
    missing: string
    changed: string
    gone: string
    repaired: string
    keys: string
  }
  _sync_rejects: {
    fingerprint: string
    stream: string
    key: string | null
    path: string
    reason: string
    record: string
    source: string | null
    changed_at: string | null
    rejected_at: string
    seen_at: string | null
    run: string
  }
  _sync_seen: {
    stream: string
    walk: string
    what: string
    key: string
  }
  _sync_tombstones: {
    type: string
    key: string
    event: string
    happened_at: string
    noted_at: string
  }
  _sync_gaps: {
    stream: string
    from: string
    to: string
    found_at: string
    run: string
  }
  _sync_columns: {
    stream: string
    table_name: string
    column_name: string
    path: string
    kind: string
    added_at: string
    run: string
  }
  _sync_settings: { name: string; value: string }
  _sync_forgotten: {
    mark: string
    what: string
    forgotten_at: string
    run: string
    to_rewrite: string | null
  }
  _sync_views: {
    view_schema: string
    name: string
    hash: string
    columns: string
    comment: string
    grants: string
    refreshed: string | null
  }
  'information_schema.columns': {
    table_schema: Generated<string>
    table_name: Generated<string>
    column_name: Generated<string>
    data_type: Generated<string>
    is_nullable: Generated<string>
    numeric_precision: Generated<string | null>
    numeric_scale: Generated<string | null>
  }
  'information_schema.tables': { table_schema: Generated<string>; table_name: Generated<string> }
  'information_schema.schemata': { schema_name: Generated<string> }
}

const column = (name: string, kind: ColumnKind, doc: string, required = false): TableColumn => ({
  name,
  kind,
  required,
  doc,
})

export const SYSTEM_TABLES: readonly Table[] = [
  {
    name: '_sync_checkpoints',
    doc: 'Checkpoint of each stream: how far it has been read. Written in the same transaction as the rows.',
    key: ['stream'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('version', 'int', 'Number of commits. A commit states the version that it replaces.', true),
      column('watermark', 'instant', 'Every record changed at or before this is in the tables.'),
      column('walk', 'json', 'A scan that has not ended: its segments, and how far each was read.'),
      column('shape', 'text', 'Hash of the schema of the tables that the last commit wrote to.'),
      column('writer', 'text', 'The run that made the last commit.'),
      column('swept', 'instant', 'When the last list snapshot that ended began.'),
      column('committed_at', 'instant', 'When the last page of the last commit was read.'),
      column(
        'counts',
        'json',
        'How many records of the last commit were added, changed, unchanged, older, deleted and rejected.',
      ),
      column('report', 'json', 'Report of the last run about the stream.'),
      column('rows', 'int', 'Rows that the commits have left in the table of the stream, deleted ones included.'),
      column('child_rows', 'json', 'The same for the tables of its lists, by table.'),
      column('lost', 'json', 'Tables and columns that were dropped and made again since the last commit.'),
      column(
        'complete_from',
        'instant',
        'Every record from here on, up to the watermark, is in the tables, but for those in _sync_gaps; 1970-01-01: from the first record on. Counted by processed_at of charges that were processed, by created_at of events, by the cursor of the others. Null until a first scan has ended.',
      ),
    ],
  },
  {
    name: '_sync_runs',
    doc: 'One row for each run that wrote to this destination.',
    key: ['run'],
    columns: [
      column('run', 'text', 'Identifier of the run; sorts by time.', true),
      column('started_at', 'instant', 'When the run began.', true),
      {
        ...column('finished_at', 'instant', 'When the run ended; null while it goes on, and of one that was killed.'),
        wasRequired: true,
      },
      column(
        'outcome',
        'text',
        'complete, failed or interrupted; running while it goes on, and of one that was killed.',
        true,
      ),
      column('report', 'json', 'Report of the run, with all its streams.', true),
    ],
  },
  {
    name: '_sync_reconciliations',
    doc: 'Results of reconcile: the source compared with the tables, by stream and bucket.',
    key: ['run', 'stream', 'method', 'bucket'],
    columns: [
      column('run', 'text', 'Identifier of the run; sorts by time.', true),
      column('stream', 'text', 'Name of the stream.', true),
      column('reconciled_at', 'instant', 'When the comparison of the stream ended.', true),
      column(
        'method',
        'text',
        'count: a count of the API is compared with one in SQL. records: every record is compared, value by value.',
        true,
      ),
      column(
        'bucket',
        'text',
        'all; a month of creation as YYYY-MM; undated: records without one; or a value of the column counted by.',
        true,
      ),
      column('source_count', 'int', 'Records at the source, without those it may have forgotten.', true),
      column(
        'warehouse_count',
        'int',
        'Rows not marked as deleted, without those the source may have forgotten.',
        true,
      ),
      column('agrees', 'flag', 'Whether source and tables agreed, before any repair.', true),
      column('missing', 'int', 'Records that the tables lacked.', true),
      column('changed', 'int', 'Records whose row, or a row of one of their lists, had other values.', true),
      column('gone', 'int', 'Rows whose record the source did not list.', true),
      column('repaired', 'int', 'How many of those three were repaired.', true),
      column('keys', 'json', 'Keys of those three, the first thousand of each.', true),
    ],
  },
  {
    name: '_sync_rejects',
    doc: 'Records that could not be loaded, as received. A row is deleted when its record loads in the same or a newer version.',
    key: ['fingerprint'],
    columns: [
      column('fingerprint', 'text', 'SHA-256 of stream, path and record, so that each reject is kept once.', true),
      column('stream', 'text', 'Stream that the record came from.', true),
      column('key', 'text', 'Key of the record; null where it has none.'),
      column('path', 'text', 'Path of the value that could not be loaded.', true),
      column('reason', 'text', 'Why the value cannot be loaded without loss.', true),
      column('record', 'json', 'The record as received.', true),
      column('source', 'text', '`export` for a record from an imported file; null for one from the API.'),
      column('changed_at', 'instant', 'When the record last changed; null where it does not say.'),
      column('rejected_at', 'instant', 'When the record was first rejected.', true),
      column('seen_at', 'instant', 'When the record was last rejected.'),
      column('run', 'text', 'The run that first rejected it.', true),
    ],
  },
  {
    name: '_sync_seen',
    doc: 'Keys that the scan under way, or the last list snapshot, has read: rows it did not read can be deleted. Not for analysts.',
    key: ['stream', 'walk', 'what', 'key'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('walk', 'text', 'The scan or list snapshot, named by the instant just before it began.', true),
      column(
        'what',
        'text',
        'record; part: a list read to its end; unknown: a record without a key; doubt: a scan that read too few rows; swept: a list snapshot that ended; loss: a scan whose loss is to be confirmed.',
        true,
      ),
      column('key', 'text', 'Key of the record or name of the part; empty for the others.', true),
    ],
  },
  {
    name: '_sync_tombstones',
    doc: 'Records that an event has reported as deleted. A row stays until the next scan of the stream marks the record or reads it.',
    key: ['type', 'key'],
    columns: [
      column('type', 'text', 'Kind of record, as the event names it.', true),
      column('key', 'text', 'Key of the record.', true),
      column('event', 'text', 'Key of the event.', true),
      column('happened_at', 'instant', 'When the event says that it happened.', true),
      column('noted_at', 'instant', 'When the event was read.', true),
    ],
  },
  {
    name: '_sync_gaps',
    doc: 'Times whose changes the source forgot before a run read them. They cannot be read any more.',
    key: ['stream', 'from'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('from', 'instant', 'The stream had been read up to here.', true),
      column('to', 'instant', 'From here on the source still had all changes.', true),
      column('found_at', 'instant', 'When a run first found the gap.', true),
      column('run', 'text', 'The run that first found it.', true),
    ],
  },
  {
    name: '_sync_settings',
    doc: 'Settings of this warehouse. Whoever can read the salt can test guesses against hashed values.',
    key: ['name'],
    columns: [
      column('name', 'text', 'salt, policies, tables, migrations or store.', true),
      column(
        'value',
        'text',
        'salt: 32 random bytes in hex. policies: the columns that are hashed or omitted, as JSON. tables: the tables and columns that this program has made, as JSON. migrations: the columns that it has converted to another type or dropped, as JSON. store: the store that the rows are of, and a salted hash of its token.',
        true,
      ),
    ],
  },
  {
    name: '_sync_forgotten',
    doc: 'Persons that were forgotten, and their records. What arrives of them again is stored without what is personal.',
    key: ['mark'],
    columns: [
      column(
        'mark',
        'text',
        'SHA-256 of the salt in _sync_settings and what is marked: an id, or an email address.',
        true,
      ),
      column('what', 'text', 'Name of the stream whose record it is, or email.', true),
      column('forgotten_at', 'instant', 'When it was marked.', true),
      column('run', 'text', 'The run that marked it.', true),
      column('to_rewrite', 'json', 'Tables in which old bytes may still be; null: none are.'),
    ],
  },
  {
    name: '_sync_columns',
    doc: 'Inferred columns: added for fields that no declaration has, with drift: evolve.',
    key: ['table_name', 'column_name'],
    columns: [
      column('stream', 'text', 'Stream whose records have the field.', true),
      column('table_name', 'text', 'Table that the column is in.', true),
      column('column_name', 'text', 'Name of the column.', true),
      column('path', 'text', 'Path of the field in the record, or in the element of the list.', true),
      column('kind', 'text', 'Type of its values: int, rate, instant, day, flag, text or json.', true),
      column('added_at', 'instant', 'When the column was added.', true),
      column('run', 'text', 'The run that added it.', true),
    ],
  },
  {
    name: '_sync_views',
    doc: 'The views that this program has made. Not for analysts.',
    key: ['view_schema', 'name'],
    columns: [
      column('view_schema', 'text', 'Schema that the view is in.', true),
      column('name', 'text', 'Name of the view.', true),
      column('hash', 'text', 'Hash of its text and of its comments; empty: it has to be made again.', true),
      column('columns', 'json', 'Its columns in their order, each with its kind.', true),
      column('comment', 'text', 'Its comment. A view with another one is not of this program.', true),
      column('grants', 'json', 'Statements that give its rights again to a view that was dropped.', true),
      column('refreshed', 'text', 'Hash of what its table was made from; null: the view has no table.'),
    ],
  },
]
