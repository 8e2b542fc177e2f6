import type { DestinationError } from '../common/errors.ts'
import type {
  BackfilledRow,
  Checkpoint,
  Committed,
  DeletionEvidence,
  ExtraRow,
  Gap,
  Instant,
  KeptReject,
  LearntRate,
  MigratedColumns,
  MissingRows,
  RecordedStore,
  RowBatch,
  RunId,
  SchemaChange,
} from '../common/model.ts'
import type { LastAttempt } from '../common/needed-runs.ts'
import type { RunReport, StartedRun, ViewsReport } from '../common/run-report.ts'
import type { InferredColumn } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import type { Table } from '../schema/table.ts'
import type { View } from '../schema/view.ts'
import type { Forgetting } from './forgetting.ts'
import type { Inspection, Queries } from './inspection.ts'
import type { ExpectedRows, ReconciliationSupport } from './reconciliation.ts'

/*
 * The contract of the load. `Destination` is what a sync needs; the other interfaces, here and in the files beside this one, are
 * capabilities that single commands need. `sql/` implements all of them for every database that has an `Engine` (`sql/engine.ts`).
 *
 * Every method may throw a `DestinationError` `unreachable`, `serialisation`, `denied` or `full`; `@throws` names what it
 * throws besides. `unreadable` means that a value which an earlier run stored cannot be parsed: the message names the
 * stream or the setting, and `next` says what to do.
 */

