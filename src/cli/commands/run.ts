import { fromMillis, toMillis } from '../../common/instant.ts'
import type { RunReport, StartedRun } from '../../common/run-report.ts'
import { runStreams } from '../../jobs/run.ts'
import type { StreamWork } from '../../jobs/run-options.ts'
import type { RunDestination } from '../../load/destination.ts'
import { describeDestination } from '../../load/open.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import { forgetReports } from '../forget-reports.ts'
import { createNotifier, type Notifier } from '../notify/notifier.ts'
import { exitCode, keepReport, reportText } from '../report.ts'
import type { Result } from './result.ts'

/** Does `work` for each selected stream and keeps the report of the run. */
export async function runJob(
  app: App,
  { streams, explicit }: Selection,
  work: StreamWork,
  progress: Progress,
  signal: AbortSignal,
  observe: Notifier['observe'] = null,
): Promise<RunReport> {
  const { maxRejects } = app.config
  const open = () => app.open('write')
  const { scrub } = app.secrets
  const intent = {
    selected: streams.map(({ name }) => name),
    destination: describeDestination(app.config.destination).name,
  }
  const keep = (report: RunReport | StartedRun): void => {
    if (app.runsDirectory === null) return
    try {
      keepReport(app.runsDirectory, report, scrub, intent)
    } catch (error) {
      // The destination keeps the report too: a folder that cannot be written is no reason to fail a good run.
      app.log.warn({ event: 'report_not_kept', directory: app.runsDirectory, message: String(error) })
    }
  }
  const declared = app.streams
  let hasForgotten = false
  const atEnd = async (destination: RunDestination): Promise<void> => {
    hasForgotten = true
    await forgetOldRuns(app, intent.destination, destination)
    await observe?.(destination)
  }
  const report = await runStreams(
    { ...app, declared, open, keep, scrub, streams, explicit, work, progress, maxRejects, atEnd },
    signal,
  )
  if (!hasForgotten) await forgetOldRuns(app, intent.destination, null)
  return report
}

/** Forgets the runs that are older than `retention`. What fails there is logged, and fails no run. */
async function forgetOldRuns(app: App, name: string, destination: RunDestination | null): Promise<void> {
  const { runsDirectory, run, log, config } = app
  const before = fromMillis(toMillis(app.now()) - config.retentionMs)
  try {
    const runs = destination ? await destination.forgetRuns(before, run) : 0
    const last = destination && (await destination.lastAttempts())
    const old = { before: app.firstRunAt(before), current: run, destination: name, last }
    const reports = runsDirectory === null ? 0 : forgetReports(runsDirectory, old)
    if (runs + reports > 0) log.info({ event: 'old_runs_forgotten', runs, reports })
  } catch (error) {
    log.warn({ event: 'old_runs_kept', message: String(error) })
  }
}

/** `runJob` as a command, which tells those whom the configuration names how it ended. */
export async function runCommand(
  app: App,
  command: 'sync' | 'backfill',
  selection: Selection,
  work: StreamWork,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const notifier = createNotifier(app, command)
  notifier.started()
  const report = await runJob(app, selection, work, progress, signal, notifier.observe)
  const code = exitCode(report)
  return {
    code,
    json: report,
    text: reportText(report, app.look, app.streams),
    after: () => notifier.ended(report, report, code),
  }
}
