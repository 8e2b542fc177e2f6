import type { Checkpoint, Instant, RowBatch, RunId } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/** Counts rows that the source should show again. */
export interface ExpectedRows {
  /**
   * Rows that changed within the window and exist at the source, as far as is known: not marked as deleted, not reported
   * as deleted by an event, not of a kind whose absence means a deletion, and not forgotten by the source.
   * @param window without a start: whenever before its end.
   * @param now by the API's clock.
   */
  countExpected(
    stream: Stream,
    window: { readonly from: Instant | null; readonly to: Instant },
    now: Instant,
  ): Promise<number>
}

/** A calendar month in UTC as YYYY-MM. Null: the record does not say when it was created. */
export type Month = string | null

/** Which rows of a stream's table are compared: not those marked as deleted, nor those the source may have forgotten. */
export interface ComparableRows {
  readonly stream: Stream
  /** By the API's clock. */
  readonly now: Instant
  /** Created at or after; null: open. */
  readonly since: Instant | null
  /** Created before; null: open. */
  readonly before: Instant | null
  /** Excludes rows written later: another run read them after the source was read here. Null: no other run can write. */
  readonly writtenBy: Instant | null
}

/** A record of a batch, compared with its row. */
export interface Compared {
  readonly key: string
  readonly created: Month
  /** When the record last changed; null: it does not say. */
  readonly changedAt: Instant | null
  /** The source may forget it or has forgotten it, so neither side counts it. */
  readonly forgettable: boolean
  /** `missing`: no row, or one marked as deleted. `changed`: a value or a list differs, or the key has two rows. */
  readonly verdict: 'same' | 'missing' | 'changed'
  /** When its row was last written; null: there is no row. */
  readonly writtenAt: Instant | null
}

export interface ComparableKey {
  readonly key: string
  readonly created: Month
}

/** A row of `_sync_reconciliations`. */
export interface Reconciliation {
  readonly run: RunId
  readonly stream: string
  readonly reconciled_at: Instant
  /** `count`: a count of the API was compared with one in SQL. `records`: records were compared, value by value. */
  readonly method: 'count' | 'records'
  /** `all`, a month as YYYY-MM, `undated`, or a value of the column counted by. */
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
  /** How many of those three were repaired. */
  readonly repaired: number
}

/** Compares rows with records of the source, and repairs rows. */
export interface ReconciliationSupport {
  /**
   * Compares each record of the batch with its row and the rows of its lists, value by value. Writes nothing.
   * @param now by the API's clock.
   */
  compare(batch: RowBatch, now: Instant): Promise<readonly Compared[]>
  /** Number of comparable rows by month of creation. @param where only rows with this value in this column. */
  countComparable(
    rows: ComparableRows,
    where?: readonly [column: string, value: string | null],
  ): Promise<ReadonlyMap<Month, number>>
  /** The distinct values of a column of a stream's table. */
  valuesOf(stream: Stream, column: string): Promise<readonly (string | null)[]>
  /** Keys of comparable rows in key order. @param after the last key of the list before. @param most keys returned. */
  comparableKeys(rows: ComparableRows, after: string | null, most: number): Promise<readonly ComparableKey[]>
  /**
   * In one transaction: writes the records of `batch` whatever rows have their keys, marks the rows with the keys `gone`
   * as deleted except those that the source may have forgotten, and writes `to` in place of `from`.
   * @returns rows marked as deleted.
   * @throws {DestinationError} `moved`: another run has replaced `from`; `unreadable`.
   */
  repair(batch: RowBatch, gone: readonly string[], from: Checkpoint, to: Checkpoint): Promise<number>
  keepReconciliations(found: readonly Reconciliation[]): Promise<void>
}
