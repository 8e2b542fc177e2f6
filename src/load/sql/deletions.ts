import { type RawBuilder, sql } from 'kysely'
import { fromMillis, toMillis } from '../../common/instant.ts'
import type {
  Checkpoint,
  DeletionEvidence,
  DeletionSkipped,
  DeletionsToConfirm,
  Instant,
  RowBatch,
} from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { tablesOf } from '../../schema/table.ts'
import type { Deletions } from '../destination.ts'
import { asText, keyAsText } from './as-text.ts'
import type { Session } from './engine.ts'
import { hasTable } from './schema-changes.ts'
import {
  clearSuspect,
  deleteInterrupted,
  deleteSeen,
  type EndedScan,
  firstSuspect,
  isConfirmed,
  isToConfirm,
  keepToConfirm,
  lastSnapshot,
  recordSeen,
  seenKeys,
} from './seen-keys.ts'
import { countTombstones, deleteTombstones, softDelete, tableOf } from './tombstones.ts'

const DAY_MS = 86_400_000
/** Rows this close to the end of the retention are not trusted: clocks differ, and a run takes time. */
const RETENTION_MARGIN_MS = 3_600_000

/** A loss of more rows than this, and of more than this share of the rows that could have been seen, is confirmed first. */
const LARGE_LOSS = { rows: 10, share: 0.1 }
/** Of a large loss, so many records are asked for. */
const ASKED = 5

/**
 * Records the keys that a batch showed. If a scan or list snapshot has ended with it, marks the rows that it did not see
 * as deleted. Runs in the transaction of the batch.
 * @param evidence undefined: nothing is recorded and no deletion is concluded from absence.
 */
export async function detectDeletions(
  session: Session,
  schema: string,
  batch: RowBatch,
  to: Checkpoint,
  evidence: DeletionEvidence | undefined,
): Promise<Deletions> {
  const { stream, receivedAt } = batch
  const { event } = stream.deletions
  let deleted = 0
  if (event !== undefined && (await countTombstones(session, schema, event)) > 0) {
    await deleteTombstones(session, schema, event, evidence?.keys ?? [...batch.records.keys()])
    if (evidence?.last) deleted += await softDelete(session, schema, stream, event, receivedAt)
  }
  if (evidence === undefined) return { deleted }
  if (evidence.first) await deleteInterrupted({ session, schema, stream })
  if (evidence.scan !== null) await recordSeen(session, schema, to, evidence, evidence.scan)
  if (evidence.ended === null) return { deleted }
  const ended: EndedScan = { session, schema, stream, scan: evidence.ended, at: receivedAt }
  const orphans = await deleteOrphans(ended)
  const absent = await deleteAbsent(ended, suspectReason)
  if (absent.deletionSkipped?.toConfirm) await keepToConfirm(ended)
  else await deleteSeen(ended, isAccepted(absent))
  return { ...absent, deleted: deleted + orphans + absent.deleted }
}

/**
 * Marks the rows that an ended scan did not see, after the source has confirmed the loss.
 * @returns rows that have been marked at `ended.at`, also by an earlier call whose COMMIT was not answered.
 */
export async function markConfirmed(ended: EndedScan): Promise<Deletions> {
  // A second call finds no keys, and only counts.
  const isFirst = await isToConfirm(ended)
  const { deletionSkipped } = isFirst ? await deleteAbsent(ended, async () => null) : {}
  if (isFirst) await deleteSeen(ended, true)
  const deleted = await count(
    ended,
    sql`select 1 from ${tableOf(ended.schema, ended.stream)} as t
        where t._deleted_by = 'absence' and t._deleted_at = cast(${ended.at} as timestamptz)`,
  )
  return deletionSkipped ? { deleted, deletionSkipped } : { deleted }
}

/** The result of the scan was used, so its keys replace those of the list snapshot before it. */
const isAccepted = ({ deletionSkipped }: Deletions): boolean =>
  deletionSkipped === undefined || ['maybe_forgotten', 'owner_not_listed'].includes(deletionSkipped.why)

/** How many rows an ended scan should have seen, and how many of them it did not. */
interface Counted {
  readonly expected: number
  readonly absent: number
}

