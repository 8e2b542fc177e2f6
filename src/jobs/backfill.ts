import { ContractError } from '../common/errors.ts'
import type { RunId, Window } from '../common/model.ts'
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

/** Key of the checkpoint of a backfill: the stream's own stays as it is. */
export const backfillKey = (stream: Stream): string => `backfill:${stream.name}`

/** Reads a range of one stream again, and goes on with it where an earlier run was broken off. */
export async function backfillStream(
  stream: Stream,
  options: BackfillStreamOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, run, window, newestFirst } = options
  const at = await destination.checkpoint(backfillKey(stream))
  const now = source.clock()
  const state = startBackfillScan(at, stream, { run, now, window, newestFirst, schemaHash: schemaHashOf(stream) })
  const { since, until } = state.scan.window
  if (since !== null && until !== null && since > until)
    throw new ContractError(
      'not_served',
      `the source serves ${stream.name} only since ${since}`,
      'What it has forgotten cannot be read again; what was read before is still in the tables.',
    )
  await scanStream(state, options, stats, signal)
}
