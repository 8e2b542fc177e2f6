import type { StreamReport } from '../common/run-report.ts'
import type { StreamStats } from './stream-stats.ts'

/** Shows a run while it goes on. Its methods are called synchronously; an error that they throw ends the run. */
export interface Progress extends Disposable {
  /** Whether a person sees the end of each stream here. If not, the log tells it. */
  readonly showsEnds: boolean
  /** A run begins, which will read these streams. Called before all others. */
  planned(streams: readonly StreamStats[]): void
  /** A stream is started. Its stats change while it is read. */
  started(stats: StreamStats): void
  /** @param line shown in place of the stream's counts. */
  ended(stats: StreamStats, report: StreamReport, line?: string): void
}

export const NO_PROGRESS: Progress = {
  showsEnds: false,
  planned() {},
  started() {},
  ended() {},
  [Symbol.dispose]() {},
}
