import type { Problem } from '../../common/errors.ts'
import { lines, type Printable, paragraphs } from '../../common/printable.ts'
import type { RunReport } from '../../common/run-report.ts'
import { BUG, HELD, INTERRUPTED, NOTHING_RAN, USAGE } from '../exit-codes.ts'
import { problemText } from '../report.ts'
import type { StoreRun } from './store-process.ts'

/** What became of a store, in a word, and what to do about it. */
export interface StoreOutcome {
  readonly store: string
  readonly outcome: 'ok' | 'failed' | 'interrupted' | 'held'
  /** Exit code of its process; null: a signal ended it. */
  readonly code: number | null
  /** Null: it did what was asked. */
  readonly problem: Problem | null
  readonly seconds: number
}

const BROKEN: Readonly<Record<NonNullable<StoreRun['broken']>, readonly [message: string, next: string]>> = {
  stalled: [
    'its run showed no progress for as long as `stalled` allows, and its process was ended',
    'Run it alone to see where it stops: sync with --store and its name. Raise `stalled` if it only needs longer, as for views over many rows.',
  ],
  memory: [
    'its process had no more memory',
    'Raise `memory`, or lower recharge.concurrency of this store. What was committed stands; the next run resumes.',
  ],
  killed: [
    'its process was killed',
    'See whether the machine ran out of memory. What was committed stands; the next run resumes.',
  ],
}

export function outcomeOf(run: StoreRun): StoreOutcome {
  const { store, code, broken, seconds } = run
  const outcome =
    code === 0 ? 'ok' : code === INTERRUPTED ? 'interrupted' : code === HELD ? 'held' : ('failed' as const)
  if (broken !== null) {
    const [message, next] = BROKEN[broken]
    return { store, outcome: 'failed', code, problem: { code: broken, message, next }, seconds }
  }
  return { store, outcome, code, problem: code === 0 ? null : problemOf(run), seconds }
}

/** Lines of what a command said that stand for its error. */
const LAST = 6

/** Of a run the problem of its report, else the first of a stream; of a command that printed none what it said. */
function problemOf({ store, json, said, code }: StoreRun): Problem {
  const report = json as Partial<RunReport> | null
  const failed = report?.streams?.filter(stream => stream.problem && stream.outcome !== 'skipped') ?? []
  const [first] = failed
  if (report?.problem) return report.problem
  if (first?.problem) {
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''
    return { ...first.problem, message: `${first.stream}${more}: ${first.problem.message}` }
  }
  // An error that ends a command is its last lines: the cause, and below it what to do.
  const last = said
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .slice(-LAST)
  return {
    code: code === BUG ? 'bug' : 'failed',
    message: last.slice(0, -1).join(' ') || last.join('') || `its process ended with exit code ${code}`,
    next: last.length > 1 ? (last.at(-1) ?? '') : `Run the command for it alone: --store ${store}.`,
  }
}

/** The exit code of the whole: 0 only if every store did what was asked. */
export function fleetCode(outcomes: readonly StoreOutcome[], isInterrupted: boolean): number {
  if (isInterrupted) return INTERRUPTED
  const codes = new Set(outcomes.map(({ code }) => code))
  if (codes.has(BUG)) return BUG
  if (outcomes.every(({ outcome }) => outcome === 'ok')) return 0
  const [only] = codes
  // All of them for the same reason: nothing could run, another run is at work, or the settings are wrong.
  return codes.size === 1 && (only === NOTHING_RAN || only === HELD || only === USAGE) ? only : 1
}

/** What failed, each store with its cause and the next step, and how many did not. */
export function problemsText(outcomes: readonly StoreOutcome[], word: 'complete' | 'in order'): Printable {
  const wrong = outcomes.filter(({ outcome }) => outcome !== 'ok')
  const end =
    wrong.length === 0
      ? `All ${outcomes.length} stores are ${word}.`
      : `${outcomes.length - wrong.length} of ${outcomes.length} stores are ${word}; not so: ${wrong.map(({ store }) => store).join(', ')}`
  return paragraphs(
    ...wrong.flatMap(({ store, problem }) => (problem ? [problemText(problem, `${store}: `)] : [])),
    lines(end),
  )
}
