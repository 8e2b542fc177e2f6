import type { Instant, RequestStats, RunId } from '../../common/model.ts'
import type { RetryOptions } from '../../common/retry-destination.ts'
import type { Source } from '../../extract/source.ts'
import type { Warehouse } from '../../load/destination.ts'
import type { ComparableRows } from '../../load/reconciliation.ts'
import type { StreamStats } from '../../pipeline/stream-stats.ts'
import type { Readable, Stream } from '../../schema/stream.ts'

export interface ReconcileOptions extends RetryOptions {
  readonly source: Source
  readonly warehouse: Warehouse
  readonly readable: Readable
  readonly run: RunId
  /** Months chosen at random whose records are compared, besides those whose counts differ; null: all records are compared. */
  readonly sample: number | null
  readonly repair: boolean
  /** Gives numbers from 0 to 1. */
  readonly random: () => number
}

/** The comparison of one stream. */
export interface Comparison extends ReconcileOptions {
  readonly stream: Stream
  readonly stats: StreamStats
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
  /** By the API's clock, when the comparison started. */
  readonly now: Instant
  /** The stream's watermark: the warehouse is complete up to it. */
  readonly watermark: Instant
  /** Rows written after this are from another run; null: the destination is locked, so there are none. */
  readonly writtenBy: Instant | null
}

/** All rows that the source should still serve. */
export const comparableRowsOf = ({ stream, now, writtenBy }: Comparison): ComparableRows => ({
  stream,
  now,
  since: null,
  before: null,
  writtenBy,
})
