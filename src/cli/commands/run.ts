import type { RunReport } from '../../common/model.ts'
import { runStreams, type StreamWork } from '../../jobs/run.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import { exitCode, keepReport, reportText } from '../report.ts'
import type { Result } from './result.ts'

/** One run of `work` over the selected streams, its report kept. */
export async function runCommand(
  app: App,
  { streams, explicit }: Selection,
  work: StreamWork,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const { maxRejects } = app.config
  const open = () => app.open('write')
  const { scrub } = app.secrets
  const keep = (report: RunReport): void => {
    try {
      keepReport(app.runsDirectory, report, scrub)
    } catch (error) {
      // The destination keeps the report too: a folder that cannot be written is no reason to fail a good run.
      app.log.warn({ event: 'report_not_kept', directory: app.runsDirectory, message: String(error) })
    }
  }
  const report = await runStreams({ ...app, open, keep, scrub, streams, explicit, work, progress, maxRejects }, signal)
  return { code: exitCode(report, explicit), json: report, text: reportText(report) }
}
