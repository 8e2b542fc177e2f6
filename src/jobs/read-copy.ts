import type { Problem } from '../common/errors.ts'
import type { Log } from '../common/log.ts'
import type { ReadCopyReport } from '../common/run-report.ts'
import type { ReadCopySupport } from '../load/destination.ts'
import { bugOf, problemOf } from '../pipeline/stream-stats.ts'

export interface ReadCopyOptions {
  readonly monotonic: () => number
  readonly log: Log
}

/**
 * Replaces the copy for readers after something was committed. It fails nothing: what was committed stands, and readers
 * still have the copy before it.
 * @returns null: none is configured.
 */
export async function replaceReadCopy(
  destination: ReadCopySupport,
  { monotonic, log }: ReadCopyOptions,
  signal: AbortSignal,
): Promise<ReadCopyReport | null> {
  const startedAt = monotonic()
  const report = (bytes: number | null, problem: Problem | null): ReadCopyReport => ({
    bytes,
    seconds: (monotonic() - startedAt) / 1000,
    problem,
  })
  try {
    const copied = await destination.replaceReadCopy(signal)
    return copied && report(copied.bytes, null)
  } catch (error) {
    const problem = signal.aborted ? INTERRUPTED : (problemOf(error) ?? bugOf(error))
    log.warn({ event: 'read_copy', code: problem.code, message: problem.message })
    return report(null, problem)
  }
}

const INTERRUPTED: Problem = {
  code: 'interrupted',
  message: 'The run was interrupted before the read copy was replaced; readers still get the one before.',
  next: 'Run again: the next run replaces it.',
}
