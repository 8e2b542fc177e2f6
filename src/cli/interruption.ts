import { INTERRUPTED } from './exit-codes.ts'

/** Longer than a run takes to end (`jobs/grace.ts`), so that its report is kept by then. */
const LAST_MS = 4900
/**
 * A signal this soon after another is the same one: Ctrl-C goes to every process of the terminal, and npm passes on to its
 * child what it has got itself [observed: 13 ms later, where npm runs scripts in bash].
 */
const SAME_MS = 500

/**
 * Ctrl-C and SIGTERM. The first one interrupts the run: it stops reading, waits up to four seconds for open commits
 * (`jobs/grace.ts`), keeps its report and exits with 130; the next run resumes from the last commit. A second one half a
 * second later or more, or a connection that hangs for longer, ends the process at once, and the database rolls back what
 * was not committed.
 */
export function interruptOnSignals(): AbortSignal {
  const interruption = new AbortController()
  let first = 0
  const interrupt = (): void => {
    if (interruption.signal.aborted) {
      if (performance.now() - first >= SAME_MS) process.exit(INTERRUPTED)
      return
    }
    first = performance.now()
    interruption.abort()
    setTimeout(() => process.exit(INTERRUPTED), LAST_MS).unref()
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt)
  // The process that works on a whole fleet is gone, and another one may be about to run the same store.
  if (process.connected) process.on('disconnect', interrupt)
  return interruption.signal
}
