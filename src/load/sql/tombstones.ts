import { type RawBuilder, sql } from 'kysely'
import type { Instant, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import { keyAsText } from './as-text.ts'
import { blocks, texts } from './blocks.ts'
import type { Session } from './engine.ts'
import { keyWriter } from './rows.ts'

/** A temporary table: keys of the batch's events that are not in the stream's table yet. */
const NEW_EVENTS = '_new_events'
/** A temporary table: keys of records that were read. */
const READ = '_read'

const KEY = { name: '_key', kind: 'text', required: true, doc: '' } as const

const isNewEvent = (alias: string, key: string): RawBuilder<unknown> =>
  sql`${sql.ref(`a.${key}`)} = ${sql.ref(`${alias}.${key}`)}`

/** Stages the new events of a batch. Runs before the merge. @returns false: the stream has no deletion events. */
export async function stageNewEvents(
  session: Session,
  schema: string,
  { stream, records }: RowBatch,
): Promise<boolean> {
  if (stream.deletionEvents === null || records.size === 0) return false
  // With the key's own type, so that the index on the events can be used.
  const { root } = tablesOf(stream)
  const key = root.columns.find(({ name }) => name === root.key[0])
  if (key === undefined) return false
  const writeKey = keyWriter(stream)
  await session.createTempTable(NEW_EVENTS, [key])
  await session.append(
    { schema: null, table: NEW_EVENTS },
    [key],
    blocks(records.values(), (to, record) => {
      to.short(1)
      writeKey(to, record)
      return 1
    }),
  )
  await sql`
    delete from ${sql.table(NEW_EVENTS)} as a using ${tableOf(schema, stream)} as t
    where ${isNewEvent('t', key.name)}`.execute(session.db)
  return true
}

/**
 * Records a tombstone for each new deletion event, and deletes the tombstones of records that have a later event of
 * another kind. Runs after the merge. Compares only the events' own times with each other: they carry no offset, so they
 * may be hours off from other times.
 */
export async function recordTombstones(
  session: Session,
  schema: string,
  { stream, receivedAt }: RowBatch,
): Promise<void> {
  const { deletionEvents } = stream
  if (deletionEvents === null) return
  const tombstones = sql.table(`${schema}._sync_tombstones`)
  const events = tableOf(schema, stream)
  const { root } = tablesOf(stream)
  const column = (name: string) => sql.ref(`e.${identifier(name)}`)
  const isDeletion = sql`lower(${column(deletionEvents.verb)}) = ${deletionEvents.gone}`
  const type = sql`lower(${column(deletionEvents.type)})`
  const key = sql`cast(${column(deletionEvents.key)} as text)`
  const happenedAt = column(deletionEvents.at)
  // An event may lack its time: then it happened at the latest when it was read.
  await sql`
    insert into ${tombstones} (type, key, event, happened_at, noted_at)
    select ${type}, ${key}, max(${keyAsText('e', root)}),
      coalesce(max(${happenedAt}), cast(${receivedAt} as timestamptz)), cast(${receivedAt} as timestamptz)
    from ${events} as e join ${sql.table(NEW_EVENTS)} as a on ${isNewEvent('e', root.key[0] ?? '')}
    where ${isDeletion} and ${column(deletionEvents.key)} is not null and ${column(deletionEvents.type)} is not null
      and not exists (select 1 from ${tombstones} as s where s.type = ${type} and s.key = ${key})
    group by 1, 2`.execute(session.db)
  await sql`
    delete from ${tombstones} as s using ${events} as e
    where s.type = ${type} and s.key = ${key} and not coalesce(${isDeletion}, false) and ${happenedAt} > s.happened_at`.execute(
    session.db,
  )
}

/** Tombstones of a type that no scan has used or contradicted yet. */
export async function countTombstones({ db }: Session, schema: string, type: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select cast(count(*) as text) as n from ${sql.table(`${schema}._sync_tombstones`)} where type = ${type}`.execute(db)
  return Number(rows[0]?.n ?? 0)
}

/** Deletes the tombstones of records that were read: they exist, whatever an event said before. */
export async function deleteTombstones(
  session: Session,
  schema: string,
  type: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return
  await session.createTempTable(READ, [KEY])
  await session.append({ schema: null, table: READ }, [KEY], texts(keys.map(key => [key])))
  await sql`
    delete from ${sql.table(`${schema}._sync_tombstones`)} as s using ${sql.table(READ)} as a
    where s.type = ${type} and s.key = a._key`.execute(session.db)
}

/** Marks the rows that have a tombstone as deleted, and deletes all tombstones of the type. @returns rows marked. */
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
      and exists (
        select 1 from ${tombstones} as s where s.type = ${type} and s.key = ${keyAsText('t', tablesOf(stream).root)})
    returning 1`.execute(db)
  await sql`delete from ${tombstones} where type = ${type}`.execute(db)
  return rows.length
}

/** The stream's own table. */
export const tableOf = (schema: string, stream: Stream): RawBuilder<unknown> =>
  sql.table(`${schema}.${tablesOf(stream).root.name}`)
