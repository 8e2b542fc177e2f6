import { SyncError } from '../common/errors.ts'
import type { Log } from '../common/log.ts'
import type { Compaction } from '../load/destination.ts'

/** Gives space back to the disk at the end of a run, where that pays. What fails there is logged, and fails no run. */
export async function compactDestination(destination: Compaction, log: Log, signal: AbortSignal): Promise<void> {
  try {
    const compacted = await destination.compact(signal)
    if (compacted) log.info({ event: 'compacted', ...compacted })
  } catch (error) {
    if (signal.aborted) return
    const { code, message, next } =
      error instanceof SyncError ? error : { code: 'bug', message: String(error), next: '' }
    log.warn({ event: 'not_compacted', code, message, next })
  }
}
