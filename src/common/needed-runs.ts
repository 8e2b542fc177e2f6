import type { RunId } from './model.ts'
import type { RecordedRun } from './run-report.ts'

/** The last run that reported on a stream, as its checkpoint names it. */
export interface LastAttempt {
  readonly run: RunId
  readonly isComplete: boolean
}

/**
 * Of old runs, those that still say something which nothing newer says: the last attempt at a stream, the last one that was
 * complete, and imports.
 * @param old runs that are older than all that are not among them. Of a run that died or never came to its streams, those
 * count that it was for.
 * @param last by stream, from the checkpoints.
 */
export function neededRuns(old: readonly RecordedRun[], last: ReadonlyMap<string, LastAttempt>): ReadonlySet<RunId> {
  const attempted = new Set<string>()
  const completed = new Set<string>()
  const needed = new Set<RunId>()
  for (const { run, streams, selected } of old.toSorted((a, b) => (a.run < b.run ? 1 : -1))) {
    // An import with --complete-from keeps what a person said of a file, on which `complete_from` rests.
    if (streams.some(({ stream }) => stream.startsWith('import:'))) needed.add(run)
    const names = streams.length > 0 ? streams.map(({ stream }) => stream) : (selected ?? [])
    for (const name of names) {
      const known = last.get(name)
      const isComplete = streams.some(({ stream, outcome }) => stream === name && outcome === 'complete')
      const isLast = !attempted.has(name) && (known === undefined || run >= known.run)
      const isLastComplete = isComplete && !completed.has(name) && !(known?.isComplete && known.run > run)
      if (isLast || isLastComplete) needed.add(run)
      attempted.add(name)
      if (isComplete) completed.add(name)
    }
  }
  return needed
}
