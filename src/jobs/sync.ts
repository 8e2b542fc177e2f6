import { fromMillis, toMillis } from '../common/instant.ts'
import type { Checkpoint, Instant } from '../common/model.ts'
import { retryDestination } from '../common/retry-destination.ts'
import { backfillColumns } from '../pipeline/backfill-columns.ts'
import { refuseFuture, type ScanState, type StartScanOptions, startScan } from '../pipeline/checkpoint.ts'
import { ensureIndexes } from '../pipeline/ensure-indexes.ts'
import { withCompleteFrom } from '../pipeline/older-checkpoint.ts'
import { type ScanOptions, scanStream } from '../pipeline/pipeline.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Stream } from '../schema/stream.ts'
import { schemaHashOf } from '../schema/table.ts'
import { type ListSnapshot, listSnapshot } from './list-snapshot.ts'

export interface SyncOptions extends ScanOptions, Pick<StartScanOptions, 'run' | 'overlapMs' | 'start'> {
  /** How old a full scan or a list snapshot of the stream may be before the next, in milliseconds. */
  readonly refreshMs: (stream: Stream) => number
}

/** Reads what changed in a stream since its checkpoint. Then makes the indexes that its tables lack. */
export async function syncStream(
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  await readStream(stream, options, stats, signal)
  await ensureIndexes(stream, options, stats, signal)
}

async function readStream(
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, run, overlapMs, start } = options
  const stored = await withCompleteFrom(await destination.checkpoint(stream.name), stream, destination)
  refuseFuture(stored, source.clock())
  stats.dropped(stored, stream)
  const missing = await retryDestination(() => destination.missingRows(stream), options, signal)
  stats.missing(missing, stream)
  const schemaHash = schemaHashOf(stream)
  // Due or not: `_extra` has the values, and some may have to be hashed by now. The checkpoint keeps the old schema hash until
  // the scan has committed a batch, so an interrupted run repeats the backfill.
  if (stored.schemaHash !== null && stored.schemaHash !== schemaHash)
    stats.backfilled = await backfillColumns(stream, options, signal)
  const due = dueAt(stored, stream, options.refreshMs(stream))
  if (due !== null && source.clock() < due) return stats.fresh(stored, due)
  const { checkpoint, startedAt } = await snapshotIfDue(stored, stream, options, stats, signal)
  // After the snapshot: the scan has to read the records that left the list during it.
  const now = source.clock()
  const state = startScan(checkpoint, stream, { run, overlapMs, start, now, schemaHash, snapshotAt: startedAt })
  await scanStream(state, options, stats, signal)
  if (state.resumed) await readWhatChangedSince(state, stream, options, stats, signal)
}

/**
 * A resumed scan has read a part in an earlier run, and does not show what changed there since. So a second scan follows,
 * unless the stream is one that is read completely, and is not due by the time at which the first scan began.
 */
async function readWhatChangedSince(
  { run, checkpoint: { stream: name } }: ScanState,
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, overlapMs, start } = options
  const checkpoint = await destination.checkpoint(name)
  const now = source.clock()
  const due = dueAt(checkpoint, stream, options.refreshMs(stream))
  if (due !== null && now < due) return
  const schemaHash = schemaHashOf(stream)
  await scanStream(startScan(checkpoint, stream, { run, overlapMs, start, now, schemaHash }), options, stats, signal)
}

/**
 * When a stream has to be read again. A stream without a cursor can only be read completely, which an hourly run does not do
 * each time. A list that is suspect is read again in each run: what it did not show may have been left out.
 * @returns null: in each run.
 */
export function dueAt(checkpoint: Checkpoint, stream: Stream, refreshMs: number): Instant | null {
  const { watermark, scan, isSuspect = false } = checkpoint
  if (stream.sync.mode !== 'full' || watermark === null || scan !== null || isSuspect) return null
  return after(watermark, refreshMs)
}

/** Share of the period by which a full scan may be early: a daily job does not start at the same second every day. */
const EARLY = 1 / 24

/** The latest time that is written with a year of four digits. */
const LATEST = Date.UTC(9999, 11, 31)

const after = (last: Instant, every: number): Instant =>
  fromMillis(Math.min(LATEST, toMillis(last) + every * (1 - EARLY)))

/**
 * Takes a list snapshot if one is due. None is taken before a first scan, which reads every record anyway, nor before a
 * resumed scan: a part of that was read before the snapshot and does not show what changed since.
 */
async function snapshotIfDue(
  checkpoint: Checkpoint,
  stream: Stream,
  options: SyncOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<ListSnapshot> {
  const { absence } = stream.deletions
  const none = { checkpoint, startedAt: null }
  if (typeof absence !== 'object' || checkpoint.watermark === null || checkpoint.scan !== null) return none
  const last = checkpoint.lastSnapshotAt
  if (last !== null && options.source.clock() < after(last, options.refreshMs(stream))) return none
  return await listSnapshot(stream, absence, checkpoint, options, stats, signal)
}
