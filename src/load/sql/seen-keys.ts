import { type RawBuilder, sql } from 'kysely'
import { toMillis } from '../../common/instant.ts'
import type { Checkpoint, DeletionEvidence, Instant } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { texts } from './blocks.ts'
import type { Session } from './engine.ts'

const NOTICED = '_noticed'
const WHAT = { name: 'what', kind: 'text', required: true, doc: '' } as const
const KEY = { name: 'key', kind: 'text', required: true, doc: '' } as const

/** A walk that saw too little is doubted; a second one that saw as little, begun so much later, is believed. */
const SUSPICION_MS = 12 * 3_600_000
/** A walk or sweep that has ended, and where what it saw is kept. */
export interface EndedScan {
  readonly session: Session
  readonly schema: string
  readonly stream: Stream
  /** The walk or sweep that has ended. */
  readonly ended: Instant
  readonly at: Instant
}

const seenTable = (schema: string): RawBuilder<unknown> => sql.table(`${schema}._sync_seen`)

/** Keeps what a page showed, once each. */
export async function note(
  session: Session,
  schema: string,
  { stream }: Checkpoint,
  { keys, parts, unknown }: DeletionEvidence,
  walk: Instant,
): Promise<void> {
  const rows = [
    ...keys.map(key => ['record', key]),
    ...[...new Set(parts)].map(part => ['part', part]),
    ...(unknown ? [['unknown', '']] : []),
  ]
  if (rows.length === 0) return
  await session.createTempTable(NOTICED, [WHAT, KEY])
  await session.append({ schema: null, table: NOTICED }, [WHAT, KEY], texts(rows))
  await sql`
    insert into ${seenTable(schema)} (stream, walk, what, key)
    select ${stream}, ${walk}, n.what, n.key from ${sql.table(NOTICED)} as n
    where not exists (
      select 1 from ${seenTable(schema)} as s
      where s.stream = ${stream} and s.walk = ${walk} and s.what = n.what and s.key = n.key
    )`.execute(session.db)
}

/** What the walk saw of the kind, as a subquery. */
export const seen = ({ schema, stream, ended }: EndedScan, what: string, walk = ended): RawBuilder<unknown> =>
  sql`select s.key from ${seenTable(schema)} as s
      where s.stream = ${stream.name} and s.walk = ${walk} and s.what = ${what}`

/** Of sweeps that were broken off. */
export async function forgetUnended(roll: Pick<EndedScan, 'session' | 'schema' | 'stream'>): Promise<void> {
  const { session, schema, stream } = roll
  const before = await sweptBefore(roll)
  await sql`
    delete from ${seenTable(schema)}
    where stream = ${stream.name} and what <> 'doubt' and walk <> ${before ?? ''}`.execute(session.db)
}

/** The last sweep that ended; its list is still there. */
export async function sweptBefore({
  session,
  schema,
  stream,
}: Pick<EndedScan, 'session' | 'schema' | 'stream'>): Promise<Instant | null> {
  const { rows } = await sql<{ walk: Instant | null }>`
    select max(s.walk) as walk from ${seenTable(schema)} as s
    where s.stream = ${stream.name} and s.what = 'swept'`.execute(session.db)
  return rows[0]?.walk ?? null
}

/** Whether an earlier walk has seen as little. The first such is remembered. */
export async function isConfirmed(roll: EndedScan): Promise<boolean> {
  const { session, schema, stream, ended } = roll
  const { rows } = await sql<{ walk: Instant }>`
    select s.walk as walk from ${seenTable(schema)} as s
    where s.stream = ${stream.name} and s.what = 'doubt' order by s.walk limit 1`.execute(session.db)
  const first = rows[0]?.walk
  if (first !== undefined) return toMillis(ended) - toMillis(first) >= SUSPICION_MS
  await sql`
    insert into ${seenTable(schema)} (stream, walk, what, key)
    values (${stream.name}, ${ended}, 'doubt', '')`.execute(session.db)
  return false
}

/** A walk that saw enough, or was believed, ends the doubt. */
export async function endSuspicion({ session, schema, stream }: EndedScan): Promise<void> {
  await sql`delete from ${seenTable(schema)} where stream = ${stream.name} and what = 'doubt'`.execute(session.db)
}

/** What a walk saw has served its end with it. The list of a sweep says until the next what was last known to be there. */
export async function forget({ session: { db }, schema, stream, ended }: EndedScan, believed: boolean): Promise<void> {
  const mine = sql`stream = ${stream.name} and what <> 'doubt'`
  if (typeof stream.deletions.absence !== 'object') {
    await sql`delete from ${seenTable(schema)} where ${mine}`.execute(db)
  } else if (!believed) {
    await sql`delete from ${seenTable(schema)} where ${mine} and walk = ${ended}`.execute(db)
  } else {
    await sql`delete from ${seenTable(schema)} where ${mine} and (walk <> ${ended} or what = 'swept')`.execute(db)
    await sql`
      insert into ${seenTable(schema)} (stream, walk, what, key)
      values (${stream.name}, ${ended}, 'swept', '')`.execute(db)
  }
}

/** For a stream that is to be read from its start. */
export async function forgetSeen(db: Session['db'], stream: string): Promise<void> {
  await db.deleteFrom('_sync_seen').where('stream', '=', stream).execute()
}
