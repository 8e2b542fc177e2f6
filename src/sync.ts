import { begin, type PassOptions } from './checkpoint.ts'
import type { Stream } from './declare/stream.ts'
import { shapeOf } from './declare/table.ts'
import { fillStream } from './fill.ts'
import { toMillis } from './instant.ts'
import type { Checkpoint, Instant } from './model.ts'
import { type WalkOptions, walkStream } from './pipeline.ts'
import type { Tally } from './tally.ts'

export interface SyncOptions extends WalkOptions, Pick<PassOptions, 'run' | 'overlapMs' | 'start'> {
  /** How old a full walk of the stream may be before it is walked again, in milliseconds. */
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
  const at = await destination.checkpoint(stream.name)
  const now = source.clock()
  if (at.watermark !== null && isFresh(at, stream, now, options)) return tally.fresh(at.watermark)
  const shape = shapeOf(stream)
  // Until the walk has committed something the checkpoint has the old shape, and a run after this one does it again.
  if (at.shape !== null && at.shape !== shape) tally.filled = await fillStream(stream, options, signal)
  const pass = begin(at, stream, { run, overlapMs, start, now, shape })
  await walkStream(pass, options, tally, signal)
}

/** A stream without a cursor is read whole or not at all, and an hourly run need not pay for it each time. */
function isFresh({ watermark, walk }: Checkpoint, stream: Stream, now: Instant, { refreshMs }: SyncOptions): boolean {
  if (stream.sync.mode !== 'full' || watermark === null || walk !== null) return false
  return toMillis(now) - toMillis(watermark) < refreshMs(stream)
}
