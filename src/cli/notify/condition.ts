import type { Problem } from '../../common/errors.ts'
import type { Instant, RunId } from '../../common/model.ts'
import type { RunReport } from '../../common/run-report.ts'

/**
 * Something that is wrong, from the run that met it until one shows that it is not wrong any more. `sync`: a sync or a
 * backfill failed. `behind`: a stream is older than `notify.max_age`. `reconcile`: a comparison found a difference, or failed.
 */
export interface Condition extends Problem {
  readonly about: 'sync' | 'behind' | 'reconcile'
  /** Null: it concerns the whole run. */
  readonly stream: string | null
  /** When it was first met. */
  readonly since: Instant
  /** The run that met it first; null: no run did, but `status`. */
  readonly run: RunId | null
}

/** What a command has shown. */
export interface Evidence {
  /** What is wrong now. */
  readonly found: readonly Condition[]
  /** Whether something that was wrong before, and is not among `found`, is certainly not wrong any more. */
  readonly ends: (condition: Condition) => boolean
}

/** Two conditions with the same name are the same one. The message is no part of it: it quotes times, ids and processes. */
export const nameOf = ({ about, stream, code }: Condition): string => `${about} ${stream ?? '*'} ${code}`

/** What is wrong after a command. What was wrong before keeps the time at which it was met first. */
export function openAfter(open: readonly Condition[], { found, ends }: Evidence): readonly Condition[] {
  const before = new Map(open.map(condition => [nameOf(condition), condition]))
  const now = new Set(found.map(nameOf))
  return [
    ...found.map(condition => {
      const known = before.get(nameOf(condition))
      return known ? { ...condition, since: known.since, run: known.run } : condition
    }),
    ...open.filter(condition => !now.has(nameOf(condition)) && !ends(condition)),
  ]
}

/** The part of a report that counts, of a sync as of a comparison. */
export interface Ended extends Pick<RunReport, 'run' | 'finished_at' | 'outcome' | 'problem'> {
  readonly streams: readonly {
    readonly stream: string
    readonly outcome: RunReport['outcome']
    readonly problem: Problem | null
    /** Of a comparison, whether the two sides agree by now; undefined: it is none. */
    readonly settled?: boolean
  }[]
}

/**
 * What a run shows.
 * @param selected the streams of the configuration: what is wrong with another one does not matter any more.
 */
export function evidenceOf(ended: Ended, about: 'sync' | 'reconcile', selected: ReadonlySet<string>): Evidence {
  const { run, finished_at: since, problem, streams, outcome } = ended
  // A run that found another one at work shows nothing about the streams.
  if (problem?.code === 'held') return { found: [], ends: condition => isForgotten(condition, selected) }
  const of = (stream: string | null, { code, message, next }: Problem, what = about): Condition => ({
    ...{ about: what, stream, code, message, next, since, run },
  })
  const failed = streams.filter(part => part.problem !== null && part.outcome === 'failed')
  // A stream that was named and skipped fails the run in which no other has failed.
  const missed = outcome === 'failed' && problem === null && failed.length === 0
  const found = [
    // What ends a run concerns all that it is for, whatever command met it.
    ...(problem ? [of(null, problem, 'sync')] : []),
    ...[...failed, ...(missed ? streams.filter(part => part.outcome === 'skipped') : [])].flatMap(part =>
      part.problem === null || part.problem.code === problem?.code ? [] : [of(part.stream, part.problem)],
    ),
    ...streams.flatMap(({ stream, settled, problem: own }) =>
      settled === false && own === null ? [of(stream, DIFFERS)] : [],
    ),
  ]
  const replaced = new Set(found.map(({ stream }) => stream))
  // A stream that the token may not read, and never could, counts as complete.
  const read = new Set(
    streams.flatMap(({ stream, outcome: own, settled = true }) =>
      (own === 'complete' && settled) || own === 'skipped' ? [stream] : [],
    ),
  )
  return {
    found,
    ends(condition) {
      const { stream } = condition
      if (isForgotten(condition, selected)) return true
      if (condition.about === 'behind') return false
      if (stream === null) return true
      return condition.about === about && (read.has(stream) || replaced.has(stream))
    },
  }
}

const isForgotten = ({ stream }: Condition, selected: ReadonlySet<string>): boolean =>
  stream !== null && !selected.has(stream)

const DIFFERS: Problem = {
  code: 'differs',
  message: 'the warehouse and Recharge differ',
  next: 'Run reconcile --repair for the stream; `_sync_reconciliations` has the keys that differ.',
}
