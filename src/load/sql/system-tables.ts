import type { Generated } from 'kysely'
import type { ColumnKind } from '../../schema/column.ts'
import type { Table, TableColumn } from '../../schema/table.ts'

/** The connector's own tables, as Kysely sees them. Instants and JSON go in as text. */
export interface SystemTables {
  _sync_checkpoints: {
    stream: string
    version: string
    watermark: string | null
    walk: string | null
    shape: string | null
    writer: string | null
    swept: string | null
    committed_at: string | null
    counts: string | null
    report: string | null
  }
  _sync_runs: {
    run: string
    started_at: string
    finished_at: string
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
  'information_schema.columns': {
    table_schema: Generated<string>
    table_name: Generated<string>
    column_name: Generated<string>
    data_type: Generated<string>
    numeric_precision: Generated<string | null>
    numeric_scale: Generated<string | null>
  }
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
    doc: 'How far each stream is. Replaced in the same transaction as the rows it speaks of.',
    key: ['stream'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('version', 'int', 'Counts the commits; a commit names the version it starts from.', true),
      column('watermark', 'instant', 'Every record changed at or before this is in the tables.'),
      column('walk', 'json', 'A walk that has begun and not ended: its segments, and how far each came.'),
      column('shape', 'text', 'Fingerprint of the tables that the last commit wrote to.'),
      column('writer', 'text', 'The run that made the last commit.'),
      column('swept', 'instant', 'When the last whole list of records of a kind, such as queued ones, was begun.'),
      column('committed_at', 'instant', 'When the last page of the last commit was read.'),
      column('counts', 'json', 'What became of the records of the last commit.'),
      column('report', 'json', 'What the last run did with the stream.'),
    ],
  },
  {
    name: '_sync_runs',
    doc: 'One row for each run that wrote to this destination.',
    key: ['run'],
    columns: [
      column('run', 'text', 'Identifier of the run; sorts by time.', true),
      column('started_at', 'instant', 'When the run began.', true),
      column('finished_at', 'instant', 'When the run ended.', true),
      column('outcome', 'text', 'complete, failed or interrupted.', true),
      column('report', 'json', 'What the run did, stream by stream.', true),
    ],
  },
  {
    name: '_sync_reconciliations',
    doc: 'What reconcile found: the source beside the tables, stream by stream and bucket by bucket.',
    key: ['run', 'stream', 'method', 'bucket'],
    columns: [
      column('run', 'text', 'Identifier of the run; sorts by time.', true),
      column('stream', 'text', 'Name of the stream.', true),
      column('reconciled_at', 'instant', 'When the comparison of the stream ended.', true),
      column('method', 'text', 'count: a count of the API beside one in SQL; records: value by value.', true),
      column('bucket', 'text', 'all, the month of creation, undated, or the value that was counted by.', true),
      column('source_count', 'int', 'Records at the source, without those it may have forgotten.', true),
      column('warehouse_count', 'int', 'Rows that stand, without those the source may have forgotten.', true),
      column('agrees', 'flag', 'Whether both sides agreed, before any repair.', true),
      column('missing', 'int', 'Records that the tables lacked.', true),
      column('changed', 'int', 'Records whose row, or a row they own, had other values.', true),
      column('gone', 'int', 'Rows whose record the source did not list.', true),
      column('repaired', 'int', 'How many of those three were put right.', true),
      column('keys', 'json', 'Keys of those three, the first thousand of each.', true),
    ],
  },
  {
    name: '_sync_rejects',
    doc: 'Records that could not be loaded, as they were received. One goes when its record loads, in this version or a newer.',
    key: ['fingerprint'],
    columns: [
      column('fingerprint', 'text', 'SHA-256 of stream, path and record: the same reject is kept once.', true),
      column('stream', 'text', 'Stream that the record came from.', true),
      column('key', 'text', 'Key of the record, where it has one.'),
      column('path', 'text', 'Where in the record the trouble is.', true),
      column('reason', 'text', 'Why the value cannot be loaded without loss.', true),
      column('record', 'json', 'The record as received.', true),
      column('source', 'text', '`export` for one out of an imported file; null for one that the API gave.'),
      column('changed_at', 'instant', 'When the record last changed, where it says so.'),
      column('rejected_at', 'instant', 'When the record was first rejected.', true),
      column('seen_at', 'instant', 'When the record was last rejected.'),
      column('run', 'text', 'The run that first rejected it.', true),
    ],
  },
  {
    name: '_sync_seen',
    doc: 'What a walk under way, or the last sweep, has met: what it did not meet can be gone. Not for analysts.',
    key: ['stream', 'walk', 'what', 'key'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('walk', 'text', 'The walk or sweep, by the instant just before it began.', true),
      column('what', 'text', 'record, part (a list read to its end), unknown (a record without a key) or doubt.', true),
      column('key', 'text', 'Key of the record or name of the part; empty where there is none.', true),
    ],
  },
  {
    name: '_sync_tombstones',
    doc: 'Records that an event has called deleted, until the next walk of their stream marks them or meets them alive.',
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
    doc: 'Stretches of time that the source forgot before they were read. What happened in them cannot be read any more.',
    key: ['stream', 'from'],
    columns: [
      column('stream', 'text', 'Name of the stream.', true),
      column('from', 'instant', 'Up to here the stream had been read.', true),
      column('to', 'instant', 'From here on the source still served it.', true),
      column('found_at', 'instant', 'When a run first met the gap.', true),
      column('run', 'text', 'The run that first met it.', true),
    ],
  },
  {
    name: '_sync_settings',
    doc: 'What belongs to this warehouse and to no run. Who may read the salt can test guesses against hashed values.',
    key: ['name'],
    columns: [
      column('name', 'text', 'salt, or policies.', true),
      column('value', 'text', 'salt: 32 random bytes in hex. policies: what is stored of each column, as JSON.', true),
    ],
  },
  {
    name: '_sync_columns',
    doc: 'Columns that were made for fields which no declaration names, with drift: evolve.',
    key: ['table_name', 'column_name'],
    columns: [
      column('stream', 'text', 'Stream whose records have the field.', true),
      column('table_name', 'text', 'Table that the column is in.', true),
      column('column_name', 'text', 'Name of the column.', true),
      column('path', 'text', 'Where the field is in the record, or in the element of the list.', true),
      column('kind', 'text', 'What the column holds: int, rate, instant, day, flag, text or json.', true),
      column('added_at', 'instant', 'When the column was made.', true),
      column('run', 'text', 'The run that made it.', true),
    ],
  },
]
