import type { App, Selection } from '../app.ts'
import type { Progress } from '../progress.ts'
import { exitCode, keepReport, reportText } from '../report.ts'
import { runSync } from '../run.ts'
import type { Result } from './result.ts'

/** One incremental run over the selected streams. */
export async function sync(
  app: App,
  { streams, named }: Selection,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const { overlapMs, start, concurrency } = app.config.recharge
  const { maxRejects } = app.config
  const open = () => app.open('write')
  const report = await runSync(
    { ...app, open, streams, named, progress, overlapMs, start, concurrency, maxRejects },
    signal,
  )
  keepReport(app.runsDirectory, report, app.secrets.scrub)
  return { code: exitCode(report, named), json: report, text: reportText(report) }
}
