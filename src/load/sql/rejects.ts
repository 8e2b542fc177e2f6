import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Checkpoint, FlatRecord, Instant, KeptReject, Reject, RowBatch } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import type { Rejects } from '../destination.ts'
import type { Engine, Session } from './engine.ts'

type Db = Session['db']

/** What is to be known of a kept reject to tell whether a record takes its place. */
type Known = Pick<KeptReject, 'fingerprint' | 'key'> & { readonly changedAt: Instant | null }

/** Statements are kept to this many parameters. */
const CHUNK = 500

/**
 * The rejects of a warehouse. A reject is kept until its record loads, in the same or a newer version: then nothing is
 * missing any more.
 */
export function createRejects(schemaOf: (session: Session) => Db) {
  /** Of the streams that commit, what is kept: nearly always nothing, and then a commit asks for nothing. */
  const known = new Map<string, readonly Known[]>()

  return {
    /** After the merge, in the same transaction. */
    async follow(session: Session, batch: RowBatch, to: Checkpoint): Promise<void> {
      const db = schemaOf(session)
      const { name } = batch.stream
      const kept = known.get(name) ?? (await knownOf(db, name))
      known.delete(name)
      const again = new Set(batch.rejects.map(reject => fingerprintOf(name, reject)))
      const replayed = new Set(batch.replayed)
      const loaded = kept.filter(
        reject =>
          !again.has(reject.fingerprint) &&
          (replayed.has(reject.fingerprint) || isReplaced(reject, batch.records.get(reject.key ?? ''))),
      )
      await forget(db, loaded)
      await keep(db, batch, to)
      if (loaded.length === 0 && batch.rejects.length === 0) known.set(name, kept)
    },
  }
}

/** An older version that loads says nothing of a newer one that did not. */
const isReplaced = ({ changedAt }: Known, record: FlatRecord | undefined): boolean =>
  record !== undefined && (changedAt === null || record.cursor === null || changedAt <= record.cursor)

async function knownOf(db: Db, stream: string): Promise<Known[]> {
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', 'key', asText('changed_at').as('changed_at')])
    .where('stream', '=', stream)
    .execute()
  return rows.map(({ fingerprint, key, changed_at }) => ({ fingerprint, key, changedAt: instantOf(changed_at) }))
}

async function forget(db: Db, rejects: readonly Known[]): Promise<void> {
  for (let start = 0; start < rejects.length; start += CHUNK) {
    const fingerprints = rejects.slice(start, start + CHUNK).map(({ fingerprint }) => fingerprint)
    await db.deleteFrom('_sync_rejects').where('fingerprint', 'in', fingerprints).execute()
  }
}

const fingerprintOf = (stream: string, { path, record }: Reject): string =>
  createHash('sha256')
    .update(JSON.stringify([stream, path, record]))
    .digest('hex')

/** Once each: the overlap reads a rejected record again with every run. */
async function keep(db: Db, { stream, rejects, receivedAt, source }: RowBatch, to: Checkpoint): Promise<void> {
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

/** How they are read again. */
export const keptRejects = (engine: Engine, schemaOf: (session: Session) => Db, schema: string): Rejects => ({
  rejects: stream => engine.transaction(session => rejectsOf(schemaOf(session), stream)),
  rejectedRecords: fingerprints => engine.transaction(session => recordsOf(schemaOf(session), fingerprints)),
  writtenSince: (stream, seen) => engine.transaction(session => writtenSince(session, schema, stream, seen)),
})

/** What is kept of a stream, versions of one record side by side and the one seen last at their end. */
async function rejectsOf(db: Db, stream: string): Promise<readonly KeptReject[]> {
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', 'key', 'source', sql<string>`cast(coalesce(seen_at, rejected_at) as text)`.as('seen')])
    .where('stream', '=', stream)
    .orderBy('key')
    .orderBy('seen')
    .orderBy('fingerprint')
    .execute()
  return rows.map(
    ({ fingerprint, key, source, seen }): KeptReject => ({
      fingerprint,
      key,
      seenAt: instantOf(seen) as Instant,
      source: source === 'export' ? source : null,
    }),
  )
}

/** The records as JSON, by fingerprint. */
async function recordsOf(db: Db, fingerprints: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (fingerprints.length === 0) return new Map()
  const rows = await db
    .selectFrom('_sync_rejects')
    .select(['fingerprint', asText('record').as('record')])
    .where('fingerprint', 'in', [...fingerprints])
    .execute()
  return new Map(rows.map(({ fingerprint, record }) => [fingerprint, record]))
}

/**
 * Of these keys, those whose row knows more than who saw the record at the given time: it was marked as deleted since,
 * or written since where no cursor deletionEvents which version is the newer.
 */
async function writtenSince(
  session: Session,
  schema: string,
  stream: Stream,
  seen: ReadonlyMap<string, Instant>,
): Promise<ReadonlySet<string>> {
  if (seen.size === 0) return new Set()
  const { root } = tablesOf(stream)
  const key = sql<string>`${sql.join(
    root.key.map(name => sql`cast(${sql.ref(`t.${name}`)} as text)`),
    sql` || chr(31) || `,
  )}`
  const { rows } = await sql<{ key: string; written: string; deleted: string | null }>`
    select ${key} as key, cast(t._synced_at as text) as written, cast(t._deleted_at as text) as deleted
    from ${sql.table(`${schema}.${root.name}`)} as t where ${key} in (${sql.join([...seen.keys()])})`.execute(
    session.db,
  )
  const newer = rows.filter(({ key, written, deleted }) => {
    const at = seen.get(key)
    if (at === undefined) return false
    const since = stream.sync.mode === 'incremental' ? deleted : (deleted ?? written)
    return since !== null && (instantOf(since) ?? at) > at
  })
  return new Set(newer.map(({ key }) => key))
}

const asText = (column: string) => sql<string>`cast(${sql.ref(column)} as text)`

const instantOf = (text: string | null): Instant | null => (text === null ? null : parseInstant(text, 'UTC'))
