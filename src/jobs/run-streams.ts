import { Interrupted, type Problem, SourceError, type SourceProblem, SyncError } from '../common/errors.ts'
import { retryDestination } from '../common/retry-destination.ts'
import type { StreamReport } from '../common/run-report.ts'
import { type Access, accessOf, isTried, readableBy, type TokenInformation } from '../extract/scopes.ts'
import { withInferredColumns } from '../pipeline/evolve.ts'
import { migrateColumns } from '../pipeline/migrate-columns.ts'
import { bugOf, problemOf, StreamStats } from '../pipeline/stream-stats.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { backfillKey } from './backfill.ts'
import { GRACE, type Within } from './grace.ts'
import type { Opened, RunOptions } from './run-options.ts'

/** A stream that the run reads, or skips. */
export interface Planned {
  readonly stream: Stream
  readonly access: Access
  /** Of several lists, those that are requested. */
  readonly readable: Readable
  readonly stats: StreamStats
}

/** Ends all streams of a run. */
interface Stop {
  /** Aborted by the user, or because an error of one stream concerns all of them. */
  readonly signal: AbortSignal
  /** That error; null: there was none. */
  cause: Problem | null
  /** The user has asked for it. */
  readonly isInterrupted: () => boolean
}

/** What a stream needs, and what the token may read of it. */
export function planOf(stream: Stream, information: TokenInformation, { explicit }: RunOptions): Planned {
  const access = accessOf(stream, information)
  const all = access.perhaps.length > 0 || (explicit.has(stream.name) && !stream.each)
  return { stream, access, readable: all ? () => true : readableBy(information), stats: new StreamStats(stream.name) }
}

/** Whether the stream is tried. Any other is skipped without a request. */
export const isRequested = ({ stream, access }: Planned, { explicit }: RunOptions): boolean =>
  explicit.has(stream.name) || isTried(access)

/** Runs the job for all streams at once: a small one does not wait behind a large one. An error that concerns all of them stops the others. */
export async function runInParallel(
  plan: readonly Planned[],
  options: Opened,
  signal: AbortSignal,
  within: Within,
): Promise<{ reports: readonly StreamReport[]; stopped: Problem | null }> {
  const failed = new AbortController()
  const stop: Stop = {
    signal: AbortSignal.any([signal, failed.signal]),
    cause: null,
    isInterrupted: () => signal.aborted,
  }
  const { lost } = options
  lost?.addEventListener('abort', () => {
    stop.cause ??= problemOf(lost.reason)
  })
  const start = async (planned: Planned, reported?: Promise<unknown>): Promise<StreamReport> => {
    try {
      return await runStream(planned, reported === undefined ? options : { ...options, reported }, stop)
    } catch (error) {
      stop.cause ??= problemOf(error) ?? logged(error, options, planned.stream.name)
      failed.abort()
      return planned.stats.last ?? planned.stats.report(stop.isInterrupted() ? 'interrupted' : 'failed', 0, stop.cause)
    }
  }
  /*
   * Streams that report deletions are read first. A record that another stream reads is then newer than every deletion reported
   * so far, and cancels one reported for it.
   */
  const reporting = new Map(
    plan.filter(({ stream }) => stream.deletionEvents).map(planned => [planned, start(planned)]),
  )
  const allReported = Promise.allSettled(reporting.values())
  const begun = new Map(
    plan
      .filter(({ stream }) => !isFoundThroughOthers(stream, options))
      .map(planned => [
        planned,
        reporting.get(planned) ??
          start(planned, planned.stream.deletions.event === undefined ? undefined : allReported),
      ]),
  )
  const allBegun = Promise.allSettled(begun.values())
  const ended = Promise.all(plan.map(planned => begun.get(planned) ?? allBegun.then(() => start(planned))))
  const reports = await within(ended, GRACE.streams)
  return {
    reports: reports ?? plan.map(({ stats }) => stats.last ?? stats.report('interrupted', 0, null)),
    stopped: stop.cause,
  }
}

/**
 * Whether only records of other streams tell whose a record is: those have to be read before it, where somebody was forgotten.
 */
const isFoundThroughOthers = ({ erasure, deletionEvents }: Stream, { forgotten }: RunOptions): boolean =>
  forgotten?.isEmpty === false && erasure !== null && deletionEvents === null && erasure.ownership.direct.length === 0

/** What the end of a stream is told with. */
interface StreamEnd {
  readonly outcome: StreamReport['outcome']
  readonly problem: Problem | null
  /** An error that concerns all streams. */
  readonly stops?: SyncError
}

/** Runs the job for one stream. @throws {SyncError} with the reaction `stop`. */
async function runStream(planned: Planned, options: Opened, stop: Stop): Promise<StreamReport> {
  const { log, progress, monotonic } = options
  const { stats } = planned
  const startedAt = monotonic()
  if (stop.signal.aborted) throw new Interrupted()
  if (isRequested(planned, options)) progress.started(stats)
  const { outcome, problem, stops } = await attempt(planned, options, stop)
  const report = stats.report(outcome, (monotonic() - startedAt) / 1000, problem)
  const line = options.line?.(report)
  if (!progress.showsEnds) log[levelOf(report, options)]({ event: 'stream', ...report }, line)
  progress.ended(stats, scrubbed(report, options.scrub), line === undefined ? line : options.scrub(line))
  if (stops) throw stops
  return report
}

