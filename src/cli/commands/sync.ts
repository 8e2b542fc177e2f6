import { retryDestination } from '../../common/retry-destination.ts'
import type { StreamWork } from '../../jobs/run-options.ts'
import { syncStream } from '../../jobs/sync.ts'
import type { Warehouse } from '../../load/destination.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import { refuseLoss } from './reset.ts'
import type { Result } from './result.ts'
import { runCommand } from './run.ts'

/** One incremental run over the selected streams. */
export const sync = (app: App, selection: Selection, progress: Progress, signal: AbortSignal): Promise<Result> =>
  runCommand(app, 'sync', selection, syncWork(app), progress, signal)

/**
 * Reads the selected streams from their start, as `sync` does after `reset`. A stream's checkpoint is deleted when its turn
 * comes, under the lock of the run: a run that cannot begin forgets nothing.
 * @param iKnow also streams of which Recharge no longer returns part of the records.
 * @throws {ConfigError} for such streams without it.
 */
export function fullRefresh(
  app: App,
  selection: Selection,
  iKnow: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  refuseLoss(selection.streams, iKnow)
  const opened = Promise.withResolvers<Warehouse>()
  const open: App['open'] = async mode => {
    const warehouse = await app.open(mode)
    opened.resolve(warehouse)
    return warehouse
  }
  const work = syncWork(app)
  return runCommand(
    { ...app, open },
    'sync',
    selection,
    async (stream, options, stats, stop) => {
      const warehouse = await opened.promise
      await retryDestination(() => warehouse.reset(stream), options, stop)
      await work(stream, options, stats, stop)
    },
    progress,
    signal,
  )
}

/** Syncs one stream as the configuration says. */
export function syncWork({ run, config }: Pick<App, 'run' | 'config'>): StreamWork {
  const { overlapMs, start } = config.recharge
  const refreshMs = ({ name }: { readonly name: string }): number => config.refreshMs(name)
  return (stream, options, stats, signal) =>
    syncStream(stream, { ...options, run, overlapMs, start, refreshMs }, stats, signal)
}
