import { Interrupted, type Problem } from '../common/errors.ts'
import { retryDestination } from '../common/retry-destination.ts'
import type { RunReport, StartedRun, StreamReport, ViewsReport } from '../common/run-report.ts'
import { VERSION } from '../common/version.ts'
import { createBacklog } from '../pipeline/backlog.ts'
import { allRefused, outcomeOf } from '../pipeline/outcome.ts'
import { problemOf, StreamStats } from '../pipeline/stream-stats.ts'
import { allTables } from '../schema/table.ts'
import { compactDestination } from './compact.ts'
import { isViewTable } from './forget.ts'
import { GRACE, graceOf } from './grace.ts'
import { identifyStore } from './identify-store.ts'
import { beginWithLearntRate, keepLearntRate } from './learnt-rate.ts'
import { replaceReadCopy } from './read-copy.ts'
import type { Opened, RunOptions } from './run-options.ts'
import { isRequested, logged, planOf, runInParallel, scrubbed } from './run-streams.ts'

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
  using within = graceOf(signal, options)
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
    using ended = graceOf(ending, options)
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
