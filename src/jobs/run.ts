import pLimit from 'p-limit'
import { Interrupted, SourceError, SyncError } from '../common/errors.ts'
import type { Log } from '../common/log.ts'
import type { Instant, Problem, RunId, RunReport, StreamReport } from '../common/model.ts'
import { retryDestination } from '../common/retry-destination.ts'
import { accessOf, readableBy } from '../extract/scopes.ts'
import type { TokenInformation } from '../extract/source.ts'
import type { Destination, InferredColumns } from '../load/destination.ts'
import { outcomeOf } from '../pipeline/outcome.ts'
import type { ScanOptions } from '../pipeline/pipeline.ts'
import type { Progress } from '../pipeline/progress.ts'
import { withInferredColumns } from '../pipeline/schema-drift.ts'
import { problemOf, StreamStats } from '../pipeline/stream-stats.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'

/** What is done to each stream. */
export type StreamWork = (
  stream: Stream,
  options: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
) => Promise<void>

export interface RunOptions extends Omit<ScanOptions, 'readable' | 'destination'> {
  readonly run: RunId
  readonly work: StreamWork
  /** Opened after the token has proved good, so that a wrong one leaves nothing behind. */
  readonly open: () => Promise<Destination & InferredColumns>
  readonly streams: readonly Stream[]
  /** Asked for by name: tried even where the token's scopes do not list what they need, since names differ. */
  readonly explicit: ReadonlySet<string>
  readonly now: () => Instant
  readonly monotonic: () => number
  readonly log: Log
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string
  /** Keeps a report on this machine, before anything that may still hang. */
  readonly keep: (report: RunReport) => void
  readonly progress: Progress
  /** Keeps every other run out. Default: true. */
  readonly hold?: boolean
  /** Is kept among the runs, and as the last one of its streams. Default: true. */
  readonly recorded?: boolean
  /** What is said of a stream that has ended. */
  readonly line?: (report: StreamReport) => string
}

/** Streams side by side. Each holds pages in memory; the rate limit is shared by all, so more would not be faster. */
const STREAMS_AT_ONCE = 4

/** One run over all streams. What goes wrong is in the report; only a bug is thrown. */
export async function runStreams(options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const { run, source, log, now } = options
  const startedAt = now()
  const token = new StreamStats('token_information')
  let ran: { reports: readonly StreamReport[]; allStats: readonly StreamStats[] } = { reports: [], allStats: [] }
  const finished = (
    streams: readonly StreamReport[],
    allStats: readonly StreamStats[],
    problem: Problem | null,
  ): RunReport => {
    const sum = (of: 'requests' | 'retries' | 'throttled' | 'waitedMs'): number =>
      [token, ...allStats].reduce((total, stats) => total + stats.requestStats[of], 0)
    const report: RunReport = {
      run,
      started_at: startedAt,
      finished_at: now(),
      outcome: problem ? (problem.code === 'interrupted' ? 'interrupted' : 'failed') : outcomeOf(streams),
      requests: sum('requests'),
      retries: sum('retries'),
      throttled: sum('throttled'),
      waited_ms: Math.round(sum('waitedMs')),
      streams,
      problem,
    }
    // An answer can hold anything, the token too, and a report goes to many places.
    return scrubbed(report, options.scrub)
  }
  try {
    const information = await source.token(token.requestStats, signal)
    log.info({ event: 'token', name: information.name, scopes: information.scopes })
    await using destination = await options.open()
    if (options.hold ?? true) await destination.acquireLock(run)
    const plan = options.streams.map(stream => ({ stream, stats: new StreamStats(stream.name) }))
    const changes = await destination.prepare(
      plan.filter(({ stream }) => isTried(stream, information, options)).flatMap(({ stream }) => allTables(stream)),
    )
    if (changes.length > 0) log.info({ event: 'schema', statements: changes.length })
    const { reports, stopped } = await sideBySide(plan, information, { ...options, destination }, signal)
    const report = finished(
      reports,
      plan.map(({ stats }) => stats),
      stopped,
    )
    options.keep(report)
    ran = { reports, allStats: plan.map(({ stats }) => stats) }
    if (options.recorded ?? true)
      await withinGrace(
        retryDestination(() => destination.record(report), options, signal),
        signal,
        options,
      )
    await withinGrace(destination.finalize(), signal, options)
    return report
  } catch (error) {
    const problem = problemOf(error)
    if (!problem) throw error
    const report = finished(ran.reports, ran.allStats, problem)
    options.keep(report)
    return report
  }
}

/** A copy whose texts hold no secret. */
const scrubbed = <T>(value: T, scrub: (text: string) => string): T => JSON.parse(scrub(JSON.stringify(value)))

