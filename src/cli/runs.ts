import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BEGINNING } from '../common/complete-from.ts'
import { DestinationError, type Problem } from '../common/errors.ts'
import type { Instant, RunId } from '../common/model.ts'
import { isDead, isVisible } from '../common/process-identity.ts'
import type { LastRun, Outcome, RecordedRun } from '../common/run-report.ts'
import { parseRun } from '../load/sql/stored-values.ts'

/** One run's attempt at one stream. */
export interface Attempt {
  readonly run: RunId
  readonly started_at: Instant | null
  /** Null: it is at work, or nobody saw its end. */
  readonly finished_at: Instant | null
  /** `broken_off`: its process is gone, and did not say how it ended. */
  readonly outcome: Outcome | 'running' | 'broken_off'
  readonly problem: Problem | null
  /** The problem is that of the whole run. Absent: it is not known, or not so. */
  readonly isOfRun?: boolean
}

/** What is known of the runs into one destination. */
export interface Runs {
  /** From the destination, newest first. */
  readonly recorded: readonly RecordedRun[]
  /** From the files on this machine, also those of runs that never reached the destination. */
  readonly kept: readonly RecordedRun[]
  /** The run that has the right to write at this moment; null: none. */
  readonly writer: RunId | null
}

/** `<run>.json`, where the run is a ULID. */
export const REPORT = /^[0-9A-HJKMNP-TV-Z]{26}\.json$/

/**
 * The newest reports in a folder, the newest first, without those of runs into another destination.
 * @returns also the files that are no reports.
 */
export function readKept(
  directory: string,
  most: number,
  destination: string,
): { readonly kept: readonly RecordedRun[]; readonly unreadable: readonly string[] } {
  const kept: RecordedRun[] = []
  const unreadable: string[] = []
  for (const name of namesIn(directory)
    .filter(file => REPORT.test(file))
    .sort()
    .reverse()
    .slice(0, most)) {
    const file = join(directory, name)
    try {
      kept.push(parseRun(readFileSync(file, 'utf8'), file))
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error
      unreadable.push(file)
    }
  }
  return { kept: kept.filter(run => run.destination === null || run.destination === destination), unreadable }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    // No run has been here yet, or it kept its reports elsewhere.
    return []
  }
}

/**
 * The attempts at a stream, the one that ended last first.
 * @param last what the destination says of the stream itself: it knows older runs as well.
 */
export function attemptsAt(stream: string, { recorded, kept, writer }: Runs, last: LastRun | null): readonly Attempt[] {
  const byRun = new Map<RunId, Attempt>()
  if (last) byRun.set(last.run, { ...last, started_at: null })
  const add = (run: RecordedRun): void => {
    const attempt = attemptAt(stream, run, writer)
    const known = byRun.get(run.run)
    // Of one run the report of its end counts, wherever it is.
    if (attempt && (known === undefined || known.finished_at === null)) byRun.set(run.run, attempt)
  }
  // Only the file on its own machine says which process a run is, and which streams it is for: it comes first.
  for (const run of kept) if (isNews(run, recorded)) add(run)
  const here = new Set(kept.map(({ run }) => run))
  for (const run of recorded) if (run.outcome !== 'running' || !here.has(run.run)) add(run)
  return [...byRun.values()].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1))
}

/**
 * Whether a file tells more than the destination. A run that is complete is so only where its destination says it: the
 * folder may hold reports of runs into another one.
 */
const isNews = ({ run, outcome }: RecordedRun, recorded: readonly RecordedRun[]): boolean =>
  outcome !== 'complete' || recorded.some(other => other.run === run)

function attemptAt(stream: string, found: RecordedRun, writer: RunId | null): Attempt | null {
  const { run, started_at, finished_at, streams, selected } = found
  const own = streams.find(part => part.stream === stream)
  const concerns = own !== undefined || (streams.length === 0 && (selected === null || selected.includes(stream)))
  if (!concerns) {
    // A run that is at work, or died there, has not reported on each of its streams.
    if (found.outcome !== 'running' || !selected?.includes(stream)) return null
  }
  const of = { run, started_at }
  if (found.outcome !== 'running')
    return {
      ...of,
      finished_at,
      outcome: (own ?? found).outcome,
      problem: own ? own.problem : found.problem,
      isOfRun: found.problem !== null && (own?.problem ?? found.problem).code === found.problem.code,
    }
  if (own && own.outcome !== 'running') return { ...of, finished_at, outcome: own.outcome, problem: own.problem }
  const isAtWork = found.process && isVisible(found.process) ? !isDead(found.process) : writer === run
  return isAtWork
    ? { ...of, finished_at: null, outcome: 'running', problem: null }
    : { ...of, finished_at: null, outcome: 'broken_off', problem: brokenOff(found), isOfRun: true }
}

const brokenOff = ({ run, started_at }: RecordedRun): Problem => ({
  code: 'broken_off',
  message: `run ${run} of ${second(started_at)} has not said how it ended, and its process is gone`,
  next: 'Run sync: it resumes after the last commit. If this happens again, see whether the machine ran out of memory.',
})

const endOf = ({ finished_at, started_at }: Attempt): string => finished_at ?? started_at ?? ''

export interface Standing {
  /** What the stream's last run is doing or did; null: there was none. */
  readonly shown: Attempt | null
  /** The last run that ended, if it neither read the stream nor skipped it, and no later one did. */
  readonly failed: Attempt | null
}

const FAILED: readonly Attempt['outcome'][] = ['failed', 'interrupted', 'broken_off']

/** How a stream stands after these attempts. */
export function standingOf(attempts: readonly Attempt[]): Standing {
  const running = attempts.find(({ outcome }) => outcome === 'running') ?? null
  // A run that found another one at work says nothing about the stream, as long as that one is.
  const ended = attempts.filter(
    ({ outcome, problem }) => outcome !== 'running' && !(running && problem?.code === 'held'),
  )
  const [last = null] = ended
  return { shown: running ?? last, failed: last && FAILED.includes(last.outcome) ? last : null }
}

/** To the second: what an operator reads. */
export const second = (instant: Instant): string => `${instant.slice(0, 19)}Z`

/** From when on a stream is complete, as an operator reads it; null: it is not complete to any time yet. */
export function completeFromText(from: Instant | null, to: Instant | null): string | null {
  if (from === BEGINNING) return 'the beginning'
  return from === null ? to && 'not known' : second(from)
}
