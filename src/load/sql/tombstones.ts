import { type RawBuilder, sql } from 'kysely'
import type { Instant, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import { blocks, texts } from './blocks.ts'
import type { Session } from './engine.ts'
import { keyWriter } from './rows.ts'

/** A temporary table of the keys of this batch that the tables do not hold yet. */
const ARRIVALS = '_arrivals'
/** A temporary table of keys that a scan met alive. */
const ALIVE = '_alive'

const KEY = { name: '_key', kind: 'text', required: true, doc: '' } as const

const ofArrival = (alias: string, key: string): RawBuilder<unknown> =>
  sql`${sql.ref(`a.${key}`)} = ${sql.ref(`${alias}.${key}`)}`

/** Before the merge: which records of a stream that deletionEvents of deletions are news. False: it deletionEvents of none. */
export async function arrivals(session: Session, schema: string, { stream, records }: RowBatch): Promise<boolean> {
  if (stream.deletionEvents === null || records.size === 0) return false
  // Of the key's own type, so that an index on the events is of use.
  const { root } = tablesOf(stream)
  const key = root.columns.find(({ name }) => name === root.key[0])
  if (key === undefined) return false
  const writeKey = keyWriter(stream)
  await session.createTempTable(ARRIVALS, [key])
  await session.append(
    { schema: null, table: ARRIVALS },
    [key],
    blocks(records.values(), (to, record) => {
      to.short(1)
      writeKey(to, record)
      return 1
    }),
  )
  await sql`
    delete from ${sql.table(ARRIVALS)} as a using ${tableOf(schema, stream)} as t
    where ${ofArrival('t', key.name)}`.execute(session.db)
  return true
}

/**
 * After the merge: every deletion that is news leaves a tombstone, once, and whatever happens to a record later takes it
 * away. Only the events' own times are compared: they carry no offset, so beside other times they may be hours off.
 */
export async function noteTombstones(
  session: Session,
  schema: string,
  { stream, receivedAt }: RowBatch,
): Promise<void> {
  const { deletionEvents } = stream
  if (deletionEvents === null) return
  const tombstones = sql.table(`${schema}._sync_tombstones`)
  const events = tableOf(schema, stream)
  const column = (name: string) => sql.ref(`e.${identifier(name)}`)
  const gone = sql`lower(${column(deletionEvents.verb)}) = ${deletionEvents.gone}`
  const type = sql`lower(${column(deletionEvents.type)})`
  const key = sql`cast(${column(deletionEvents.key)} as text)`
  await sql`
    insert into ${tombstones} (type, key, event, happened_at, noted_at)
    select ${type}, ${key}, max(${keyText('e', stream)}), max(${column(deletionEvents.at)}), cast(${receivedAt} as timestamptz)
    from ${events} as e join ${sql.table(ARRIVALS)} as a on ${ofArrival('e', tablesOf(stream).root.key[0] ?? '')}
    where ${gone} and ${column(deletionEvents.key)} is not null and ${column(deletionEvents.type)} is not null
      and not exists (select 1 from ${tombstones} as s where s.type = ${type} and s.key = ${key})
    group by 1, 2`.execute(session.db)
  await sql`
    delete from ${tombstones} as s using ${events} as e
    where s.type = ${type} and s.key = ${key} and not coalesce(${gone}, false) and ${column(deletionEvents.at)} > s.happened_at`.execute(
    session.db,
  )
}

/** How many records of a type events have reported as deleted, and no scan has confirmed or met since. */
export async function countTombstones({ db }: Session, schema: string, type: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select cast(count(*) as text) as n from ${sql.table(`${schema}._sync_tombstones`)} where type = ${type}`.execute(db)
  return Number(rows[0]?.n ?? 0)
}

/** A record that is met is not gone, whatever an event said before. */
export async function dropMet(session: Session, schema: string, type: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await session.createTempTable(ALIVE, [KEY])
  await session.append({ schema: null, table: ALIVE }, [KEY], texts(keys.map(key => [key])))
  await sql`
    delete from ${sql.table(`${schema}._sync_tombstones`)} as s using ${sql.table(ALIVE)} as a
    where s.type = ${type} and s.key = a._key`.execute(session.db)
}

/** Marks what the tombstones of a stream name, and takes them away. @returns how many rows that were. */
export async function softDelete(
  { db }: Session,
  schema: string,
  stream: Stream,
  type: string,
  at: Instant,
): Promise<number> {
  const tombstones = sql.table(`${schema}._sync_tombstones`)
  const { rows } = await sql`
    update ${tableOf(schema, stream)} as t
    set _deleted_at = cast(${at} as timestamptz), _deleted_by = 'event', _synced_at = cast(${at} as timestamptz)
    where t._deleted_at is null
      and exists (select 1 from ${tombstones} as s where s.type = ${type} and s.key = ${keyText('t', stream)})
    returning 1`.execute(db)
  await sql`delete from ${tombstones} where type = ${type}`.execute(db)
  return rows.length
}

export const tableOf = (schema: string, stream: Stream): RawBuilder<unknown> =>
  sql.table(`${schema}.${tablesOf(stream).root.name}`)

/** The key of a row, as that of an record is written. */
export const keyText = (alias: string, stream: Stream): RawBuilder<string> =>
  sql.join(
    tablesOf(stream).root.key.map(name => sql`cast(${sql.ref(`${alias}.${name}`)} as text)`),
    sql` || chr(31) || `,
  ) as RawBuilder<string>