interface Loss extends Counted {
  /** The rows that it did not see. */
  readonly which: RawBuilder<unknown>
  /** The same of the rows that have not been written since then. */
  until(at: Instant): Promise<Counted>
}

/**
 * Marks the rows that an ended scan should have seen and did not.
 * @param doubt why they may exist all the same; null: no reason.
 */
async function deleteAbsent(
  ended: EndedScan,
  doubt: (ended: EndedScan, loss: Loss) => Promise<Omit<DeletionSkipped, 'rows'> | null>,
): Promise<Deletions> {
  const { schema, stream, scan } = ended
  const expected = sql`${isLive(ended)} and ${isInScope(ended)} and ${isNotExcepted(ended)}`
  // Not `not in`: a database that cannot keep the list in memory would read it again for every row.
  const absent = sql`${expected} and not exists (
    ${seenKeys(ended, 'record', scan)} and s.key = ${keyAsText('t', tablesOf(stream).root)})`
  const proofs = await deletionProofs(ended)
  const countRows = (which: RawBuilder<unknown>): Promise<number> =>
    count(ended, sql`select 1 from ${tableOf(schema, stream)} as t where ${which}`)
  const countProven = async (which: RawBuilder<unknown>): Promise<number> => {
    let sum = 0
    for (const proof of proofs) sum += await countRows(sql`${which} and ${proof}`)
    return sum
  }
  const proven = await countProven(absent)
  if (proven > 0) {
    const until = async (time: Instant): Promise<Counted> => {
      const old = sql`t._synced_at <= cast(${time} as timestamptz)`
      return {
        expected: await countProven(sql`${expected} and ${old}`),
        absent: await countProven(sql`${absent} and ${old}`),
      }
    }
    const skipped = await doubt(ended, { expected: await countProven(expected), absent: proven, which: absent, until })
    if (skipped !== null) return { deleted: 0, deletionSkipped: { ...skipped, rows: proven } }
  }
  await clearSuspect(ended)
  for (const proof of proven > 0 ? proofs : []) await markDeleted(ended, sql`${absent} and ${proof}`)
  const unproven = stream.retention === null ? 0 : await countRows(absent)
  const unlisted = stream.parent === null ? 0 : await countRows(sql`${isLive(ended)} and not (${isInScope(ended)})`)
  return {
    deleted: proven,
    ...(unproven > 0 ? { deletionSkipped: { why: 'maybe_forgotten' as const, rows: unproven } } : {}),
    ...(unlisted > 0 ? { deletionSkipped: { why: 'owner_not_listed' as const, rows: unlisted } } : {}),
  }
}

/**
 * Why rows that the scan did not see may exist all the same; null: no reason. Rows that exist count as seen, and not keys:
 * a list of other records than before would otherwise prove that all of those before are gone.
 */
async function suspectReason(ended: EndedScan, loss: Loss): Promise<Omit<DeletionSkipped, 'rows'> | null> {
  if ((await count(ended, seenKeys(ended, 'unknown', ended.scan))) > 0) return { why: 'unknown_key' }
  const { expected, absent } = loss
  // What a suspect scan brought may be as wrong as the scan, so only rows from before it show whether enough was seen.
  const suspect = await firstSuspect(ended)
  const stood = suspect === null ? loss : await loss.until(suspect.begin)
  const fewSeen = (stood.expected - stood.absent) * 2 < stood.expected
  const isLarge = absent > LARGE_LOSS.rows && absent > LARGE_LOSS.share * expected
  if (!fewSeen && !isLarge) return null
  const secondTime = await isConfirmed(ended)
  if (fewSeen && !secondTime) return { why: 'few_seen' }
  // Where no record can be asked for, what a second scan confirms is believed.
  if (!ended.stream.retrieve) return secondTime ? null : { why: 'large_loss' }
  return { why: 'large_loss', toConfirm: await toConfirm(ended, loss.which, secondTime) }
}

