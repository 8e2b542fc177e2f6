import { type RawBuilder, sql } from 'kysely'
import { fromMillis, toMillis } from '../../common/instant.ts'
import type { Checkpoint, Committed, DeletionEvidence, DeletionSkipped, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Session } from './engine.ts'
import { hasTable } from './schema-changes.ts'
import {
  type EndedScan,
  endSuspicion,
  forget,
  forgetUnended,
  isConfirmed,
  note,
  seen,
  sweptBefore,
} from './seen-keys.ts'
import { countTombstones, dropMet, keyText, softDelete, tableOf } from './tombstones.ts'

const DAY = 86_400_000
/** Kept clear of the edge of what the source remembers. */
const EDGE = 3_600_000

/** Notes down who was met and, where a walk has ended, marks who was not. In the transaction of the rows. */
export async function detectDeletions(
  session: Session,
  schema: string,
  batch: RowBatch,
  to: Checkpoint,
  evidence: DeletionEvidence | undefined,
): Promise<Marked> {
  const { stream, receivedAt } = batch
  const { event } = stream.deletions
  let deleted = 0
  if (event !== undefined && (await countTombstones(session, schema, event)) > 0) {
    await dropMet(session, schema, event, evidence?.keys ?? [...batch.records.keys()])
    if (evidence?.last) deleted += await softDelete(session, schema, stream, event, receivedAt)
  }
  if (evidence === undefined) return { deleted }
  if (evidence.first) await forgetUnended({ session, schema, stream })
  if (evidence.scan !== null) await note(session, schema, to, evidence, evidence.scan)
  if (evidence.ended === null) return { deleted }
  const roll: EndedScan = { session, schema, stream, ended: evidence.ended, at: receivedAt }
  const marked = await conclude(roll)
  await forget(roll, marked.deletionSkipped === undefined || marked.deletionSkipped.why === 'maybe_forgotten')
  return { ...marked, deleted: deleted + marked.deleted }
}

type Marked = Pick<Committed, 'deleted' | 'deletionSkipped'>

async function conclude(roll: EndedScan): Promise<Marked> {
  const { schema, stream } = roll
  const orphans = await markOrphans(roll)
  const standing = sql`${there(roll)} and ${extent(roll)} and ${exception(roll)}`
  // Not `not in`: a database that cannot keep the list in memory would read it again for every row.
  const absent = sql`${standing} and not exists (${seen(roll, 'record')} and s.key = ${keyText('t', stream)})`
  const known = await proofs(roll)
  const rows = (which: RawBuilder<unknown>): Promise<number> =>
    count(roll, sql`select 1 from ${tableOf(schema, stream)} as t where ${which}`)
  const provable = async (which: RawBuilder<unknown>): Promise<number> => {
    let sum = 0
    for (const proof of known) sum += await rows(sql`${which} and ${proof}`)
    return sum
  }
  const missing = await provable(absent)
  if (missing > 0) {
    const doubt = await suspicionOf(roll, () => provable(standing))
    if (doubt !== null) return { deleted: orphans, deletionSkipped: { why: doubt, rows: missing } }
  }
  await endSuspicion(roll)
  for (const proof of missing > 0 ? known : []) await mark(roll, sql`${absent} and ${proof}`)
  const left = stream.retention === null ? 0 : await rows(absent)
  return {
    deleted: orphans + missing,
    ...(left > 0 ? { deletionSkipped: { why: 'maybe_forgotten' as const, rows: left } } : {}),
  }
}

/** Why what was not seen may be there all the same. @param standing counts the rows that could have been seen. */
async function suspicionOf(roll: EndedScan, standing: () => Promise<number>): Promise<DeletionSkipped['why'] | null> {
  if ((await count(roll, seen(roll, 'unknown'))) > 0) return 'unknown_key'
  const met = await count(roll, seen(roll, 'record'))
  return met * 2 < (await standing()) && !(await isConfirmed(roll)) ? 'few_seen' : null
}

async function mark({ session, schema, stream, at }: EndedScan, which: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql`
    update ${tableOf(schema, stream)} as t
    set _deleted_at = cast(${at} as timestamptz), _deleted_by = 'absence', _synced_at = cast(${at} as timestamptz)
    where ${which} returning 1`.execute(session.db)
  return rows.length
}

/** What was written since the walk began is younger than what the walk can tell. */
const there = ({ ended }: EndedScan): RawBuilder<unknown> =>
  sql`t._deleted_at is null and t._synced_at <= cast(${ended} as timestamptz)`

/** The rows that the walk would have met: of one kind, or in a list that was read to its end. */
function extent(roll: EndedScan): RawBuilder<unknown> {
  const { each, parent, deletions } = roll.stream
  if (typeof deletions.absence === 'object') {
    const { column, value } = deletions.absence
    return sql`lower(${sql.ref(`t.${identifier(column)}`)}) = ${value}`
  }
  const column = each?.parameter ?? parent?.as
  return column === undefined ? sql`true` : sql`${textOf(column)} in (${seen(roll, 'part')})`
}

const exception = ({ stream: { deletions } }: EndedScan): RawBuilder<unknown> =>
  deletions.except === undefined ? sql`true` : sql`${textOf(deletions.except.column)} <> ${deletions.except.value}`

const textOf = (column: string): RawBuilder<unknown> => sql`cast(${sql.ref(`t.${identifier(column)}`)} as text)`

/** Of a parent that was deleted nothing is listed any more, not even an empty list. */
async function markOrphans(roll: EndedScan): Promise<number> {
  const { session, schema, stream } = roll
  if (stream.parent === null) return 0
  const parents = identifier(stream.parent.stream)
  if (!(await hasTable(session, schema, parents))) return 0
  return await mark(
    roll,
    sql`${there(roll)} and ${textOf(stream.parent.as)} in (
      select cast(p.id as text) from ${sql.table(`${schema}.${parents}`)} as p where p._deleted_at is not null)`,
  )
}

/**
 * Conditions of which one has to hold, and never two do. Where the source retention, a row must have been known to be of
 * the kind within what it remembers: had such a record become one that is forgotten, it would still be served. One that
 * was known only before may have been processed and forgotten since.
 */
async function proofs(roll: EndedScan): Promise<readonly RawBuilder<unknown>[]> {
  const { stream, at } = roll
  if (stream.retention === null) return [sql`true`]
  const oldest = fromMillis(toMillis(at) - stream.retention.days * DAY + EDGE)
  const written = sql`t._synced_at >= cast(${oldest} as timestamptz)`
  const swept = await sweptBefore(roll)
  if (swept === null || swept < oldest) return [written]
  return [written, sql`not (${written}) and ${keyText('t', stream)} in (${seen(roll, 'record', swept)})`]
}

async function count({ session }: EndedScan, query: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ n: string }>`select cast(count(*) as text) as n from (${query}) as q`.execute(session.db)
  return Number(rows[0]?.n ?? 0)
}
