import type { Checkpoint, Committed, DeletionEvidence, RowBatch } from '../common/model.ts'
import { retryDestination } from '../common/retry-destination.ts'
import type { Destination } from '../load/destination.ts'

/** What one commit replaces, and what it concludes about deletions. */
export interface Step {
  readonly from: Checkpoint
  readonly to: Checkpoint
  /** Absent: nothing is concluded. */
  readonly evidence?: DeletionEvidence
}

export interface CommitOptions {
  readonly destination: Pick<Destination, 'checkpoint' | 'lastCounts' | 'commit'>
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Writes a batch and the checkpoint that it justifies, in one transaction. @throws {DestinationError} */
export const commitBatch = (
  batch: RowBatch,
  { from, to, evidence }: Step,
  options: CommitOptions,
  signal: AbortSignal,
): Promise<Committed> => {
  const { destination } = options
  const write = (): Promise<Committed> => destination.commit(batch, from, to, evidence)
  return writeOnce(write, () => destination.lastCounts(to.stream), to, options, signal)
}

/**
 * Writes what replaces a checkpoint by `to`, once, whatever becomes of the connection. A lost one leaves open whether the
 * COMMIT stands: version and writer of the checkpoint tell.
 * @param written what the write gave, asked for where it stands; null: not known, so it is tried again.
 */
export function writeOnce<T>(
  write: () => Promise<T>,
  written: () => Promise<T | null>,
  to: Checkpoint,
  { destination, sleep }: Pick<CommitOptions, 'sleep'> & { readonly destination: Pick<Destination, 'checkpoint'> },
  signal: AbortSignal,
): Promise<T> {
  return retryDestination(
    async again => {
      if (again) {
        const { version, writer } = await destination.checkpoint(to.stream)
        const result = version === to.version && writer === to.writer ? await written() : null
        if (result !== null) return result
      }
      return await write()
    },
    { sleep },
    signal,
  )
}
