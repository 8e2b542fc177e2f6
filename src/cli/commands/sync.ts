import { syncStream } from '../../jobs/sync.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import type { Result } from './result.ts'
import { runCommand } from './run.ts'

/** One incremental run over the selected streams. */
export function sync(app: App, selection: Selection, progress: Progress, signal: AbortSignal): Promise<Result> {
  const { recharge, refreshMs } = app.config
  const { overlapMs, start } = recharge
  const { run } = app
  return runCommand(
    app,
    selection,
    (stream, options, stats, stop) =>
      syncStream(stream, { ...options, run, overlapMs, start, refreshMs: ({ name }) => refreshMs(name) }, stats, stop),
    progress,
    signal,
  )
}
