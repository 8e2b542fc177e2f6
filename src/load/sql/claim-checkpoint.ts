import { DestinationError } from '../../common/errors.ts'
import type { Checkpoint, Instant } from '../../common/model.ts'
import type { Session } from './engine.ts'

/** The fence: a stream that another run moved since `from` was read is not written to. */
export async function claim(db: Session['db'], committedAt: Instant, from: Checkpoint, to: Checkpoint): Promise<void> {
  const row = {
    version: String(to.version),
    watermark: to.watermark,
    walk: to.walk === null ? null : JSON.stringify(to.walk),
    shape: to.shape,
    writer: to.writer,
    swept: to.swept,
    committed_at: committedAt,
  }
  const taken =
    from.version === 0 ? await firstClaim(db, to.stream, row) : await nextClaim(db, to.stream, from.version, row)
  if (taken !== 1n) throw new DestinationError('moved', `${to.stream}: another run has moved it since`)
}

type Claimed = Omit<Checkpoint, 'stream' | 'version' | 'walk'> & {
  version: string
  walk: string | null
  committed_at: Instant
}

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
