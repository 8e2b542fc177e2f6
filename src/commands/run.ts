import type { App, Selection } from '../app.ts'
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
  const report = await runStreams({ ...app, open, streams, named, work, progress, maxRejects }, signal)
  keepReport(app.runsDirectory, report, app.secrets.scrub)
  return { code: exitCode(report, named), json: report, text: reportText(report) }
}
