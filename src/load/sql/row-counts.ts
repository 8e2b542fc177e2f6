import { sql } from 'kysely'
import type { Committed, MissingRows } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { allTables, tablesOf } from '../../schema/table.ts'
import { asText } from './as-text.ts'
import type { Session } from './engine.ts'
import { columnsOf } from './schema-changes.ts'
import { parseRowCounts, stringifyCommitted } from './stored-values.ts'

/*
 * How many rows the commits have left in the tables of a stream, kept beside its checkpoint. Every commit that writes
 * rows of the stream adds to it, whichever checkpoint it replaces. Fewer rows than that: somebody deleted some.
 */

/** By how many rows a commit has changed each table of the stream. */
export type Growth = ReadonlyMap<string, number>

/** Adds rows to a growth that is being counted. */
export const grow = (growth: Map<string, number>, table: string, rows: number): void => {
  growth.set(table, (growth.get(table) ?? 0) + rows)
}

/**
 * Stores what a commit did beside the checkpoint `of`, and the rows that it leaves beside that of the stream.
 *
 * Rows are counted where no number is stored: after the first commit, after a reset, in a warehouse of an older version.
 * @param recount also count them because the commit ends a full scan, which has written whatever was missing.
 */
export async function keepCounts(
  session: Session,
  schema: string,
  stream: Stream,
  of: string,
  counts: Committed,
  growth: Growth,
  recount: boolean,
): Promise<void> {
  const db = session.db.withSchema(schema)
  // Stored for a run that loses the connection during COMMIT: it can still report what the commit did.
  const written = await db
    .updateTable('_sync_checkpoints')
    .set({ counts: stringifyCommitted(counts) })
    .where('stream', '=', of)
    .returning([asText('rows').as('rows'), asText('child_rows').as('child_rows')])
    .executeTakeFirst()
  if (of !== stream.name) return await keepGrowth(session, schema, stream, growth)
  await store(session, schema, stream, recount || written === undefined ? null : written, growth)
}

/** Adds what a commit wrote that replaces another checkpoint than the stream's, such as that of a backfill. */
export async function keepGrowth(session: Session, schema: string, stream: Stream, growth: Growth): Promise<void> {
  if ([...growth.values()].every(rows => rows === 0)) return
  const row = await readCounts(session, schema, stream)
  // Without a number the next commit of the stream itself counts.
  if (row !== undefined && row.rows !== null) await store(session, schema, stream, row, growth)
}

interface StoredCounts {
  readonly rows: string | null
  readonly child_rows: string | null
}

const readCounts = ({ db }: Session, schema: string, { name }: Stream): Promise<StoredCounts | undefined> =>
  db
    .withSchema(schema)
    .selectFrom('_sync_checkpoints')
    .select([asText('rows').as('rows'), asText('child_rows').as('child_rows')])
    .where('stream', '=', name)
    .executeTakeFirst()

/** @param stored null: count all tables. */
async function store(
  session: Session,
  schema: string,
  stream: Stream,
  stored: StoredCounts | null,
  growth: Growth,
): Promise<void> {
  const known = expectedRows(stream, stored ?? { rows: null, child_rows: null })
  const unchanged = [...growth.values()].every(rows => rows === 0)
  const tables = allTables(stream).map(({ name }) => name)
  if (unchanged && tables.every(table => known.has(table))) return
  const now = new Map<string, number>()
  for (const table of tables) {
    const before = known.get(table)
    // Not below 0: somebody may have deleted the rows that a commit before this one had counted.
    const after = before === undefined ? await countRows(session, schema, table) : before + (growth.get(table) ?? 0)
    now.set(table, Math.max(after, 0))
  }
  const { root, children } = tablesOf(stream)
  const childRows = Object.fromEntries(children.map(({ table }) => [table.name, now.get(table.name) ?? 0]))
  await session.db
    .withSchema(schema)
    .updateTable('_sync_checkpoints')
    .set({ rows: String(now.get(root.name) ?? 0), child_rows: JSON.stringify(childRows) })
    .where('stream', '=', stream.name)
    .execute()
}

/** Rows expected in each table; a table of which no number is stored is left out. @throws {DestinationError} `unreadable` */
function expectedRows(stream: Stream, stored: StoredCounts): Map<string, number> {
  const { rows, child_rows } = parseRowCounts(stored, stream.name)
  const { root, children } = tablesOf(stream)
  const known = new Map<string, number>(rows === null ? [] : [[root.name, rows]])
  for (const { table } of rows === null ? [] : children) {
    const number = child_rows?.[table.name]
    if (number !== undefined) known.set(table.name, number)
  }
  return known
}

/** Tables of a stream that have fewer rows than the commits have left in them. @throws {DestinationError} `unreadable` */
export async function missingRows(session: Session, schema: string, stream: Stream): Promise<readonly MissingRows[]> {
  // Read before the rows are counted: a commit in between only adds rows.
  const stored = await readCounts(session, schema, stream)
  if (stored === undefined) return []
  const existing = await columnsOf(session, schema)
  const missing: MissingRows[] = []
  for (const [table, expected] of expectedRows(stream, stored)) {
    const found = existing.has(table) ? await countRows(session, schema, table) : 0
    if (found < expected) missing.push({ table, expected, found })
  }
  return missing
}

async function countRows({ db }: Session, schema: string, table: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select cast(count(*) as text) as n from ${sql.table(`${schema}.${table}`)}`.execute(db)
  return Number(rows[0]?.n ?? 0)
}
