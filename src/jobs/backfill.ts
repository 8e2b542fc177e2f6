import { ContractError } from '../common/errors.ts'
import type { RunId, Window } from '../common/model.ts'
import { retryDestination } from '../common/retry-destination.ts'
import { startBackfillScan } from '../pipeline/checkpoint.ts'
import { type ScanOptions, scanStream } from '../pipeline/pipeline.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Stream } from '../schema/stream.ts'
import { schemaHashOf } from '../schema/table.ts'

export interface BackfillStreamOptions extends ScanOptions {
  readonly run: RunId
  readonly window: Window
  readonly newestFirst: boolean
}

/** Key of the checkpoint of a backfill. The stream's own does not change. */
export const backfillKey = (stream: Stream): string => `backfill:${stream.name}`

/** Reads a range of one stream again, or resumes a backfill of the same range. @throws {ContractError} `not_served` */
export async function backfillStream(
  stream: Stream,
  options: BackfillStreamOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, run, window, newestFirst } = options
  const checkpoint = await destination.checkpoint(backfillKey(stream))
  stats.missing(await retryDestination(() => destination.missingRows(stream), options, signal), stream)
  const now = source.clock()
  const state = startBackfillScan(checkpoint, stream, {
    run,
    now,
    window,
    newestFirst,
    schemaHash: schemaHashOf(stream),
  })
  const { since, until } = state.scan.window
  if (since !== null && until !== null && since > until)
    throw new ContractError(
      'not_served',
      `the source serves ${stream.name} only from ${since} on`,
      'Choose a later --to. What the source no longer serves cannot be read again; rows that were loaded before are kept.',
    )
  await scanStream(state, options, stats, signal)
}
