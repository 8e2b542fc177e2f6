import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import type { Persons, TableRows } from '../forgetting.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { STALE_HASH } from './lost-rows.ts'
import { belongsTo, hasValue, isIn, type PersonTable, type PersonTables, personTables } from './person-tables.ts'

/** Which rows of the tables of a stream belong to the persons, by what has a value in them. */
interface Part extends PersonTable {
  readonly where: RawBuilder<boolean>
  /** Its rows are records: they have a fingerprint, and say when they were written. */
  readonly isRoot: boolean
  readonly isVersioned: boolean
}

/** The parts in the order in which they have to be erased: a record is to be written again if one of its lists was. */
function partsOf(
  { stream, ownership, root, children, history }: PersonTables,
  persons: Persons,
  { schema, salt }: Pick<Context, 'schema' | 'salt'>,
): readonly Part[] {
  const keys = stream.key.length === 1 ? persons.ids.get(stream.name) : undefined
  const owned = belongsTo(ownership, persons, email => salt.digest(email))
  const [key = ''] = root.table.key
  const isTheirs = keys === undefined ? owned : sql<boolean>`(${isIn(key, keys)} or ${owned})`
  const lists = children.map((child): Part => {
    const [owner = ''] = child.table.key
    // The records of a commit are not all known by id: those of a stream that nobody refers to have no marks.
    const of = sql<boolean>`${sql.ref(owner)} in (select ${sql.ref(key)} from ${sql.table(`${schema}.${root.table.name}`)} where ${isTheirs})`
    return {
      ...child,
      where: sql<boolean>`${hasValue(child.erased)} and ${of}`,
      isRoot: false,
      isVersioned: false,
    }
  })
  const inLists = children
    .filter(({ erased }) => erased.length > 0)
    .map(
      ({ table, erased }) => sql<boolean>`${sql.ref(key)} in (select ${sql.ref(table.key[0] ?? '')}
      from ${sql.table(`${schema}.${table.name}`)} where ${hasValue(erased)})`,
    )
  const own: Part = {
    ...root,
    where: sql<boolean>`${isTheirs} and (${sql.join([hasValue(root.erased), ...inLists], sql` or `)})`,
    isRoot: true,
    isVersioned: false,
  }
  const versions: readonly Part[] =
    history === null
      ? []
      : [
          {
            ...history,
            where: sql<boolean>`${isTheirs} and ${hasValue(history.erased)}`,
            isRoot: false,
            isVersioned: true,
          },
        ]
  return [own, ...lists, ...versions]
}

/** Counts what `eraseRows` would erase. */
export async function countRows(
  session: Session,
  context: Context,
  streams: readonly Stream[],
  persons: Persons,
): Promise<readonly TableRows[]> {
  const counted: TableRows[] = []
  for (const tables of await personTables(session, context, streams))
    for (const { table, where } of partsOf(tables, persons, context)) {
      const { rows } = await sql<{ n: string }>`
        select cast(count(*) as text) as n from ${sql.table(`${context.schema}.${table.name}`)} where ${where}`.execute(
        session.db,
      )
      counted.push({ table: table.name, rows: Number(rows[0]?.n ?? 0) })
    }
  return counted.filter(({ rows }) => rows > 0)
}

/**
 * Sets to null what is personal in the rows of these persons. A record's row gets no fingerprint: the record is written again
 * when it arrives, and nobody can test guesses against the old one.
 * @returns rows that had something personal, by table.
 */
export async function eraseRows(
  session: Session,
  context: Context,
  streams: readonly Stream[],
  persons: Persons,
  at: Instant,
): Promise<readonly TableRows[]> {
  const erased: TableRows[] = []
  for (const tables of await personTables(session, context, streams))
    for (const part of partsOf(tables, persons, context)) {
      const { table, where, isRoot, isVersioned } = part
      const sets = [
        ...part.erased.map(name => sql`${sql.ref(name)} = null`),
        ...(isRoot || isVersioned ? [sql`_hash = ${sql.lit(Number(STALE_HASH))}`] : []),
        ...(isRoot ? [sql`_synced_at = cast(${at} as timestamptz)`] : []),
      ]
      if (part.erased.length === 0 && !isRoot) continue
      const { numAffectedRows } = await sql`
        update ${sql.table(`${context.schema}.${table.name}`)} set ${sql.join(sets)} where ${where}`.execute(session.db)
      erased.push({ table: table.name, rows: Number(numAffectedRows ?? 0) })
    }
  return erased.filter(({ rows }) => rows > 0)
}
