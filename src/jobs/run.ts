import type { Problem } from '../common/errors.ts'
import { Interrupted, SourceError, type SourceProblem, SyncError } from '../common/errors.ts'
import type { Log } from '../common/log.ts'
import type { Instant, RunId } from '../common/model.ts'
import { retryDestination } from '../common/retry-destination.ts'
import type { RunReport, StartedRun, StreamReport, ViewsReport } from '../common/run-report.ts'
import { VERSION } from '../common/version.ts'
import type { TokenInformation } from '../extract/scopes.ts'
import { type Access, accessOf, isTried, readableBy } from '../extract/scopes.ts'
import type { RunDestination, WantedViews } from '../load/destination.ts'
import { createBacklog } from '../pipeline/backlog.ts'
import { withInferredColumns } from '../pipeline/evolve.ts'
import { migrateColumns } from '../pipeline/migrate-columns.ts'
import { allRefused, outcomeOf } from '../pipeline/outcome.ts'
import type { ScanOptions } from '../pipeline/pipeline.ts'
import type { Progress } from '../pipeline/progress.ts'
import { bugOf, problemOf, StreamStats } from '../pipeline/stream-stats.ts'
import type { Forgotten } from '../schema/forgotten.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { backfillKey } from './backfill.ts'
import { compactDestination } from './compact.ts'
import { isViewTable } from './forget.ts'
import { GRACE, graceOf, type Within } from './grace.ts'
import { identifyStore } from './identify-store.ts'
import { beginWithLearntRate, keepLearntRate } from './learnt-rate.ts'
import { replaceReadCopy } from './read-copy.ts'

/** The job that a run does for each stream. */
export type StreamWork = (
  stream: Stream,
  options: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
) => Promise<void>

export interface RunOptions extends Omit<ScanOptions, 'readable' | 'destination'> {
  readonly run: RunId
  readonly work: StreamWork
  /** Opens the destination. Called after the API has accepted the token, so that a wrong token creates nothing. */
  readonly open: () => Promise<RunDestination>
  /** Hash of the token with the salt of the warehouse, which has to be open. */
  readonly tokenHash: () => string
  readonly streams: readonly Stream[]
  /** Every declared stream. */
  readonly declared: readonly Stream[]
  /** Streams that the user named. They are tried even if the token's scopes lack theirs, since the API's names for scopes differ. */
  readonly explicit: ReadonlySet<string>
  readonly now: () => Instant
  readonly monotonic: () => number
  readonly log: Log
  /** Replaces secrets in a text. */
  readonly scrub: (text: string) => string
  /** Writes the report to a file on this machine: when the run begins, and before steps that may hang. */
  readonly keep: (report: RunReport | StartedRun) => void
  readonly progress: Progress
  /** The persons that the warehouse has forgotten. Default: none. */
  readonly forgotten?: Forgotten
  /** The views that the destination has to have after the streams. Default: none are made. */
  readonly views?: WantedViews | null
  /** Whether the run locks the destination against other runs. Default: true. */
  readonly lock?: boolean
  /** Whether the destination records the run, and its streams' reports as their last ones. Default: true. */
  readonly recorded?: boolean
  /** Works with the destination when the streams have ended and the run is recorded. Never throws. Default: nothing is done. */
  readonly atEnd?: ((destination: RunDestination) => Promise<void>) | null
  /** Makes the progress line of a stream that has ended. Default: its counts. */
  readonly line?: (report: StreamReport) => string
}

