import { toMillis } from '../common/instant.ts'
import type { Checkpoint, Instant } from '../common/model.ts'
import { backfillColumns } from '../pipeline/backfill-columns.ts'
import { type StartScanOptions, startScan } from '../pipeline/checkpoint.ts'
import { type ScanOptions, scanStream } from '../pipeline/pipeline.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Stream } from '../schema/stream.ts'
import { schemaHashOf } from '../schema/table.ts'
import { type ListSnapshot, listSnapshot } from './list-snapshot.ts'

export interface SyncOptions extends ScanOptions, Pick<StartScanOptions, 'run' | 'overlapMs' | 'start'> {
  /** How old a full scan or a list snapshot of the stream may be before the next, in milliseconds. */
  readonly refreshMs: (stream: Stream) => number
}

/** One stream, from its checkpoint to now. */
export async function syncStream(
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, run, overlapMs, start } = options
  const stored = await destination.checkpoint(stream.name)
  if (stored.watermark !== null && isFresh(stored, stream, source.clock(), options))
    return stats.fresh(stored.watermark)
  const schemaHash = schemaHashOf(stream)
  // Until the scan has committed something the checkpoint has the old schema hash, and a run after this one does it again.
  if (stored.schemaHash !== null && stored.schemaHash !== schemaHash)
    stats.backfilled = await backfillColumns(stream, options, signal)
  const { at, began } = await snapshotIfDue(stored, stream, options, stats, signal)
  // Now, not before the snapshot: the scan has to tell what became of what left its list meanwhile.
  const now = source.clock()
  const state = startScan(at, stream, { run, overlapMs, start, now, schemaHash, snapshotAt: began })
  await scanStream(state, options, stats, signal)
}

/** A stream without a cursor is read whole or not at all, and an hourly run need not pay for it each time. */
function isFresh({ watermark, scan }: Checkpoint, stream: Stream, now: Instant, { refreshMs }: SyncOptions): boolean {
  if (stream.sync.mode !== 'full' || watermark === null || scan !== null) return false
  return !isDue(watermark, now, refreshMs(stream))
}

/** A job that starts at the same minute of every day is a few seconds early on every other. */
const EARLY = 1 / 24

const isDue = (last: Instant, now: Instant, every: number): boolean =>
  toMillis(now) - toMillis(last) >= every * (1 - EARLY)

/**
 * A list snapshot, where one is due. Not before a first scan, which meets everything anyway; nor before one that an
 * earlier run began: part of that was read before the snapshot, and cannot tell what changed since.
 */
async function snapshotIfDue(
  at: Checkpoint,
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<ListSnapshot> {
  const { absence } = stream.deletions
  const none = { at, began: null }
  if (typeof absence !== 'object' || at.watermark === null || at.scan !== null) return none
  const last = at.lastSnapshotAt
  if (last !== null && !isDue(last, options.source.clock(), options.refreshMs(stream))) return none
  return await listSnapshot(stream, absence, at, options, stats, signal)
}
