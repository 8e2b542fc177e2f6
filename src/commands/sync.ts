import type { App, Selection } from '../app.ts'
import type { Destination, Problem, RunReport } from '../model.ts'
import type { Progress } from '../progress.ts'
import { exitCode, keepReport, reportText } from '../report.ts'
import { runSync } from '../run.ts'
import { problemOf } from '../tally.ts'
import type { Result } from './result.ts'

/** One incremental run over the selected streams. */
export async function sync(
  app: App,
  { streams, named }: Selection,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const report = await withDestination(app, destination =>
    runSync(
      {
        ...app,
        destination,
        streams,
        named,
        progress,
        overlapMs: app.config.recharge.overlapMs,
        start: app.config.recharge.start,
        concurrency: app.config.recharge.concurrency,
        maxRejects: app.config.maxRejects,
      },
      signal,
    ),
  )
  keepReport(app.runsDirectory, report, app.secrets.scrub)
  return { code: exitCode(report, named), json: report, text: reportText(report) }
}

/** A destination that cannot be opened is a run in which nothing could run: reported like any other. */
async function withDestination(app: App, work: (destination: Destination) => Promise<RunReport>): Promise<RunReport> {
  const startedAt = app.now()
  try {
    await using destination = await app.open('write')
    return await work(destination)
  } catch (error) {
    const problem = problemOf(error)
    if (!problem) throw error
    return nothingRan(app, startedAt, problem)
  }
}

const nothingRan = (app: App, startedAt: RunReport['started_at'], problem: Problem): RunReport => ({
  run: app.run,
  started_at: startedAt,
  finished_at: app.now(),
  outcome: 'failed',
  requests: 0,
  retries: 0,
  throttled: 0,
  waited_ms: 0,
  streams: [],
  problem,
})
