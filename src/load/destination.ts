import type {
  BackfilledRow,
  Checkpoint,
  Committed,
  DeletionEvidence,
  ExistingRow,
  ExtraRow,
  Instant,
  KeptReject,
  LastRun,
  RecordedGap,
  RowBatch,
  RunId,
  RunReport,
  SchemaChange,
} from '../common/model.ts'
import type { InferredColumn } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import type { StreamTables, Table } from '../schema/table.ts'

/** Where rows go: what a sync needs. Every database keeps the same promises. */
export interface Destination extends AsyncDisposable {
  /** Makes the destination this run's alone. @throws {DestinationError} `held`, naming the holder. */
  acquireLock(run: RunId): Promise<void>
  /** Creates what is missing, drops nothing. @throws {DestinationError} `incompatible`, with the DDL for a person. */
  prepare(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** @throws {DestinationError} `unreadable`: what is stored does not fit. */
  checkpoint(stream: string): Promise<Checkpoint>
  /** The counts that the last commit wrote beside its checkpoint. @throws {DestinationError} `unreadable` */
  lastCounts(stream: string): Promise<Committed | null>
  /**
   * The only way to write rows: all of `batch`, and `to` in place of `from`, or nothing.
   * @param evidence absent: no deletion is concluded, as in a backfill.
   * @throws {DestinationError} `moved`: another run has replaced `from`.
   */
  commit(batch: RowBatch, from: Checkpoint, to: Checkpoint, evidence?: DeletionEvidence): Promise<Committed>
  /** Keeps the report of a run. */
  record(report: RunReport): Promise<void>
  /** Puts what was committed in its final form, at the end of a run. */
  finalize(): Promise<void>
}

/** Answers questions about the warehouse. Nothing here writes. */
export interface Inspection {
  /** Whether this user may create and write here. @throws {DestinationError} `denied` */
  checkAccess(): Promise<void>
  /** The DDL that `prepare` would run. */
  plan(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** Reads the salt that values are hashed with, as `prepare` does. @returns false: there is none yet. */
  loadSalt(): Promise<boolean>
  /** Rows of each table that exists, deleted ones left out. */
  rows(tables: StreamTables): Promise<ReadonlyMap<string, number>>
  /** Rows of a stream that are marked as deleted; null: there is no table. */
  deleted(table: Table): Promise<number | null>
  /** Up to when the stream is complete, also where the scan in its checkpoint cannot be read; null: it never was. */
  watermark(stream: string): Promise<Instant | null>
  /** Every gap that was ever found in a stream, oldest first. */
  gaps(stream: string): Promise<readonly RecordedGap[]>
  /** @throws {DestinationError} `unreadable` */
  lastRun(stream: string): Promise<LastRun | null>
  /** Of the rows with these keys, those that exist. Of a stream with one key column. */
  existingRows(stream: Stream, keys: readonly string[]): Promise<ReadonlyMap<string, ExistingRow>>
  /** The answer to a question in SQL, every value as text. */
  query(question: string): Promise<readonly Readonly<Record<string, string | null>>[]>
}

/** Forgets a checkpoint. */
export interface Reset {
  /** Forgets a checkpoint, also one that cannot be read, and what a scan under way has seen; rows stay. */
  reset(stream: string): Promise<void>
}

/** Keeps rejects, and tells whether one may still be loaded. */
export interface Rejects {
  /** Of a stream: versions of one record side by side, the one seen last at their end. */
  rejects(stream: string): Promise<readonly KeptReject[]>
  /** The records as JSON, by fingerprint. */
  rejectedRecords(fingerprints: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Of these keys, those whose row knows more than who saw the record at the given time. */
  writtenSince(stream: Stream, seen: ReadonlyMap<string, Instant>): Promise<ReadonlySet<string>>
}

/** Makes columns for undeclared fields, and fills columns from `_extra`. */
export interface InferredColumns {
  /** The columns that were made for a stream's undeclared fields. */
  inferredColumns(stream: string): Promise<readonly InferredColumn[]>
  /** Records columns that are about to be made. */
  keepInferredColumns(stream: string, columns: readonly InferredColumn[], run: RunId, at: Instant): Promise<void>
  /** Rows with something in `_extra`, some at a time, by key. */
  rowsWithExtra(stream: Stream, after: readonly string[] | null): Promise<readonly ExtraRow[]>
  /** Gives rows what was found in their `_extra`, all of them or none; a row written since it was read is left alone. */
  backfillColumns(stream: Stream, backfilled: readonly BackfilledRow[], at: Instant): Promise<void>
}

/** A calendar month in UTC as YYYY-MM. Null: the record does not say when it was created. */
export type Month = string | null

/** Which rows of a stream's table are compared with the source: not those marked as deleted, nor what it may have forgotten. */
export interface ComparableRows {
  readonly stream: Stream
  /** By the API's clock. */
  readonly now: Instant
  /** Created at or after, and before; null: open. */
  readonly since: Instant | null
  readonly before: Instant | null
  /** Written since by another run: what it read is newer than what is compared. Null: no other run can have. */
  readonly writtenBy: Instant | null
}

/** One record of a batch beside its row. */
export interface Compared {
  readonly key: string
  readonly created: Month
  /** When the record says that it last changed; null: it does not say. */
  readonly changedAt: Instant | null
  /** The source is about to forget it, or may: it counts on neither side. */
  readonly forgettable: boolean
  /** `missing`: no row, or one marked as deleted. `changed`: a value or a list differs, or the key has two rows. */
  readonly verdict: 'same' | 'missing' | 'changed'
  /** When its row was last written; null: there is none. */
  readonly writtenAt: Instant | null
}

export interface ComparableKey {
  readonly key: string
  readonly created: Month
}

/** One line of `_sync_reconciliations`. */
export interface Reconciliation {
  readonly run: RunId
  readonly stream: string
  readonly reconciled_at: Instant
  /** `count`: a count of the API beside one in SQL. `records`: records beside rows, value by value. */
  readonly method: 'count' | 'records'
  /** `all`, a month as YYYY-MM, `undated`, or a value of the column that is counted by. */
  readonly bucket: string
  readonly source_count: number
  readonly warehouse_count: number
  readonly agrees: boolean
  /** Keys that the source has and the tables lack. */
  readonly missing: readonly string[]
  /** Keys whose values differ. */
  readonly changed: readonly string[]
  /** Keys that the tables have and the source does not list. */
  readonly gone: readonly string[]
  /** Of those three, how many were put right. */
  readonly repaired: number
}

/** Compares rows with records of the source, and repairs them. */
export interface ReconciliationSupport {
  /**
   * Each record of the batch beside its row and the rows of its lists, value by value in the database. Writes nothing.
   * @param now by the API's clock.
   */
  compare(batch: RowBatch, now: Instant): Promise<readonly Compared[]>
  /** Comparable rows by the month they were created in. @param where a column and the value it has. */
  countComparable(
    rows: ComparableRows,
    where?: readonly [column: string, value: string | null],
  ): Promise<ReadonlyMap<Month, number>>
  /** Values that a column has among the rows of a stream. */
  valuesOf(stream: Stream, column: string): Promise<readonly (string | null)[]>
  /** Keys of comparable rows in their order, the first so many after `after`. */
  comparableKeys(rows: ComparableRows, after: string | null, most: number): Promise<readonly ComparableKey[]>
  /**
   * In one transaction with `to`: the records of `batch` in place of whatever rows have their keys, and the rows of
   * `gone` marked as deleted, those excepted that the source may have forgotten. @returns rows marked.
   */
  repair(batch: RowBatch, gone: readonly string[], from: Checkpoint, to: Checkpoint): Promise<number>
  keepReconciliations(found: readonly Reconciliation[]): Promise<void>
  /** When a stream was last compared with its source, and whether they agreed, after its repair if there was one. */
  lastReconciliation(stream: string): Promise<{ readonly at: Instant; readonly agreed: boolean } | null>
}

/** All that a database with an `Engine` can do. */
export interface Warehouse extends Destination, Inspection, Reset, Rejects, InferredColumns, ReconciliationSupport {}
