import { type RawBuilder, sql } from 'kysely'
import { toMillis } from '../../common/instant.ts'
import type { Checkpoint, DeletionEvidence, Instant } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { texts } from './blocks.ts'
import type { Session } from './engine.ts'
import { parseSeenScan } from './stored-values.ts'

/*
 * `_sync_seen`: the keys that a scan or a list snapshot has read. Its column `walk` names the scan by the instant just
 * before it began. Other rows mark a scan as a whole; their words are those of the first version and stay. They have no
 * key, but that of a suspect scan has the time of its end there.
 */
const SUSPECT = 'doubt'
const SNAPSHOT_ENDED = 'swept'
/** The scan has ended, and its keys stay until the loss that it showed is confirmed. */
const TO_CONFIRM = 'loss'

const NEWLY_SEEN = '_newly_seen'
const WHAT = { name: 'what', kind: 'text', required: true, doc: '' } as const
const KEY = { name: 'key', kind: 'text', required: true, doc: '' } as const

/**
 * A scan that saw too few rows is suspect. Its result counts if another scan, begun at least this much after the end of the
 * first, saw as few. A scan that was interrupted may end long after its beginning, and what it did not see is of its end.
 */
const CONFIRMED_AFTER_MS = 12 * 3_600_000

/** Where the seen keys of a stream are kept. */
export interface SeenKeys {
  readonly session: Session
  readonly schema: string
  readonly stream: Stream
}

/** A scan or list snapshot that has ended. */
export interface EndedScan extends SeenKeys {
  /** The instant just before it began. */
  readonly scan: Instant
  /** When its last page was read. */
  readonly at: Instant
}

const seenTable = (schema: string): RawBuilder<unknown> => sql.table(`${schema}._sync_seen`)

/** Records what a batch showed, each key once for a scan. */
export async function recordSeen(
  session: Session,
  schema: string,
  { stream }: Checkpoint,
  { keys, parts, unknown }: DeletionEvidence,
  scan: Instant,
): Promise<void> {
  const rows = [
    ...keys.map(key => ['record', key]),
    ...[...new Set(parts)].map(part => ['part', part]),
    ...(unknown ? [['unknown', '']] : []),
  ]
  if (rows.length === 0) return
  await session.createTempTable(NEWLY_SEEN, [WHAT, KEY])
  await session.append({ schema: null, table: NEWLY_SEEN }, [WHAT, KEY], texts(rows))
  await sql`
    insert into ${seenTable(schema)} (stream, walk, what, key)
    select ${stream}, ${scan}, n.what, n.key from ${sql.table(NEWLY_SEEN)} as n
    where not exists (
      select 1 from ${seenTable(schema)} as s
      where s.stream = ${stream} and s.walk = ${scan} and s.what = n.what and s.key = n.key
    )`.execute(session.db)
}

/** Subquery of the keys that a scan has seen of a kind. */
export const seenKeys = (
  { schema, stream }: SeenKeys,
  what: 'record' | 'part' | 'unknown',
  scan: Instant,
): RawBuilder<unknown> =>
  sql`select s.key from ${seenTable(schema)} as s
      where s.stream = ${stream.name} and s.walk = ${scan} and s.what = ${what}`

/** Deletes the keys of interrupted list snapshots. */
export async function deleteInterrupted(seen: SeenKeys): Promise<void> {
  const { session, schema, stream } = seen
  const ended = await lastSnapshot(seen)
  await sql`
    delete from ${seenTable(schema)}
    where stream = ${stream.name} and what <> ${SUSPECT} and walk <> ${ended ?? ''}`.execute(session.db)
}

/** The last list snapshot that ended; its keys are still in the table. @throws {DestinationError} `unreadable` */
export async function lastSnapshot({ session, schema, stream }: SeenKeys): Promise<Instant | null> {
  const { rows } = await sql<{ walk: string | null }>`
    select max(s.walk) as walk from ${seenTable(schema)} as s
    where s.stream = ${stream.name} and s.what = ${SNAPSHOT_ENDED}`.execute(session.db)
  const walk = rows[0]?.walk ?? null
  return walk === null ? null : parseSeenScan(walk, stream.name)
}

