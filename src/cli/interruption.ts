import { INTERRUPTED } from './exit-codes.ts'

/** Longer than `jobs/run.ts` waits for open commits, so that its report is kept by then. */
const LAST_MS = 4900

/**
 * Ctrl-C and SIGTERM. The first one interrupts the run: it stops reading, waits up to four seconds for open commits
 * (`jobs/run.ts`), keeps its report and exits with 130; the next run resumes from the last commit. A second one, or a
 * connection that hangs for longer, ends the process at once, and the database rolls back what was not committed.
 */
export function interruptOnSignals(): AbortSignal {
  const interruption = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (interruption.signal.aborted) process.exit(INTERRUPTED)
      interruption.abort()
      setTimeout(() => process.exit(INTERRUPTED), LAST_MS).unref()
    })
  return interruption.signal
}