type Opened = RunOptions & { readonly destination: Destination & InferredColumns }

interface Planned {
  readonly stream: Stream
  readonly stats: StreamStats
}

const isTried = (stream: Stream, information: TokenInformation, { explicit }: RunOptions): boolean =>
  explicit.has(stream.name) || accessOf(stream, readableBy(information)).granted

/** Streams side by side. An error that concerns all of them stops the others where they stand. */
async function sideBySide(
  plan: readonly Planned[],
  information: TokenInformation,
  options: Opened,
  signal: AbortSignal,
): Promise<{ reports: readonly StreamReport[]; stopped: Problem | null }> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const limit = pLimit(STREAMS_AT_ONCE)
  let stopped: Problem | null = null
  const start = (planned: Planned): Promise<StreamReport> =>
    limit(async () => {
      try {
        return await runStream(planned, information, options, either)
      } catch (error) {
        stop.abort()
        const problem = problemOf(error)
        if (!problem) throw error
        stopped ??= problem
        return planned.stats.report(signal.aborted ? 'interrupted' : 'failed', 0, problem)
      }
    })
  /*
   * What deletionEvents of deletions goes before what it deletionEvents of: then a record that is read was there after all that has been
   * told, and what was told of it before is void.
   */
  const telling = new Map(plan.filter(({ stream }) => stream.deletionEvents).map(planned => [planned, start(planned)]))
  const told = Promise.allSettled(telling.values())
  const ended = Promise.all(
    plan.map(
      planned =>
        telling.get(planned) ??
        (planned.stream.deletions.event === undefined ? start(planned) : told.then(() => start(planned))),
    ),
  )
  const reports = await withinGrace(ended, signal, options)
  return { reports: reports ?? plan.map(({ stats }) => stats.last ?? stats.report('interrupted', 0, null)), stopped }
}

/** How long an interrupted run waits for the commits in hand. What is not committed by then, the database rolls back. */
const GRACE = 4000

/** @returns null where the signal came and the work did not end within the grace. */
async function withinGrace<T>(
  work: Promise<T>,
  signal: AbortSignal,
  { sleep }: Pick<RunOptions, 'sleep'>,
): Promise<T | null> {
  const done = new AbortController()
  const tooLate = new Promise<null>((resolve, reject) => {
    const wait = (): void => {
      sleep(GRACE, done.signal).then(
        () => resolve(null),
        error => (done.signal.aborted ? resolve(null) : reject(error)),
      )
    }
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    done.abort()
  }
}

/** @throws {SyncError} one whose reaction is to stop the run. */
async function runStream(
  { stream, stats }: Planned,
  information: TokenInformation,
  options: Opened,
  signal: AbortSignal,
): Promise<StreamReport> {
  const { log, progress, monotonic } = options
  const from = monotonic()
  const end = (outcome: StreamReport['outcome'], problem: Problem | null): StreamReport => {
    const report = stats.report(outcome, (monotonic() - from) / 1000, problem)
    log.info({ event: 'stream', ...report })
    const line = options.line?.(report)
    progress.ended(stats, scrubbed(report, options.scrub), line === undefined ? line : options.scrub(line))
    return report
  }
  if (signal.aborted) throw new Interrupted()
  const readable = readableBy(information)
  if (!isTried(stream, information, options)) return end('skipped', missingScope(stream, information))
  progress.started(stats)
  try {
    const tried = options.explicit.has(stream.name) && !stream.each ? () => true : readable
    const inferred = await retryDestination(() => withInferredColumns(stream, options.destination), options, signal)
    await options.work(inferred, { ...options, readable: tried }, stats, signal)
    return end('complete', null)
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    log.warn({ event: 'problem', stream: stream.name, code: error.code, message: error.message })
    if (error.reaction === 'stop') {
      end(error instanceof Interrupted ? 'interrupted' : 'failed', problemOf(error))
      throw error
    }
    return end(isSkip(error, stream, stats) ? 'skipped' : 'failed', problemOf(error))
  }
}

/** A store or plan that does not have a resource refuses the first page; later it would be something else. */
function isSkip(error: SyncError, stream: Stream, { records, resumed }: StreamStats): boolean {
  if (records > 0 || resumed) return false
  if (error.reaction === 'skip') return true
  return stream.optional && error instanceof SourceError && (error.kind === 'missing' || error.kind === 'refused')
}

function missingScope(stream: Stream, information: TokenInformation): Problem {
  const { missing } = accessOf(stream, readableBy(information))
  return {
    code: 'missing_scope',
    message: `the token lacks ${missing.join(', ')}`,
    next: `Add the scope to the token in the merchant portal, or leave ${stream.name} out.`,
  }
}