/** Runs a job for all streams. Every error ends up in the report, also one that nobody foresaw. */
export async function runStreams(options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const { run, source, log, now } = options
  const startedAt = now()
  const recorded = options.recorded ?? true
  const started: StartedRun = {
    run,
    started_at: startedAt,
    version: VERSION,
    finished_at: null,
    outcome: 'running',
    streams: [],
    problem: null,
  }
  const token = new StreamStats('token_information')
  let ran: { reports: readonly StreamReport[]; allStats: readonly StreamStats[] } = { reports: [], allStats: [] }
  const finished = (
    streams: readonly StreamReport[],
    allStats: readonly StreamStats[],
    problem: Problem | null,
    views: ViewsReport | null = null,
  ): RunReport => {
    const sum = (of: 'requests' | 'retries' | 'throttled' | 'waitedMs' | 'readAgain'): number =>
      [token, ...allStats].reduce((total, stats) => total + stats.requestStats[of], 0)
    const report: RunReport = {
      run,
      started_at: startedAt,
      finished_at: now(),
      outcome: problem
        ? problem.code === 'interrupted'
          ? 'interrupted'
          : 'failed'
        : outcomeOf(streams, options.explicit),
      version: VERSION,
      requests: sum('requests'),
      retries: sum('retries'),
      throttled: sum('throttled'),
      waited_ms: Math.round(sum('waitedMs')),
      read_again: sum('readAgain'),
      rate: source.rate,
      streams,
      views,
      problem,
    }
    // Messages quote answers of the API, which may contain anything, the token included.
    return scrubbed(report, options.scrub)
  }
  const kept = (report: RunReport): RunReport => {
    options.keep(report)
    return report
  }
  const within = graceOf(signal, options)
  /** The report of all streams, once they have ended. */
  let latest: RunReport | null = null
  // So that a run that is killed has left a trace.
  options.keep(started)
  const work = async (): Promise<RunReport> => {
    const information = await source.token(token.requestStats, signal)
    log.info({ event: 'token', name: information.name, scopes: information.scopes })
    await using destination = await options.open()
    const lost = (options.lock ?? true) ? await destination.acquireLock(run) : null
    // A run that has lost its lock ends like one that was interrupted, and says why.
    const ending = lost ? AbortSignal.any([signal, lost]) : signal
    const { requestStats } = token
    const { tokenHash, declared } = options
    const identifying = { source, destination, tokenHash, information, requestStats, declared }
    const { store, isNew } = await identifyStore(identifying, signal)
    const plan = options.streams.map(stream => planOf(stream, information, options))
    const tried = plan.filter(planned => isRequested(planned, options))
    options.progress.planned(tried.map(({ stats }) => stats))
    // The report has warnings of streams only, and those of the run are given once.
    tried[0]?.stats.requestStats.warnings.push(...requestStats.warnings)
    const changes = await destination.prepare(tried.flatMap(({ stream }) => allTables(stream)))
    if (changes.length > 0) log.info({ event: 'schema', statements: changes.length })
    if (isNew) destination.keepStore({ ...store, token: tokenHash() })
    const learning = { source, destination, tokenHash }
    await retryDestination(() => beginWithLearntRate(learning), options, signal)
    if (recorded) await retryDestination(() => destination.record(started), options, signal)
    const ended = graceOf(ending, options)
    const opened = { ...options, destination, lost, backlog: createBacklog(options.monotonic, () => source.coming) }
    const { reports, stopped } = await runInParallel(plan, opened, ending, ended)
    if (recorded)
      await ended(
        keepLearntRate(learning).catch(() => {}),
        GRACE.report,
      )
    ran = { reports, allStats: plan.map(({ stats }) => stats) }
    const problem = stopped ?? allRefused(reports)
    // Views of a large warehouse take minutes, and the streams have ended: what became of them is kept before.
    latest = kept(finished(ran.reports, ran.allStats, problem))
    const views = problem === null ? await ended(viewsAfter(opened, ending), GRACE.streams) : null
    await ended(eraseOldBytes(opened, ending), GRACE.streams)
    const report = views === null ? latest : kept(finished(ran.reports, ran.allStats, problem, views))
    latest = report
    if (recorded)
      await ended(
        retryDestination(() => destination.record(report), options, signal),
        GRACE.report,
      )
    if (options.atEnd && !ending.aborted) await ended(options.atEnd(destination), GRACE.report)
    await ended(destination.finalize(), GRACE.report)
    if (!ending.aborted) await ended(compactDestination(destination, log, ending), GRACE.report)
    // After the report was recorded: the copy has it too.
    const copied = await ended(replaceReadCopy(destination, options, ending), GRACE.report)
    if (copied === null) return report
    latest = kept(scrubbed({ ...report, read_copy: copied }, options.scrub))
    return latest
  }
  try {
    const report = await within(work(), GRACE.all)
    if (report !== null) return report
    const { code, message, next } = new Interrupted()
    return latest ?? kept(finished(ran.reports, ran.allStats, { code, message, next }))
  } catch (error) {
    return kept(finished(ran.reports, ran.allStats, problemOf(error) ?? logged(error, options)))
  }
}

/** Makes and replaces views. What fails is in the report, and fails no run. */
async function viewsAfter(options: Opened, signal: AbortSignal): Promise<ViewsReport | null> {
  const { views = null, destination } = options
  if (views === null || signal.aborted) return null
  try {
    return await retryDestination(() => destination.keepViews(views, signal), options, signal)
  } catch (error) {
    if (signal.aborted) return null
    const problem = problemOf(error) ?? logged(error, options)
    return { made: [], dropped: [], refreshed: [], problems: [{ view: 'all', ...problem }] }
  }
}

/**
 * A record that arrived may show that rows which arrived before it belong to somebody who was forgotten. They were erased with
 * the commit of the record; here their old bytes follow. An erasure that has left tables of views to be made is not for a run.
 */
async function eraseOldBytes(options: Opened, signal: AbortSignal): Promise<void> {
  const { destination, forgotten, log, lock = true } = options
  if (forgotten === undefined || forgotten.isEmpty || !lock || signal.aborted) return
  try {
    const waiting = await destination.toRewrite()
    if (waiting.length === 0 || waiting.some(isViewTable)) return
    await destination.rewrite(waiting, signal)
    await destination.rewritten()
  } catch (error) {
    // The next run tries again.
    const problem = problemOf(error)
    if (problem === null) throw error
    log.warn({ event: 'old_bytes', code: problem.code, message: problem.message })
  }
}

/** A copy whose texts contain no secret. */
const scrubbed = <T>(value: T, scrub: (text: string) => string): T => JSON.parse(scrub(JSON.stringify(value)))

/** A bug as a problem. Its stack goes to the log. */
function logged(error: unknown, { log }: Pick<RunOptions, 'log'>, stream?: string): Problem {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  log.error({ event: 'bug', ...(stream === undefined ? {} : { stream }), stack })
  return bugOf(error)
}

type Opened = RunOptions & {
  readonly destination: RunDestination
  /** Aborted when the lock is lost; null: the run has none. */
  readonly lost: AbortSignal | null
}

interface Planned {
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

function planOf(stream: Stream, information: TokenInformation, { explicit }: RunOptions): Planned {
  const access = accessOf(stream, information)
  const all = access.perhaps.length > 0 || (explicit.has(stream.name) && !stream.each)
  return { stream, access, readable: all ? () => true : readableBy(information), stats: new StreamStats(stream.name) }
}

const isRequested = ({ stream, access }: Planned, { explicit }: RunOptions): boolean =>
  explicit.has(stream.name) || isTried(access)

/** Runs the job for all streams at once: a small one does not wait behind a large one. An error that concerns all of them stops the others. */
async function runInParallel(
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
