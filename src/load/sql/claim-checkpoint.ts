import { DestinationError } from '../../common/errors.ts'
import type { Checkpoint, Instant } from '../../common/model.ts'
import type { Session } from './engine.ts'
import { stringifyScan } from './stored-json.ts'
import type { SystemTables } from './system-tables.ts'

/** Compare-and-set: a stream whose checkpoint another run has replaced since `from` was read is not written to. */
export async function claimCheckpoint(
  db: Session['db'],
  committedAt: Instant,
  from: Checkpoint,
  to: Checkpoint,
): Promise<void> {
  const row = {
    version: String(to.version),
    watermark: to.watermark,
    walk: to.scan === null ? null : stringifyScan(to.scan),
    shape: to.schemaHash,
    writer: to.writer,
    swept: to.lastSnapshotAt,
    committed_at: committedAt,
  }
  const taken =
    from.version === 0 ? await firstClaim(db, to.stream, row) : await nextClaim(db, to.stream, from.version, row)
  if (taken !== 1n) throw new DestinationError('moved', `${to.stream}: another run has replaced its checkpoint`)
}

type Claimed = Omit<SystemTables['_sync_checkpoints'], 'stream' | 'counts' | 'report'>

async function nextClaim(db: Session['db'], stream: string, version: number, row: Claimed): Promise<bigint> {
  const result = await db
    .updateTable('_sync_checkpoints')
    .set(row)
    .where('stream', '=', stream)
    .where('version', '=', String(version))
    .executeTakeFirst()
  return result.numUpdatedRows
}

async function firstClaim(db: Session['db'], stream: string, row: Claimed): Promise<bigint> {
  const there = await db.selectFrom('_sync_checkpoints').select('stream').where('stream', '=', stream).execute()
  // A row without a commit: the stream was skipped so far.
  if (there.length > 0) return nextClaim(db, stream, 0, row)
  const result = await db
    .insertInto('_sync_checkpoints')
    .values({ stream, ...row, counts: null, report: null })
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows ?? 0n
}
