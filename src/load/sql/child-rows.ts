import { sql } from 'kysely'
import type { StreamTables, TableColumn } from '../../schema/table.ts'
import type { KeyColumn, Session } from './engine.ts'
import { rangesOf } from './key-ranges.ts'

/** Records whose verdict stands in a temporary table of that name. */
export interface Decided {
  readonly stage: string
  readonly changed: number
  /** Keys of those that are not there yet. */
  readonly added: readonly string[]
}

/**
 * Takes away the rows that changed records own, and those of new ones: a root that somebody deleted by hand may have left
 * them behind. What is new lies between the keys that are there, or beyond them, as a rule, and then nothing is looked for.
 */
export async function removeChildRows(
  session: Session,
  schema: string,
  { root, children }: StreamTables,
  { stage, changed, added }: Decided,
): Promise<void> {
  const key = root.columns.find(({ name }) => name === root.key[0])
  if (key === undefined || children.length === 0) return
  const owners = ownersIn(schema, children)
  const left = await leftBehind(session, key, owners, added)
  for (const [list, { table, column }] of owners.entries()) {
    const whose = [
      ...(changed > 0 ? [sql`s._verdict = 'changed'`] : []),
      ...(left[list] ? [sql`s._verdict is null`] : []),
    ]
    if (whose.length === 0) continue
    await sql`
      delete from ${sql.table(table)} as t using ${sql.table(stage)} as s
      where (${sql.join(whose, sql` or `)}) and ${sql.ref(`t.${column}`)} = ${sql.ref(`s.${key.name}`)}`.execute(
      session.db,
    )
  }
}

/** Where rows say which record owns them. */
export const ownersIn = (schema: string, children: StreamTables['children']): KeyColumn[] =>
  children.map(({ table }) => ({ table: `${schema}.${table.name}`, column: table.key[0] ?? '' }))

async function leftBehind(
  session: Session,
  { kind }: TableColumn,
  owners: readonly KeyColumn[],
  added: readonly string[],
): Promise<readonly boolean[]> {
  if (added.length === 0) return []
  return kind === 'int' ? session.mayContainKeys(owners, rangesOf(added)) : owners.map(() => true)
}