/** Which records to ask the source for, chosen by the fingerprints of their rows, which are as good as random. */
async function toConfirm(
  ended: EndedScan,
  absent: RawBuilder<unknown>,
  secondTime: boolean,
): Promise<DeletionsToConfirm> {
  const { session, schema, stream, scan } = ended
  const key = keyAsText('t', tablesOf(stream).root)
  const keysOf = async (which: RawBuilder<unknown>, most: number): Promise<readonly string[]> => {
    const { rows } = await sql<{ key: string }>`
      select ${key} as key from ${tableOf(schema, stream)} as t where ${which}
      order by t._hash, 1 limit ${sql.lit(most)}`.execute(session.db)
    return rows.map(row => row.key)
  }
  const [seen = null] = await keysOf(sql`t._deleted_at is null and ${key} in (${seenKeys(ended, 'record', scan)})`, 1)
  const proofs = sql.join(
    (await deletionProofs(ended)).map(proof => sql`(${proof})`),
    sql` or `,
  )
  return { scan, absent: await keysOf(sql`${absent} and (${proofs})`, ASKED), seen, secondTime }
}

/** @returns rows marked. */
async function markDeleted({ session, schema, stream, at }: EndedScan, which: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql`
    update ${tableOf(schema, stream)} as t
    set _deleted_at = cast(${at} as timestamptz), _deleted_by = 'absence', _synced_at = cast(${at} as timestamptz)
    where ${which} returning 1`.execute(session.db)
  return rows.length
}

/** Not deleted, and not written since the scan began: what was written later is newer than what the scan knows. */
const isLive = ({ scan }: EndedScan): RawBuilder<unknown> =>
  sql`t._deleted_at is null and t._synced_at <= cast(${scan} as timestamptz)`

/** The row is of the kind that was listed, or in a list that was read to its end. */
function isInScope(ended: EndedScan): RawBuilder<unknown> {
  const { each, parent, deletions } = ended.stream
  if (typeof deletions.absence === 'object') {
    const { column, value } = deletions.absence
    return sql`lower(${sql.ref(`t.${identifier(column)}`)}) = ${value}`
  }
  const column = each?.parameter ?? parent?.as
  return column === undefined ? sql`true` : sql`${columnText(column)} in (${seenKeys(ended, 'part', ended.scan)})`
}

const isNotExcepted = ({ stream: { deletions } }: EndedScan): RawBuilder<unknown> =>
  deletions.except === undefined ? sql`true` : sql`${columnText(deletions.except.column)} <> ${deletions.except.value}`

const columnText = (column: string): RawBuilder<unknown> => asText(`t.${identifier(column)}`)

/** Marks the rows whose parent is deleted: the API no longer lists them, not even as an empty list. */
async function deleteOrphans(ended: EndedScan): Promise<number> {
  const { session, schema, stream } = ended
  if (stream.parent === null) return 0
  const parents = identifier(stream.parent.stream)
  if (!(await hasTable(session, schema, parents))) return 0
  return await markDeleted(
    ended,
    sql`${isLive(ended)} and ${columnText(stream.parent.as)} in (
      select cast(p.id as text) from ${sql.table(`${schema}.${parents}`)} as p where p._deleted_at is not null)`,
  )
}

/**
 * Conditions on a row, at most one of which holds, that prove that an absent row is deleted.
 *
 * A source with a retention forgets records of other kinds. A row proves to be deleted only if it was known to be of the
 * listed kind within the retention: if it had changed its kind since, the source would still serve it. A row last known to
 * be of the kind before that may have changed its kind and been forgotten.
 */
async function deletionProofs(ended: EndedScan): Promise<readonly RawBuilder<unknown>[]> {
  const { stream, at } = ended
  if (stream.retention === null) return [sql`true`]
  const oldest = fromMillis(toMillis(at) - stream.retention.days * DAY_MS + RETENTION_MARGIN_MS)
  const written = sql`t._synced_at >= cast(${oldest} as timestamptz)`
  const snapshot = await lastSnapshot(ended)
  if (snapshot === null || snapshot < oldest) return [written]
  const key = keyAsText('t', tablesOf(stream).root)
  return [written, sql`not (${written}) and ${key} in (${seenKeys(ended, 'record', snapshot)})`]
}

async function count({ session }: EndedScan, query: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ n: string }>`select cast(count(*) as text) as n from (${query}) as q`.execute(session.db)
  return Number(rows[0]?.n ?? 0)
}
