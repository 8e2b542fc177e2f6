import type { Checkpoint, Instant, RowBatch, RunId } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { Destination } from './destination.ts'

/** A calendar month in UTC as YYYY-MM. Null: the record does not say when it was created. */
export type Month = string | null

/** Which rows of a stream's table are held against the source: marked ones and what it may have forgotten are not. */
export interface Served {
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

export interface ServedKey {
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

/** A destination that can be held against the source. */
export interface Warehouse extends Destination {
  /**
   * Each record of the batch beside its row and the rows it owns, value by value in the database. Writes nothing.
   * @param now by the API's clock.
   */
  compare(batch: RowBatch, now: Instant): Promise<readonly Compared[]>
  /** Served rows by the month they were created in. @param where a column and the value it has. */
  served(rows: Served, where?: readonly [column: string, value: string | null]): Promise<ReadonlyMap<Month, number>>
  /** Values that a column has among the rows of a stream. */
  valuesOf(stream: Stream, column: string): Promise<readonly (string | null)[]>
  /** Keys of standing rows in their order, the first so many after `after`. */
  servedKeys(rows: Served, after: string | null, most: number): Promise<readonly ServedKey[]>
  /**
   * In one transaction with `to`: the records of `batch` in place of whatever is there under their keys, and the rows of
   * `gone` marked as deleted, those excepted that the source may have forgotten. @returns rows marked.
   */
  repair(batch: RowBatch, gone: readonly string[], from: Checkpoint, to: Checkpoint): Promise<number>
  keepReconciliations(found: readonly Reconciliation[]): Promise<void>
  /** When a stream was last held against its source, and whether they agreed, after its repair if there was one. */
  lastReconciliation(stream: string): Promise<{ readonly at: Instant; readonly agreed: boolean } | null>
}
