import { DestinationError } from '../../common/errors.ts'
import type { Checkpoint, Instant } from '../../common/model.ts'
import type { Session } from './engine.ts'
import { STORED_COUNTS, type StoredCounts } from './row-counts.ts'
import { stringifyScan } from './stored-values.ts'
import type { SystemTables } from './system-tables.ts'

/**
 * Replaces the checkpoint `from` by `to`, by compare-and-set on its version.
 * @returns the numbers of rows that are stored beside it.
 * @throws {DestinationError} `moved` if another run has replaced `from` since it was read.
 */
export async function claimCheckpoint(
  db: Session['db'],
  committedAt: Instant,
  from: Checkpoint,
  to: Checkpoint,
): Promise<StoredCounts> {
  const row = {
    version: String(to.version),
    watermark: to.watermark,
    walk: to.scan === null ? null : stringifyScan(to.scan),
    shape: to.schemaHash,
    writer: to.writer,
    swept: to.lastSnapshotAt,
    complete_from: to.completeFrom,
    committed_at: committedAt,
    lost: null,
  }
  const claimed =
    from.version === 0 ? await firstClaim(db, to.stream, row) : await nextClaim(db, to.stream, from.version, row)
  if (claimed === undefined)
    throw new DestinationError('moved', `${to.stream}: another run has replaced its checkpoint`)
  return claimed
}

/**
 * Keeps every other run from replacing a checkpoint until the transaction ends, and leaves it as it is.
 * @throws {DestinationError} `moved` if another run has replaced it.
 */
export async function holdCheckpoint(db: Session['db'], { stream, version, writer }: Checkpoint): Promise<void> {
  const held = await db
    .updateTable('_sync_checkpoints')
    .set({ version: String(version) })
    .where('stream', '=', stream)
    .where('version', '=', String(version))
    .where('writer', '=', writer)
    .executeTakeFirst()
  if (held.numUpdatedRows !== 1n)
    throw new DestinationError('moved', `${stream}: another run has replaced its checkpoint`)
}

type ClaimedRow = Omit<SystemTables['_sync_checkpoints'], 'stream' | 'counts' | 'report' | 'rows' | 'child_rows'>

async function nextClaim(
  db: Session['db'],
  stream: string,
  version: number,
  row: ClaimedRow,
): Promise<StoredCounts | undefined> {
  return db
    .updateTable('_sync_checkpoints')
    .set(row)
    .where('stream', '=', stream)
    .where('version', '=', String(version))
    .returning(STORED_COUNTS)
    .executeTakeFirst()
}

async function firstClaim(db: Session['db'], stream: string, row: ClaimedRow): Promise<StoredCounts | undefined> {
  const existing = await db.selectFrom('_sync_checkpoints').select('stream').where('stream', '=', stream).execute()
  // A row of version 0: runs have skipped the stream so far.
  if (existing.length > 0) return nextClaim(db, stream, 0, row)
  const uncounted = { rows: null, child_rows: null }
  await db
    .insertInto('_sync_checkpoints')
    .values({ stream, ...row, counts: null, report: null, ...uncounted })
    .execute()
  return uncounted
}
