import type { Instant, RequestStats, RunId } from '../../common/model.ts'
import type { Source } from '../../extract/source.ts'
import type { ComparableRows, Warehouse } from '../../load/destination.ts'
import type { StreamStats } from '../../pipeline/stream-stats.ts'
import type { Readable, Stream } from '../../schema/stream.ts'

export interface ReconcileOptions {
  readonly source: Source
  readonly warehouse: Warehouse
  readonly readable: Readable
  readonly run: RunId
  /** Months drawn for a comparison of records besides those whose counts differ; null: all records are compared. */
  readonly sample: number | null
  readonly repair: boolean
  /** 0 to 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What the comparison of one stream needs. */
export interface Comparing extends ReconcileOptions {
  readonly stream: Stream
  readonly stats: StreamStats
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
  /** The API's clock at the start. */
  readonly now: Instant
  /** Up to where the warehouse says it is complete. */
  readonly watermark: Instant
  /** Rows written later are those of another run; null: there can be none. */
  readonly writtenBy: Instant | null
}

/** Every row that the source should still serve. */
export const servedOf = ({ stream, now, writtenBy }: Comparing): ComparableRows => ({
  stream,
  now,
  since: null,
  before: null,
  writtenBy,
})
