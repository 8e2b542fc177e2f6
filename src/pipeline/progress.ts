import type { StreamReport } from '../common/model.ts'
import type { StreamStats } from './stream-stats.ts'

/** Follows a run while it goes on. Called synchronously; what it throws ends the run. */
export interface Progress extends Disposable {
  /** A stream begins. Its stats change while it is read. */
  started(stats: StreamStats): void
  /** @param line what to say of it in place of its counts. */
  ended(stats: StreamStats, report: StreamReport, line?: string): void
}

export const NO_PROGRESS: Progress = { started() {}, ended() {}, [Symbol.dispose]() {} }
