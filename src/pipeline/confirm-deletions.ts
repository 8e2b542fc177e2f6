import { Interrupted, SyncError } from '../common/errors.ts'
import type { Checkpoint, DeletionSkipped, DeletionsToConfirm, RequestStats } from '../common/model.ts'
import { type RetryOptions, retryDestination } from '../common/retry-destination.ts'
import { statedDeletion } from '../common/stated-deletion.ts'
import type { Source } from '../extract/source.ts'
import type { DeletionSupport, Deletions } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'
import { recordDecoder } from '../transform/decode-page.ts'

export interface ConfirmOptions extends RetryOptions {
  readonly source: Pick<Source, 'retrieve' | 'clock'>
  readonly destination: DeletionSupport
  readonly requestStats: RequestStats
}

/**
 * Asks the source for some of the records that a scan did not see, and marks the rows of all of them if it has none of
 * those. A 404 counts only if the same path serves a record that the scan saw. Where it serves none, a second scan that
 * saw as few is enough, as for streams whose records cannot be asked for.
 * @param checkpoint as the commit wrote it that ended the scan.
 */
export async function confirmDeletions(
  stream: Stream,
  skipped: DeletionSkipped & { readonly toConfirm: DeletionsToConfirm },
  checkpoint: Checkpoint,
  options: ConfirmOptions,
  signal: AbortSignal,
): Promise<Deletions> {
  const { toConfirm } = skipped
  const answer = await ask(stream, toConfirm, options, signal)
  if (answer === 'some exist' || (answer === 'unknown' && !toConfirm.secondTime))
    return { deleted: 0, deletionSkipped: skipped }
  const at = options.source.clock()
  return await retryDestination(
    () => options.destination.markAbsent(stream, checkpoint, toConfirm.scan, at),
    options,
    signal,
  )
}

async function ask(
  stream: Stream,
  { absent, seen }: DeletionsToConfirm,
  { source, requestStats }: ConfirmOptions,
  signal: AbortSignal,
): Promise<'all gone' | 'some exist' | 'unknown'> {
  const decode = recordDecoder(stream)
  const deletionIn = statedDeletion(stream)
  const exists = async (key: string): Promise<boolean> => {
    const found = await source.retrieve(stream, key, decode, { requestStats, signal })
    // A record that says that it is deleted is as good as a 404.
    return found !== null && !found.records.some(record => deletionIn !== null && deletionIn(record) >= 0)
  }
  try {
    for (const key of absent) if (await exists(key)) return 'some exist'
    return seen !== null && (await exists(seen)) ? 'all gone' : 'unknown'
  } catch (error) {
    // The rows stay as they are; only what concerns the whole run is passed on.
    if (error instanceof Interrupted || !(error instanceof SyncError) || error.reaction === 'stop') throw error
    return 'unknown'
  }
}
