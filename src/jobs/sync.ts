import { toMillis } from '../common/instant.ts'
import type { Checkpoint, Instant } from '../common/model.ts'
import { fillStream } from '../pipeline/backfill-columns.ts'
import { begin, type PassOptions } from '../pipeline/checkpoint.ts'
import { type WalkOptions, walkStream } from '../pipeline/pipeline.ts'
import type { Tally } from '../pipeline/stream-stats.ts'
import type { Stream } from '../schema/stream.ts'
import { shapeOf } from '../schema/table.ts'
import { type Swept, sweep } from './list-snapshot.ts'

export interface SyncOptions extends WalkOptions, Pick<PassOptions, 'run' | 'overlapMs' | 'start'> {
  /** How old a full walk or a sweep of the stream may be before the next, in milliseconds. */
  readonly refreshMs: (stream: Stream) => number
}

/** One stream, from its checkpoint to now. */
export async function syncStream(
  stream: Stream,
  options: SyncOptions,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, run, overlapMs, start } = options
  const stored = await destination.checkpoint(stream.name)
  if (stored.watermark !== null && isFresh(stored, stream, source.clock(), options))
    return tally.fresh(stored.watermark)
  const shape = shapeOf(stream)
  // Until the walk has committed something the checkpoint has the old shape, and a run after this one does it again.
  if (stored.shape !== null && stored.shape !== shape) tally.filled = await fillStream(stream, options, signal)
  const { at, began } = await swept(stored, stream, options, tally, signal)
  // Now, not before the sweep: the walk has to tell what became of what left its list meanwhile.
  const now = source.clock()
  const pass = begin(at, stream, { run, overlapMs, start, now, shape, sweep: began })
  await walkStream(pass, options, tally, signal)
}

/** A stream without a cursor is read whole or not at all, and an hourly run need not pay for it each time. */
function isFresh({ watermark, walk }: Checkpoint, stream: Stream, now: Instant, { refreshMs }: SyncOptions): boolean {
  if (stream.sync.mode !== 'full' || watermark === null || walk !== null) return false
  return !isDue(watermark, now, refreshMs(stream))
}

/** A job that starts at the same minute of every day is a few seconds early on every other. */
const EARLY = 1 / 24

const isDue = (last: Instant, now: Instant, every: number): boolean =>
  toMillis(now) - toMillis(last) >= every * (1 - EARLY)

/**
 * A sweep, where one is due. Not before a first walk, which meets everything anyway; nor before one that an earlier run
 * began: part of that was read before the sweep, and cannot tell what changed since.
 */
async function swept(
  at: Checkpoint,
  stream: Stream,
  options: SyncOptions,
  tally: Tally,
  signal: AbortSignal,
): Promise<Swept> {
  const { absence } = stream.deletions
  const none = { at, began: null }
  if (typeof absence !== 'object' || at.watermark === null || at.walk !== null) return none
  if (at.swept !== null && !isDue(at.swept, options.source.clock(), options.refreshMs(stream))) return none
  return await sweep(stream, absence, at, options, tally, signal)
}
