import { advance, begin, type PassOptions } from './checkpoint.ts'
import type { Stream } from './declare/stream.ts'
import { ContractError, DestinationError } from './errors.ts'
import type { Readable, Source } from './extract/source.ts'
import type { Checkpoint, Counts, Destination, RowBatch } from './model.ts'
import { prefetch } from './prefetch.ts'
import type { Tally } from './tally.ts'
import { toBatch } from './transform/batch.ts'

export interface SyncOptions extends Pick<PassOptions, 'run' | 'overlapMs' | 'start'> {
  readonly source: Source
  readonly destination: Destination
  readonly readable: Readable
  /** Rejected records that a stream may have in one run. */
  readonly maxRejects: number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** One stream, from its checkpoint to now: pages become batches, and each batch is committed with its checkpoint. */
export async function syncStream(
  stream: Stream,
  shape: string,
  options: SyncOptions,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const { source, destination, readable } = options
  const at = await destination.checkpoint(stream.name)
  let pass = begin(at, stream, { ...options, shape, now: source.clock() })
  tally.began(pass)
  const read = (stop: AbortSignal) => source.pages(stream, pass.window, readable, tally.traffic, stop)
  for await (const pages of prefetch(read, signal)) {
    const batch = toBatch(stream, pages)
    const next = advance(pass, batch)
    refuseTooMany(batch, tally, options.maxRejects)
    tally.committed(batch, await commit(destination, batch, pass.at, next.at, options, signal), next)
    pass = next
  }
}

/** Before the commit, so that the checkpoint stays and the next version of this program reads the records again. */
function refuseTooMany({ rejects }: RowBatch, tally: Tally, most: number): void {
  const [first] = rejects
  if (first === undefined || tally.counts.rejected + rejects.length <= most) return
  throw new ContractError(
    'too_many_rejects',
    `more than ${most} records cannot be loaded, such as ${first.key ?? 'one without a key'}: ${first.path}: ${first.reason}`,
    'The API changed a type. The checkpoint stands before these records. Please report it, or raise max_rejects.',
  )
}

const TRIES = 6

/** A lost connection leaves open whether the commit stands: the checkpoint knows. */
async function commit(
  destination: Destination,
  batch: RowBatch,
  from: Checkpoint,
  to: Checkpoint,
  { sleep }: SyncOptions,
  signal: AbortSignal,
): Promise<Counts> {
  let unknown = false
  for (let tries = 1; ; tries++) {
    try {
      if (unknown) {
        const { version, writer } = await destination.checkpoint(to.stream)
        const counts = version === to.version && writer === to.writer ? await destination.lastCounts(to.stream) : null
        if (counts) return counts
      }
      return await destination.commit(batch, from, to)
    } catch (error) {
      if (!(error instanceof DestinationError) || error.reaction !== 'retry' || tries >= TRIES) throw error
      unknown = true
      await sleep(250 * 2 ** tries, signal)
    }
  }
}