/** Where rows go. Every database keeps the same promises, which test/conformance checks. */
export interface Destination extends AsyncDisposable {
  /**
   * Keeps every other run out until this one ends.
   * @returns aborted if the lock is lost in mid-run: no commit succeeds from then on. The reason is a `DestinationError`.
   * @throws {DestinationError} `held`, with the holder in the message.
   */
  acquireLock(run: RunId): Promise<AbortSignal>
  /**
   * Creates tables and columns that are missing, and drops nothing. Also opens the salt. Where it makes again what somebody
   * dropped, it forgets the checkpoint of the stream, and says so in `Checkpoint.lost`. A column that is stored in another
   * type than declared is left to `migrateColumns`.
   * @returns the statements it ran; none if nothing was missing.
   * @throws {DestinationError} `not_ours` if something that this program did not make has the name of a table, before any
   * statement; `incompatible` if a column of a system table has another type; `unreadable`.
   */
  prepare(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** The checkpoint of a stream; version 0 if there is none yet. @throws {DestinationError} `unreadable` */
  checkpoint(stream: string): Promise<Checkpoint>
  /** The counts that the last commit stored with its checkpoint; null: no commit. @throws {DestinationError} `unreadable` */
  lastCounts(stream: string): Promise<Committed | null>
  /**
   * The only way to write rows. In one transaction: the rows of `batch`, and `to` in place of `from`. If it throws,
   * nothing was written, except that after `unreachable` both may have been.
   * @param from as `checkpoint` returned it, or as the last commit wrote it.
   * @param evidence what the batch showed of deletions; undefined: none are concluded from absence, as in a backfill.
   * @throws {DestinationError} `moved`: another run has replaced `from`; `unreadable`.
   */
  commit(batch: RowBatch, from: Checkpoint, to: Checkpoint, evidence?: DeletionEvidence): Promise<Committed>
  /**
   * Stores a run that has begun, or the report of one that has ended, and that with each of its streams as the last run.
   * The rows of other runs are left alone: a server may still hold locks on them for a process that is gone.
   */
  record(report: RunReport | StartedRun): Promise<void>
  /** Moves committed data to its final place, at the end of a run. Without it nothing is lost. */
  finalize(): Promise<void>
}

/** Changes columns that hold values. */
export interface ColumnMigrations {
  /**
   * Converts the columns of a stream that are stored in another type than declared, and drops those that it no longer
   * declares and that hold nothing, in one transaction with a note of it. Called after `prepare`, which finds them, and
   * before rows are written. Without such columns it does nothing.
   * @param signal aborted: the database stops at once. Null: the caller has no lock, and nothing may be converted.
   * @throws {DestinationError} `incompatible`: values cannot be converted without loss, or the caller has no lock. `in_use`:
   * a view or something else uses such a column, and is named. `locked`. In all cases nothing was changed.
   */
  migrateColumns(stream: Stream, signal: AbortSignal | null): Promise<MigratedColumns>
  /**
   * What `migrateColumns` would refuse, by stream. Changes nothing, and tables may be missing. Of a DuckDB file that is open
   * for reading it does not show what uses a column.
   */
  refusedMigrations(streams: readonly Stream[]): Promise<ReadonlyMap<string, DestinationError>>
}

/** Knows which rows there are, and notices those that somebody deleted. */
export interface RowCounts {
  /**
   * The tables of a stream that have fewer rows than its commits left in them. None if somebody holds a table locked, so
   * that it cannot be counted within seconds. @throws {DestinationError} `unreadable`
   */
  missingRows(stream: Stream): Promise<readonly MissingRows[]>
  /** Whether the stream's own table has a row, also one that is marked as deleted. */
  hasRows(stream: Stream): Promise<boolean>
}

/** What a warehouse has of one stream. */
export interface StreamTotals {
  readonly stream: string
  /** Null: it was never complete. */
  readonly complete_to: Instant | null
  /** Rows that the commits have left in the stream's own table, deleted ones included; null: they are not counted yet. */
  readonly rows: number | null
  readonly rejects: number
  readonly gaps: number
}

/** Sums up what the system tables say. */
export interface Totals {
  /** Of each stream that has a checkpoint. Called after `prepare`. @throws {DestinationError} `unreadable` */
  streamTotals(): Promise<readonly StreamTotals[]>
}

/** Forgets what nobody needs to know of runs any more. Called after `prepare`. */
export interface OldRuns {
  /** The last run of each stream, as its checkpoint names it. @throws {DestinationError} `unreadable` */
  lastAttempts(): Promise<ReadonlyMap<string, LastAttempt>>
  /**
   * Deletes the rows of runs that began, and of comparisons that ended, before a time. Those stay that say something of a stream
   * which no newer one says. Called by a run that has the lock, so that no other one is at work.
   * @param current the run that asks.
   * @returns how many runs were forgotten.
   * @throws {DestinationError} `unreadable`
   */
  forgetRuns(before: Instant, current: RunId): Promise<number>
}

/** A file was replaced by a copy of its contents. In bytes. */
export interface Compacted {
  readonly before: number
  readonly after: number
}

/** Gives space back to the disk. */
export interface Compaction {
  /**
   * Replaces the file by a copy without free blocks, where that pays. Called after `finalize`, by a run that has the lock.
   * @returns null: it does not pay, or the database does that itself.
   * @throws {DestinationError} `not_compacted`: nothing was changed. @throws {Interrupted}
   */
  compact(signal: AbortSignal): Promise<Compacted | null>
}

/** Makes indexes for those who read the tables. */
export interface Indexing {
  /**
   * Makes the indexes that `prepare` found missing on these tables, and has the database look at the columns, so that it
   * uses them. No statement if none is missing. Called after a first load: with indexes it would take longer. A table that fails
   * keeps none of the others from its indexes.
   * @param signal aborted: the index under way is given up.
   * @returns the statements that made indexes.
   * @throws what the first table failed with; the reason of the signal.
   */
  createIndexes(tables: readonly Table[], signal: AbortSignal): Promise<readonly SchemaChange[]>
}

/** Marks rows as deleted after a commit: a large loss is confirmed first. */
export interface DeletionSupport {
  /**
   * Marks the rows that an ended scan should have seen and did not, as the commit that ended it would have done.
   * @param checkpoint as that commit wrote it. It does not change.
   * @param scan as `DeletionsToConfirm` names it.
   * @param at becomes `_deleted_at` of the rows. A second call with the same time marks no more.
   * @throws {DestinationError} `moved`: another run has replaced the checkpoint; `unreadable`.
   */
  markAbsent(stream: Stream, checkpoint: Checkpoint, scan: Instant, at: Instant): Promise<Deletions>
}

/** What a commit concluded about deletions. */
export type Deletions = Pick<Committed, 'deleted' | 'deletionSkipped'>

/** The copy that readers open was replaced. */
export interface ReadCopied {
  readonly bytes: number
}

/** Keeps a copy for readers, where readers and writers of the destination would keep each other out. */
export interface ReadCopySupport {
  /**
   * Replaces the copy in one step by what is committed now. Null: none is configured.
   * @throws {DestinationError} `read_copy`: the old copy is as it was. @throws {Interrupted}
   */
  replaceReadCopy(signal: AbortSignal): Promise<ReadCopied | null>
}

/** What a run over streams needs of a destination. */
export interface RunDestination
  extends Destination,
    ColumnMigrations,
    InferredColumns,
    RowCounts,
    Totals,
    OldRuns,
    Compaction,
    Indexing,
    DeletionSupport,
    StoreIdentification,
    LearntRates,
    OlderReports,
    ExpectedRows,
    ViewSupport,
    ReadCopySupport,
    Pick<Forgetting, 'toRewrite' | 'rewrite' | 'rewritten'> {}

/** A row by which a token can show that it is of the store of the warehouse. */
export interface KnownRecord {
  readonly stream: Stream
  readonly key: string
  readonly createdAt: Instant
}

/** Knows which store the rows are of. */
export interface StoreIdentification {
  /**
   * The store that the rows are of; null: it is a new warehouse. One that an older version made says it only by the row in
   * its table of the store. Opens the salt if there is one. Tables may be missing. @throws {DestinationError} `unreadable`
   */
  store(): Promise<RecordedStore | Pick<RecordedStore, 'id' | 'name'> | null>
  /**
   * Of each stream whose records the API serves by id, the row that was written last and is not marked as deleted. Tables
   * may be missing. @returns null: none of the streams has a row.
   */
  knownRecords(streams: readonly Stream[]): Promise<readonly KnownRecord[] | null>
  /** Records the store with the next commit, in its transaction: a run that loads nothing claims no warehouse. */
  keepStore(store: RecordedStore): void
}

/** Keeps the rate of a token between runs. */
export interface LearntRates {
  /** Null: no run has learnt one. Tables may be missing. */
  learntRate(): Promise<LearntRate | null>
  keepLearntRate(rate: LearntRate): Promise<void>
}

/** Tells which rows there are of a time. */
export interface KeysInRange {
  /**
   * Keys of all rows within a range to which the retention applies, by its column, without those marked as deleted.
   * None for a stream without a retention. Both ends are included.
   */
  keysBetween(stream: Stream, from: Instant, to: Instant): Promise<readonly string[]>
}

/** What a version that did not store `complete_from` reported of a scan that ended. */
export interface OlderReport {
  /** Where the window of the scan started; null: open. */
  readonly window_from: Instant | null
  readonly complete_to: Instant
  /** When the run ended, by the clock of its machine. */
  readonly finished_at: Instant
  /** Gaps that the run found. */
  readonly gaps: readonly Gap[]
}

/** Reads the reports of older versions. */
export interface OlderReports {
  /**
   * The reports on a stream, oldest first. None if the last report on it is not of an older version, or its checkpoint was
   * deleted since. @param most reports returned.
   */
  olderReports(stream: string, most: number): Promise<readonly OlderReport[]>
}

/** Deletes a checkpoint. */
export interface Reset {
  /**
   * Deletes the checkpoint of a stream and the keys that its scan has seen; rows stay. Also deletes a checkpoint that
   * cannot be read. @returns its watermark; null: it had none, or none that can be read.
   */
  reset(stream: Stream): Promise<Instant | null>
}

/** Reads the rejects that commits have kept. */
export interface Rejects {
  /**
   * The rejects of a stream by key; versions of one record by the time they were last seen, the newest last.
   * @throws {DestinationError} `unreadable`
   */
  rejects(stream: string): Promise<readonly KeptReject[]>
  /** The records as JSON, by fingerprint. */
  rejectedRecords(fingerprints: readonly string[]): Promise<ReadonlyMap<string, string>>
  /**
   * Of these keys, those whose row is newer than the rejected record: it was marked as deleted, or written where the
   * stream has no cursor, after the record was seen.
   * @param seen when each record was seen, by key.
   * @throws {DestinationError} `unreadable`
   */
  writtenSince(stream: Stream, seen: ReadonlyMap<string, Instant>): Promise<ReadonlySet<string>>
}

/** Stores inferred columns, and backfills columns from `_extra`. */
export interface InferredColumns {
  /** The inferred columns of a stream, oldest first. @throws {DestinationError} `unreadable` */
  inferredColumns(stream: string): Promise<readonly InferredColumn[]>
  /** Records columns that `prepare` is about to add. */
  keepInferredColumns(stream: string, columns: readonly InferredColumn[], run: RunId, at: Instant): Promise<void>
  /**
   * The next rows with a value in `_extra`, in key order; none: the end.
   * @param after parts of the last key of the rows before; null: from the start.
   */
  rowsWithExtra(stream: Stream, after: readonly string[] | null): Promise<readonly ExtraRow[]>
  /**
   * Moves values from the `_extra` of rows into columns, in one transaction. A row written since it was read is skipped.
   * @param at becomes the `_synced_at` of the rows.
   */
  backfillColumns(stream: Stream, backfilled: readonly BackfilledRow[], at: Instant): Promise<void>
}

/** The views that a warehouse is to have. */
export interface WantedViews {
  readonly views: readonly View[]
  /** Every table that a view may read. One that does not exist is empty in the views. */
  readonly tables: readonly Table[]
  /** Name of the reporting zone, or `store`: the zone that the table of the store names. */
  readonly zone: string
  /** Views that are kept as tables, besides those that say so themselves, and those of them that are not. */
  readonly materialize: { readonly add: readonly string[]; readonly except: readonly string[] }
}

/** Keeps the views of the analytics schemas. */
export interface ViewSupport {
  /**
   * Makes the views that are missing, replaces those whose text or columns changed, and makes the tables of views anew
   * whose rows may have changed. Rights on a view stay. What this program has not made is left alone, and so is a view
   * whose columns would have to change while something else uses them: both are problems of the answer, like every view
   * that the database refuses. Called after `prepare`.
   * @param signal aborted: the database stops at once.
   */
  keepViews(wanted: WantedViews, signal: AbortSignal): Promise<ViewsReport>
}

/** All that a database with an `Engine` can do. */
export interface Warehouse
  extends RunDestination,
    Inspection,
    Reset,
    Rejects,
    KeysInRange,
    ReconciliationSupport,
    Forgetting,
    Queries {}
