import type { StreamWork } from '../../jobs/run.ts'
import { syncStream } from '../../jobs/sync.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import type { Result } from './result.ts'
import { runCommand } from './run.ts'

/** One incremental run over the selected streams. */
export const sync = (app: App, selection: Selection, progress: Progress, signal: AbortSignal): Promise<Result> =>
  runCommand(app, 'sync', selection, syncWork(app), progress, signal)

/** Syncs one stream as the configuration says. */
export function syncWork({ run, config }: Pick<App, 'run' | 'config'>): StreamWork {
  const { overlapMs, start } = config.recharge
  const refreshMs = ({ name }: { readonly name: string }): number => config.refreshMs(name)
  return (stream, options, stats, signal) =>
    syncStream(stream, { ...options, run, overlapMs, start, refreshMs }, stats, signal)
}
