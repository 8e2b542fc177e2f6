import { sql } from 'kysely'
import type { Committed, MissingRows } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import { asText } from './as-text.ts'
import type { Session } from './engine.ts'
import { hasTable } from './schema-changes.ts'
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

/** The numbers as they are stored; null: none. */
export interface StoredCounts {
  readonly rows: string | null
  readonly child_rows: string | null
}

export const STORED_COUNTS = [asText('rows').as('rows'), asText('child_rows').as('child_rows')] as const

/** The checkpoint that a commit replaces. */
export interface ClaimedCheckpoint {
  /** Its key: the name of the stream, or that of a backfill, an import and so on. */
  readonly key: string
  readonly stored: StoredCounts
  /** The commit ends a full scan, which has written whatever was missing, so the rows are counted again. */
  readonly endsFullScan: boolean
}

/**
 * Stores what a commit did beside the checkpoint that it claimed, and the rows that it leaves beside that of the stream.
 *
 * Rows are counted where no number is stored: with the first commit, after a reset, in a warehouse of an older version.
 */
export async function keepCounts(
  session: Session,
  schema: string,
  stream: Stream,
  { key, stored, endsFullScan }: ClaimedCheckpoint,
  committed: Committed,
  growth: Growth,
): Promise<void> {
  const own = key === stream.name
  const rows = own ? await countsAfter(session, schema, stream, endsFullScan ? UNCOUNTED : stored, growth) : {}
  // Stored for a run that loses the connection during COMMIT: it can still report what the commit did.
  await session.db
    .withSchema(schema)
    .updateTable('_sync_checkpoints')
    .set({ counts: stringifyCommitted(committed), ...rows })
    .where('stream', '=', key)
    .execute()
  if (!own) await keepGrowth(session, schema, stream, growth)
}

/** Adds what a commit wrote that replaces another checkpoint than the stream's, such as that of a backfill. */
export async function keepGrowth(session: Session, schema: string, stream: Stream, growth: Growth): Promise<void> {
  if ([...growth.values()].every(rows => rows === 0)) return
  const stored = await readCounts(session, schema, stream)
  // Without a number the next commit of the stream itself counts.
  if (stored === undefined || stored.rows === null) return
  await session.db
    .withSchema(schema)
    .updateTable('_sync_checkpoints')
    .set(await countsAfter(session, schema, stream, stored, growth))
    .where('stream', '=', stream.name)
    .execute()
}

const UNCOUNTED: StoredCounts = { rows: null, child_rows: null }

const readCounts = ({ db }: Session, schema: string, { name }: Stream): Promise<StoredCounts | undefined> =>
  db
    .withSchema(schema)
    .selectFrom('_sync_checkpoints')
    .select(STORED_COUNTS)
    .where('stream', '=', name)
    .executeTakeFirst()

async function countsAfter(
  session: Session,
  schema: string,
  stream: Stream,
  stored: StoredCounts,
  growth: Growth,
): Promise<StoredCounts> {
  const known = expectedRows(stream, stored)
  const { root, children } = tablesOf(stream)
  const tables = [root, ...children.map(({ table }) => table)].map(({ name }) => name)
  const counted = await countEach(
    session,
    schema,
    tables.filter(name => !known.has(name)),
  )
  // A negative number would mean that rows were deleted which no commit had counted.
  const rowsIn = (name: string): number =>
    counted.get(name)?.rows ?? Math.max((known.get(name) ?? 0) + (growth.get(name) ?? 0), 0)
  const [rows = 0, ...lists] = tables.map(rowsIn)
  return {
    rows: String(rows),
    child_rows: JSON.stringify(Object.fromEntries(lists.map((n, i) => [tables[i + 1], n]))),
  }
}

/** Rows expected in each table; a table of which no number is stored is left out. @throws {DestinationError} `unreadable` */
export function expectedRows(stream: Stream, stored: StoredCounts): Map<string, number> {
  const { rows, child_rows } = parseRowCounts(stored, stream.name)
  const { root, children } = tablesOf(stream)
  const known = new Map<string, number>(rows === null ? [] : [[root.name, rows]])
  for (const { table } of rows === null ? [] : children) {
    const number = child_rows?.[table.name]
    if (number !== undefined) known.set(table.name, number)
  }
  return known
}

/** A schema, and which of its tables exist. */
export interface TablesOfSchema {
  readonly schema: string
  /** At least those of the tables that exist. */
  existing(session: Session, tables: readonly string[]): Promise<ReadonlySet<string>>
}

/**
 * Tables of a stream that have fewer rows than the commits have left in them.
 * @throws {DestinationError} `unreadable`
 */
export async function missingRows(
  session: Session,
  { schema, existing }: TablesOfSchema,
  stream: Stream,
): Promise<readonly MissingRows[]> {
  // Read before the rows are counted: a commit in between only adds rows.
  const stored = await readCounts(session, schema, stream)
  if (stored === undefined) return []
  const expected = expectedRows(stream, stored)
  const names = [...expected.keys()]
  const there = await existing(session, names)
  const counted = await countEach(
    session,
    schema,
    names.filter(name => there.has(name)),
  )
  return fewerThan(expected, counted)
}

/** The tables with fewer rows than expected. One that is not counted has none. */
export const fewerThan = (
  expected: ReadonlyMap<string, number>,
  counted: ReadonlyMap<string, Counted>,
): readonly MissingRows[] =>
  [...expected].flatMap(([table, rows]) => {
    const found = counted.get(table)?.rows ?? 0
    return found < rows ? [{ table, expected: rows, found }] : []
  })

/** Whether the stream's own table has a row. */
export async function hasRows(session: Session, schema: string, stream: Stream): Promise<boolean> {
  const { name } = tablesOf(stream).root
  if (!(await hasTable(session, schema, name))) return false
  const { rows } = await sql`select 1 from ${sql.table(`${schema}.${name}`)} limit 1`.execute(session.db)
  return rows.length > 0
}

/** Rows of a table. */
export interface Counted {
  readonly rows: number
  /** Of them, those that are marked as deleted; 0 if these were not asked for. */
  readonly deleted: number
}

/** The rows of each table, in one query. @param marked tables of which those that are marked are counted too. */
export async function countEach(
  { db }: Session,
  schema: string,
  tables: readonly string[],
  marked: ReadonlySet<string> = new Set(),
): Promise<ReadonlyMap<string, Counted>> {
  if (tables.length === 0) return new Map()
  const counts = tables.map(
    name => sql`select cast(${sql.lit(name)} as text) as name, cast(count(*) as text) as n,
      cast(${marked.has(name) ? sql`count(_deleted_at)` : sql.lit(0)} as text) as deleted
      from ${sql.table(`${schema}.${name}`)}`,
  )
  const query = sql<{ name: string; n: string; deleted: string }>`${sql.join(counts, sql` union all `)}`
  const { rows } = await query.execute(db)
  return new Map(rows.map(({ name, n, deleted }) => [name, { rows: Number(n), deleted: Number(deleted) }]))
}
