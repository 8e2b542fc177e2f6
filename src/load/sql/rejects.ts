import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { latestPast } from '../../common/instant.ts'
import type { Checkpoint, FlatRecord, Instant, KeptReject, Reject, RowBatch } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import type { Rejects } from '../destination.ts'
import { asText, keyAsText } from './as-text.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { type KnownReject, parseKnownReject, parseReject, parseRowTime } from './stored-values.ts'

type Db = Session['db']

/** Parameters in one statement, at most. */
const CHUNK = 500

/** Keeps rejects as part of commits. A reject is kept until its record loads in the same or a newer version. */
export function createRejects(inSchema: Context['inSchema']) {
  /** Kept rejects by stream. Nearly always there are none, and then a commit need not read them. */
  const known = new Map<string, readonly KnownReject[]>()

  return {
    /** Adds the rejects of a batch and deletes those whose records it loads. Runs after the merge, in its transaction. */
    async update(session: Session, batch: RowBatch, to: Checkpoint): Promise<void> {
      const db = inSchema(session)
      const { name } = batch.stream
      const kept = known.get(name) ?? (await readKnown(db, name))
      known.delete(name)
      const again = new Set(batch.rejects.map(reject => fingerprintOf(name, reject)))
      const replayed = new Set(batch.replayed)
      const latest = latestPast(batch.receivedAt)
      const loaded = kept.filter(
        reject =>
          !again.has(reject.fingerprint) &&
          (replayed.has(reject.fingerprint) || isReplaced(reject, batch.records.get(reject.key ?? ''), latest)),
      )
      await deleteRejects(db, loaded)
      await keepRejects(db, batch, to)
      if (loaded.length === 0 && batch.rejects.length === 0) known.set(name, kept)
    },
  }
}

/** A loaded record replaces a reject, except an older version of it. @param latest the latest cursor that is not in the future. */
const isReplaced = ({ changedAt }: KnownReject, record: FlatRecord | undefined, latest: Instant): boolean =>
  record !== undefined &&
  (changedAt === null || record.cursor === null || changedAt <= record.cursor || changedAt > latest)

async function readKnown(db: Db, stream: string): Promise<KnownReject[]> {
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', 'key', asText('changed_at').as('changed_at')])
    .where('stream', '=', stream)
    .execute()
  return rows.map(row => parseKnownReject(row, stream))
}

async function deleteRejects(db: Db, rejects: readonly KnownReject[]): Promise<void> {
  for (let start = 0; start < rejects.length; start += CHUNK) {
    const fingerprints = rejects.slice(start, start + CHUNK).map(({ fingerprint }) => fingerprint)
    await db.deleteFrom('_sync_rejects').where('fingerprint', 'in', fingerprints).execute()
  }
}

export const fingerprintOf = (stream: string, { path, record }: Pick<Reject, 'path' | 'record'>): string =>
  createHash('sha256')
    .update(JSON.stringify([stream, path, record]))
    .digest('hex')

/** Adds each reject once: the lookback reads a rejected record again with every run. */
async function keepRejects(db: Db, { stream, rejects, receivedAt, source }: RowBatch, to: Checkpoint): Promise<void> {
  for (const reject of rejects) {
    const fingerprint = fingerprintOf(stream.name, reject)
    const seen = await db
      .updateTable('_sync_rejects')
      .set({ seen_at: receivedAt })
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst()
    if (seen.numUpdatedRows > 0n) continue
    const { key, path, reason, record, cursor } = reject
    const times = { changed_at: cursor, rejected_at: receivedAt, seen_at: receivedAt }
    const row = { fingerprint, stream: stream.name, key, path, reason, record, source: source ?? null, ...times }
    await db
      .insertInto('_sync_rejects')
      .values({ ...row, run: to.writer ?? '' })
      .execute()
  }
}

/** `Rejects` for every database that has an `Engine`. */
export const createRejectReader = ({ engine, schema, inSchema }: Context): Rejects => ({
  rejects: stream => engine.transaction(session => readRejects(inSchema(session), stream)),
  rejectedRecords: fingerprints => engine.transaction(session => readRecords(inSchema(session), fingerprints)),
  writtenSince: (stream, seen) => engine.transaction(session => writtenSince(session, schema, stream, seen)),
})

async function readRejects(db: Db, stream: string): Promise<readonly KeptReject[]> {
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', 'key', 'source', sql<string>`cast(coalesce(seen_at, rejected_at) as text)`.as('seen')])
    .where('stream', '=', stream)
    .orderBy('key')
    .orderBy('seen')
    .orderBy('fingerprint')
    .execute()
  return rows.map(row => parseReject(row, stream))
}

async function readRecords(db: Db, fingerprints: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (fingerprints.length === 0) return new Map()
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', asText('record').as('record')])
    .where('fingerprint', 'in', [...fingerprints])
    .execute()
  return new Map(rows.map(({ fingerprint, record }) => [fingerprint, recordIn(record)]))
}

/** The JSON of a record. One that cannot be stored as JSON is kept as a text: its JSON, which begins like that of a record. */
function recordIn(stored: string): string {
  const text: unknown = stored.startsWith('"') ? JSON.parse(stored) : null
  return typeof text === 'string' && /^[{["]/.test(text) ? text : stored
}

/**
 * Of these keys, those whose row is newer than the record seen at the given time: the row was marked as deleted since, or,
 * for a stream without a cursor to tell which version is newer, written since.
 */
async function writtenSince(
  session: Session,
  schema: string,
  stream: Stream,
  seen: ReadonlyMap<string, Instant>,
): Promise<ReadonlySet<string>> {
  if (seen.size === 0) return new Set()
  const { root } = tablesOf(stream)
  const key = keyAsText('t', root)
  const { rows } = await sql<{ key: string; written: string; deleted: string | null }>`
    select ${key} as key, cast(t._synced_at as text) as written, cast(t._deleted_at as text) as deleted
    from ${sql.table(`${schema}.${root.name}`)} as t where ${key} in (${sql.join([...seen.keys()])})`.execute(
    session.db,
  )
  const newer = rows.filter(({ key, written, deleted }) => {
    const seenAt = seen.get(key)
    if (seenAt === undefined) return false
    const deletedAt = parseRowTime(deleted, root.name, key, '_deleted_at')
    const hasCursor = stream.sync.mode === 'incremental'
    const since = deletedAt ?? (hasCursor ? null : parseRowTime(written, root.name, key, '_synced_at'))
    return since !== null && since > seenAt
  })
  return new Set(newer.map(({ key }) => key))
}
