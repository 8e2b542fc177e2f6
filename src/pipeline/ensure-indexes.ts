import { Interrupted } from '../common/errors.ts'
import type { RetryOptions } from '../common/retry-destination.ts'
import type { Indexing } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { bugOf, problemOf, type StreamStats } from './stream-stats.ts'

/**
 * Makes the indexes that the tables of a stream lack, after it was read to its end. Its rows are complete without them, so
 * a failure is a warning, and the next run tries again.
 * @throws {Interrupted}
 */
export async function ensureIndexes(
  stream: Stream,
  { destination, log }: Pick<RetryOptions, 'log'> & { readonly destination: Indexing },
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  try {
    await destination.createIndexes(allTables(stream), signal)
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    const { message, next } = problemOf(error) ?? bugOf(error)
    log.warn({ event: 'no_index', stream: stream.name, message })
    stats.requestStats.warnings.push({
      code: 'no_index',
      message: `all rows are loaded, but indexes could not be made, so queries may read whole tables: ${message}`,
      next: `${next} The next run tries again; with indexes: false in the configuration it does not.`,
    })
  }
}
