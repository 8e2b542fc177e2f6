import { ConfigError } from '../../common/errors.ts'
import type { Window } from '../../common/model.ts'
import { backfillStream } from '../../jobs/backfill.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { App, Selection } from '../app.ts'
import type { Result } from './result.ts'
import { runCommand } from './run.ts'

/**
 * Reads a time range again. Never moves a checkpoint back, never deletes.
 * @throws {ConfigError} for a range or a stream that cannot be read so.
 */
export function backfill(
  app: App,
  { streams, explicit }: Selection,
  { window, newestFirst }: { readonly window: Window; readonly newestFirst: boolean },
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const full = streams.filter(({ name, sync }) => sync.mode === 'full' && explicit.has(name))
  const problems = full.map(
    ({ name }) =>
      `${name} has no time ranges: a sync reads it completely; to have the next sync read it again, run \`reset ${name}\``,
  )
  if (newestFirst && window.since === null)
    problems.push('--newest-first needs the start of the range: add --from, or set recharge.start')
  if (window.since !== null && window.until !== null && window.since > window.until)
    problems.push('--from is after --to')
  if (problems.length > 0)
    throw new ConfigError(
      'the command line',
      problems.map(message => ({ path: 'backfill', line: null, message })),
    )
  const ranged = streams.filter(({ sync }) => sync.mode === 'incremental')
  return runCommand(
    app,
    'backfill',
    { streams: ranged, explicit },
    (stream, options, stats, stop) =>
      backfillStream(stream, { ...options, run: app.run, window, newestFirst }, stats, stop),
    progress,
    signal,
  )
}