/** So that a log of warnings is silent about a run that is as it should be. */
function levelOf(
  { stream, outcome, problem }: StreamReport,
  { explicit }: RunOptions,
): 'debug' | 'info' | 'warn' | 'error' {
  if (outcome === 'failed') return 'error'
  // The end of a run lists the scopes that are missing.
  if (outcome === 'skipped' && problem?.code === 'missing_scope') return 'debug'
  const isExpected = outcome === 'skipped' ? !explicit.has(stream) : problem === null
  return isExpected && outcome !== 'interrupted' ? 'info' : 'warn'
}

async function attempt(planned: Planned, options: Opened, stop: Stop): Promise<StreamEnd> {
  const { stream, stats, access, readable } = planned
  const { signal } = stop
  if (!isRequested(planned, options)) return refused(missingScope(planned), planned, options, stop)
  try {
    await migrateColumns(stream, { ...options, locked: options.lock ?? true }, stats, signal)
    const inferred = await retryDestination(() => withInferredColumns(stream, options.destination), options, signal)
    await options.work(inferred, { ...options, readable }, stats, signal)
    return { outcome: 'complete', problem: null }
  } catch (error) {
    return withScopes(await endOf(error, planned, options, stop), access)
  }
}

/** Says of a stream that was tried because of a scope of unknown meaning which scope it lacks. */
function withScopes(end: StreamEnd, { missing, perhaps }: Access): StreamEnd {
  const { problem } = end
  if (problem?.code !== 'forbidden' || perhaps.length === 0) return end
  const message = `${problem.message}; the token lacks ${missing.join(', ')}, so it was tried with ${perhaps.join(', ')}`
  return { ...end, problem: { ...problem, message } }
}

async function endOf(error: unknown, planned: Planned, options: Opened, stop: Stop): Promise<StreamEnd> {
  const { stream, stats } = planned
  if (!(error instanceof SyncError)) return { outcome: 'failed', problem: logged(error, options, stream.name) }
  const { reaction } = error
  const problem = problemOf(error)
  if (reaction === 'stop') {
    // A stream that was stopped because of another one tells of the true cause.
    const cause = error instanceof Interrupted ? (stop.cause ?? problem) : problem
    return { outcome: stop.isInterrupted() ? 'interrupted' : 'failed', problem: cause, stops: error }
  }
  return problem && isSkip(error, stream, stats)
    ? refused(problem, planned, options, stop)
    : { outcome: 'failed', problem }
}

/** A refused stream is skipped if it was never read. If it was, its rows grow old from now on: it has failed. */
async function refused(problem: Problem, planned: Planned, options: Opened, stop: Stop): Promise<StreamEnd> {
  try {
    if (!(await wasRead(planned.stream, options, stop.signal))) return { outcome: 'skipped', problem }
    const message = `${problem.message}; the stream was read before, and what has changed since is missing`
    return { outcome: 'failed', problem: { ...problem, message } }
  } catch (error) {
    return await endOf(error, planned, options, stop)
  }
}

/**
 * A checkpoint says that the stream was read. Without a parent there was no list to read, so the checkpoint of a stream
 * that has a parent says it only if there are rows.
 */
async function wasRead(stream: Stream, options: Opened, signal: AbortSignal): Promise<boolean> {
  const { destination } = options
  for (const name of [stream.name, backfillKey(stream)]) {
    const { version, watermark } = await retryDestination(() => destination.checkpoint(name), options, signal)
    if (version > 0 || watermark !== null)
      return stream.parent === null || (await retryDestination(() => destination.hasRows(stream), options, signal))
  }
  return false
}

/** How the API answers for a resource that a store does not have: 404, 410 or 422 [inferred]. No other refusal says so. */
const ABSENT: ReadonlySet<SourceProblem> = new Set(['missing', 'unprocessable'])

/** A store or plan without the resource is refused the first page. An error after that means something else. */
function isSkip(error: SyncError, stream: Stream, { records, resumed }: StreamStats): boolean {
  if (records > 0 || resumed) return false
  if (error.reaction === 'skip') return true
  return stream.optional && error instanceof SourceError && ABSENT.has(error.kind)
}

function missingScope({ stream, access: { missing } }: Planned): Problem {
  return {
    code: 'missing_scope',
    message: `the token lacks ${missing.join(', ')}`,
    next: `Add the scope to the token in the merchant portal, or leave ${stream.name} out.`,
  }
}

/** A copy whose texts contain no secret. */
export const scrubbed = <T>(value: T, scrub: (text: string) => string): T => JSON.parse(scrub(JSON.stringify(value)))

/** A bug as a problem. Its stack goes to the log. */
export function logged(error: unknown, { log }: Pick<RunOptions, 'log'>, stream?: string): Problem {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  log.error({ event: 'bug', ...(stream === undefined ? {} : { stream }), stack })
  return bugOf(error)
}
