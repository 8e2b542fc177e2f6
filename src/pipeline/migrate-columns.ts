import { Interrupted } from '../common/errors.ts'
import type { Log } from '../common/log.ts'
import { type RetryOptions, retryDestination } from '../common/retry-destination.ts'
import type { ColumnMigrations } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'
import type { StreamStats } from './stream-stats.ts'

export interface MigrateOptions extends RetryOptions {
  readonly destination: ColumnMigrations
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Whether the run keeps others out of the destination. Only then may it convert columns. */
  readonly locked: boolean
}

/**
 * Brings columns that hold values to the declaration of a stream, before it is read, and says so.
 * @throws {DestinationError} `incompatible`, `in_use`, `locked`
 * @throws {Interrupted}
 */
export async function migrateColumns(
  stream: Stream,
  options: MigrateOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  const { destination, log, locked } = options
  try {
    const migrated = await retryDestination(
      () => destination.migrateColumns(stream, locked ? signal : null),
      options,
      signal,
    )
    if (migrated.changed.length > 0 || migrated.kept.length > 0)
      log.info({ event: 'migrated', stream: stream.name, ...migrated })
    stats.migrated(migrated.changed)
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    throw error
  }
}
