import type { App, Selection } from '../app.ts'
import type { RunReport } from '../model.ts'
import type { Progress } from '../progress.ts'
import { exitCode, keepReport, reportText } from '../report.ts'
import { runStreams, type StreamWork } from '../run.ts'
import type { Result } from './result.ts'

/** One run of `work` over the selected streams, its report kept. */
export async function runCommand(
  app: App,
  { streams, named }: Selection,
  work: StreamWork,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const { maxRejects } = app.config
  const open = () => app.open('write')
  const keep = (report: RunReport) => keepReport(app.runsDirectory, report, app.secrets.scrub)
  const report = await runStreams({ ...app, open, keep, streams, named, work, progress, maxRejects }, signal)
  return { code: exitCode(report, named), json: report, text: reportText(report) }
}