/**
 * Whether an earlier scan has seen as few rows as this one. The first suspect scan is recorded.
 * @throws {DestinationError} `unreadable`
 */
export async function isConfirmed(ended: EndedScan): Promise<boolean> {
  const { session, schema, stream, scan } = ended
  const first = await firstSuspect(ended)
  if (first !== null) return toMillis(scan) - toMillis(first.end) >= CONFIRMED_AFTER_MS
  await sql`
    insert into ${seenTable(schema)} (stream, walk, what, key)
    values (${stream.name}, ${scan}, ${SUSPECT}, ${ended.at})`.execute(session.db)
  return false
}

/** When a scan began, and when its last page was read. */
export interface ScanTimes {
  readonly begin: Instant
  readonly end: Instant
}

/** The first scan that is still suspect; null: none is. @throws {DestinationError} `unreadable` */
export async function firstSuspect({ session, schema, stream }: SeenKeys): Promise<ScanTimes | null> {
  const { rows } = await sql<{ begin: string; end: string }>`
    select s.walk as "begin", s.key as "end" from ${seenTable(schema)} as s
    where s.stream = ${stream.name} and s.what = ${SUSPECT} order by s.walk limit 1`.execute(session.db)
  const [first] = rows
  if (first === undefined) return null
  const begin = parseSeenScan(first.begin, stream.name)
  // Earlier versions did not record the end.
  return { begin, end: first.end === '' ? begin : parseSeenScan(first.end, stream.name) }
}

/** The first scan that is still suspect of the stream in this column, as text; null: none is. */
export const suspectScan = (schema: string, stream: string): RawBuilder<string | null> =>
  sql<string | null>`(select min(s.walk) from ${seenTable(schema)} as s
    where s.stream = ${sql.ref(stream)} and s.what = ${SUSPECT})`

/** Forgets the suspect scan: a later one saw enough, or confirmed it. */
export async function clearSuspect({ session, schema, stream }: EndedScan): Promise<void> {
  await sql`delete from ${seenTable(schema)} where stream = ${stream.name} and what = ${SUSPECT}`.execute(session.db)
}

/** Keeps the keys of an ended scan until its loss is confirmed. */
export async function keepToConfirm({ session, schema, stream, scan }: EndedScan): Promise<void> {
  await sql`
    insert into ${seenTable(schema)} (stream, walk, what, key)
    values (${stream.name}, ${scan}, ${TO_CONFIRM}, '')`.execute(session.db)
}

/** Whether the keys of an ended scan are still kept. Without them, every row would seem to be absent. */
export async function isToConfirm({ session, schema, stream, scan }: EndedScan): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ${seenTable(schema)} as s
    where s.stream = ${stream.name} and s.walk = ${scan} and s.what = ${TO_CONFIRM}`.execute(session.db)
  return rows.length > 0
}

/**
 * Deletes what an ended scan has seen. The keys of a list snapshot stay until the next one ends: they prove which rows
 * were of its kind.
 * @param accepted its result was used, so it replaces the snapshot before it.
 */
export async function deleteSeen(
  { session: { db }, schema, stream, scan }: EndedScan,
  accepted: boolean,
): Promise<void> {
  const ofStream = sql`stream = ${stream.name} and what <> ${SUSPECT}`
  if (typeof stream.deletions.absence !== 'object') {
    await sql`delete from ${seenTable(schema)} where ${ofStream}`.execute(db)
  } else if (!accepted) {
    await sql`delete from ${seenTable(schema)} where ${ofStream} and walk = ${scan}`.execute(db)
  } else {
    await sql`
      delete from ${seenTable(schema)} where ${ofStream} and (walk <> ${scan} or what in (${SNAPSHOT_ENDED}, ${TO_CONFIRM}))`.execute(
      db,
    )
    await sql`
      insert into ${seenTable(schema)} (stream, walk, what, key)
      values (${stream.name}, ${scan}, ${SNAPSHOT_ENDED}, '')`.execute(db)
  }
}

/** Deletes all that was seen of a stream, which will be read from its start. */
export async function resetSeen(db: Session['db'], stream: string): Promise<void> {
  await db.deleteFrom('_sync_seen').where('stream', '=', stream).execute()
}
