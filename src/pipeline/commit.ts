import { DestinationError } from '../common/errors.ts'
import type { Checkpoint, Committed, DeletionEvidence, RowBatch } from '../common/model.ts'
import { type RetryOptions, retryDestination } from '../common/retry-destination.ts'
import type { Destination } from '../load/destination.ts'

/** What one commit replaces, and what it says about deletions. */
export interface Step<State> {
  readonly from: Checkpoint
  readonly to: Checkpoint
  /** Absent: the commit concludes no deletion. */
  readonly evidence?: DeletionEvidence
  /** The state after the commit. */
  readonly state: State
}

export interface CommitOptions extends RetryOptions {
  readonly destination: Pick<Destination, 'checkpoint' | 'lastCounts' | 'commit'>
}

/** A batch whose rows are in the tables. */
export interface CommittedBatch<State> {
  readonly batch: RowBatch
  readonly result: Committed
  readonly state: State
}

/** Commits one batch after another. @param stepOf the step from the state so far. @throws {DestinationError} */
export async function* commit<State>(
  batches: AsyncIterable<RowBatch>,
  start: State,
  stepOf: (state: State, batch: RowBatch) => Step<State>,
  options: CommitOptions,
  signal: AbortSignal,
): AsyncGenerator<CommittedBatch<State>> {
  let state = start
  for await (const batch of batches) {
    const step = stepOf(state, batch)
    const result = await commitBatch(batch, step, options, signal)
    state = step.state
    yield { batch, result, state }
  }
}

/** Writes a batch and the checkpoint that it justifies in one transaction. @throws {DestinationError} */
export function commitBatch(
  batch: RowBatch,
  { from, to, evidence }: Omit<Step<unknown>, 'state'>,
  options: CommitOptions,
  signal: AbortSignal,
): Promise<Committed> {
  const { destination } = options
  const write = (): Promise<Committed> => destination.commit(batch, from, to, evidence)
  return writeOnce(write, () => destination.lastCounts(to.stream), to, options, signal)
}

/**
 * Retries a write that replaces a checkpoint by `to`, and never repeats one that has succeeded. When the connection is
 * lost during COMMIT, the stored checkpoint decides: if it has the version and the writer of `to`, the write succeeded.
 * @param resultOf reads the result of a write that succeeded; null: it is not known, so the write is tried again.
 */
export function writeOnce<T>(
  write: () => Promise<T>,
  resultOf: () => Promise<T | null>,
  to: Checkpoint,
  options: RetryOptions & { readonly destination: Pick<Destination, 'checkpoint'> },
  signal: AbortSignal,
): Promise<T> {
  const resultOfOurs = async (): Promise<T | null> => {
    const { version, writer } = await options.destination.checkpoint(to.stream)
    return version === to.version && writer === to.writer ? await resultOf() : null
  }
  return retryDestination(
    async isRetry => {
      if (!isRetry) return await write()
      const known = await resultOfOurs()
      if (known !== null) return known
      try {
        return await write()
      } catch (error) {
        // The server was still at work on the first COMMIT, and ended it between the look and the second write.
        const late = error instanceof DestinationError && error.kind === 'moved' ? await resultOfOurs() : null
        if (late === null) throw error
        return late
      }
    },
    options,
    signal,
  )
}
