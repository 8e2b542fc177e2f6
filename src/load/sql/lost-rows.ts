import { sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import { parseInstant } from '../../common/instant.ts'
import type { Instant, LostRows } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, tablesOf } from '../../schema/table.ts'
import { asText } from './as-text.ts'
import type { Session } from './engine.ts'
import { reportsOn } from './older-reports.ts'
import { missingRows, type TablesOfSchema } from './row-counts.ts'
import type { Dropped } from './schema-changes.ts'
import { resetSeen } from './seen-keys.ts'
import { completeToIn, parseLostRows } from './stored-values.ts'

/** The `_hash` of a row that is to be written again when its record is read. No record has it: fingerprints are not negative. */
export const STALE_HASH = -1n

/**
 * Forgets the checkpoint of a stream that has lost rows or values, and makes every row that is left be written again: a
 * merge would take a record whose fingerprint is unchanged for loaded. What was lost stays beside the checkpoint until the
 * next commit. The version goes up, so a run that read the old checkpoint cannot commit on it.
 * @throws {DestinationError} `unreadable`
 */
export async function forgetLostRows(session: Session, schema: string, dropped: Dropped): Promise<void> {
  const { stream, root } = dropped
  const db = session.db.withSchema(schema)
  const row = await db
    .selectFrom('_sync_checkpoints')
    .select([asText('version').as('version'), asText('lost').as('lost'), asText('watermark').as('watermark')])
    .where('stream', '=', stream)
    .executeTakeFirst()
  if (row === undefined || row.version === '0') return
  const before = parseLostRows(row.lost, stream)
  const union = (a: readonly string[] = [], b: readonly string[]): string[] => [...new Set([...a, ...b])]
  const lost: LostRows = {
    tables: union(before?.tables, dropped.tables),
    columns: union(before?.columns, dropped.columns),
    since: before ? before.since : ((await firstRunOf(session, schema, stream)) ?? instantOf(row.watermark)),
  }
  const nothing = {
    watermark: null,
    walk: null,
    shape: null,
    writer: null,
    swept: null,
    complete_from: null,
    rows: null,
    child_rows: null,
  }
  await db
    .updateTable('_sync_checkpoints')
    .set({ version: String(BigInt(row.version) + 1n), ...nothing, lost: JSON.stringify(lost) })
    .where('stream', '=', stream)
    .execute()
  // A backfill that is resumed would leave out what it has read already.
  await db.deleteFrom('_sync_checkpoints').where('stream', '=', `backfill:${stream}`).execute()
  await resetSeen(db, stream)
  await writeAgain(session, schema, root)
}

/**
 * Where somebody deleted child rows of a stream, makes every row be written again when its record is read. Called before
 * the stream is read from its start. A missing row of the stream's own table needs nothing: its record is new to a merge.
 */
export async function writeAgainIfChildRowsMissing(
  session: Session,
  context: TablesOfSchema,
  stream: Stream,
): Promise<void> {
  const { root, children } = tablesOf(stream)
  if (children.length === 0) return
  if (await mayMissChildRows(session, context, stream, root)) await writeAgain(session, context.schema, root)
}

/** @returns true also if the numbers of rows cannot be read: a reset is the way out of that too. */
async function mayMissChildRows(
  session: Session,
  context: TablesOfSchema,
  stream: Stream,
  root: Table,
): Promise<boolean> {
  try {
    return (await missingRows(session, context, stream)).some(({ table }) => table !== root.name)
  } catch (error) {
    if (error instanceof DestinationError && error.kind === 'unreadable') return true
    throw error
  }
}

const writeAgain = ({ db }: Session, schema: string, { name }: Table): Promise<unknown> =>
  sql`update ${sql.table(`${schema}.${name}`)} set _hash = ${sql.lit(Number(STALE_HASH))}`.execute(db)

/** When the first run that reported on the stream read it, by the API's clock if it says; null: none is recorded. */
async function firstRunOf({ db }: Session, schema: string, stream: string): Promise<Instant | null> {
  const { rows } = await sql<{ began: string; report: string }>`
    select cast(started_at as text) as began, cast(report as text) as report
    from ${sql.table(`${schema}._sync_runs`)} where ${reportsOn(stream)} order by run limit 1`.execute(db)
  const [first] = rows
  if (first === undefined) return null
  return completeToIn(first.report, stream) ?? instantOf(first.began)
}

/** Null also for a time that cannot be read: the checkpoint it is in is being forgotten. */
const instantOf = (text: string | null): Instant | null => (text === null ? null : parseInstant(text, 'UTC'))
