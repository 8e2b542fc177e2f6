import type { Log } from '../common/log.ts'
import type { Instant, RunId } from '../common/model.ts'
import type { RunReport, StartedRun, StreamReport } from '../common/run-report.ts'
import type { RunDestination, WantedViews } from '../load/destination.ts'
import type { ScanOptions } from '../pipeline/pipeline.ts'
import type { Progress } from '../pipeline/progress.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Forgotten } from '../schema/forgotten.ts'
import type { Stream } from '../schema/stream.ts'

/** The job that a run does for each stream. */
export type StreamWork = (
  stream: Stream,
  options: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
) => Promise<void>

export interface RunOptions extends Omit<ScanOptions, 'readable' | 'destination'> {
  readonly run: RunId
  readonly work: StreamWork
  /** Opens the destination. Called after the API has accepted the token, so that a wrong token creates nothing. */
  readonly open: () => Promise<RunDestination>
  /** Hash of the token with the salt of the warehouse, which has to be open. */
  readonly tokenHash: () => string
  readonly streams: readonly Stream[]
  /** Every declared stream. */
  readonly declared: readonly Stream[]
  /** Streams that the user named. They are tried even if the token's scopes lack theirs, since the API's names for scopes differ. */
  readonly explicit: ReadonlySet<string>
  readonly now: () => Instant
  readonly monotonic: () => number
  readonly log: Log
  /** Replaces secrets in a text. */
  readonly scrub: (text: string) => string
  /** Writes the report to a file on this machine: when the run begins, and before steps that may hang. */
  readonly keep: (report: RunReport | StartedRun) => void
  readonly progress: Progress
  /** The persons that the warehouse has forgotten. Default: none. */
  readonly forgotten?: Forgotten
  /** The views that the destination has to have after the streams. Default: none are made. */
  readonly views?: WantedViews | null
  /** Whether the run locks the destination against other runs. Default: true. */
  readonly lock?: boolean
  /** Whether the destination records the run, and its streams' reports as their last ones. Default: true. */
  readonly recorded?: boolean
  /** Works with the destination when the streams have ended and the run is recorded. Never throws. Default: nothing is done. */
  readonly atEnd?: ((destination: RunDestination) => Promise<void>) | null
  /** Makes the progress line of a stream that has ended. Default: its counts. */
  readonly line?: (report: StreamReport) => string
}

/** The same, once the destination is open. */
export type Opened = RunOptions & {
  readonly destination: RunDestination
  /** Aborted when the lock is lost; null: the run has none. */
  readonly lost: AbortSignal | null
}
