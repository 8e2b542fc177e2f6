import { sql } from 'kysely'
import type { StreamTables, TableColumn } from '../../schema/table.ts'
import type { KeyColumn, Session } from './engine.ts'
import { rangesOf } from './key-ranges.ts'
import { grow } from './row-counts.ts'

/** Records whose merge outcome is in the temporary table `stage`. */
export interface MergedKeys {
  readonly stage: string
  readonly changed: number
  /** Keys of the new records. */
  readonly added: readonly string[]
}

/**
 * Deletes the child rows of changed records. Also those of new records, which can exist if somebody deleted the record's
 * row by hand; they are looked for only where the child tables may contain keys of the new records, which is rare.
 */
export async function deleteChildRows(
  session: Session,
  schema: string,
  { root, children }: StreamTables,
  { stage, changed, added }: MergedKeys,
  growth: Map<string, number>,
): Promise<void> {
  const key = root.columns.find(({ name }) => name === root.key[0])
  if (key === undefined || children.length === 0) return
  const parents = parentKeys(schema, children)
  const orphaned = await mayHaveOrphans(session, key, parents, added)
  for (const [list, { table, column }] of parents.entries()) {
    const conditions = [
      ...(changed > 0 ? [sql`s._outcome = 'changed'`] : []),
      ...(orphaned[list] ? [sql`s._outcome is null`] : []),
    ]
    if (conditions.length === 0) continue
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} as t using ${sql.table(stage)} as s
      where (${sql.join(conditions, sql` or `)}) and ${sql.ref(`t.${column}`)} = ${sql.ref(`s.${key.name}`)}`.execute(
      session.db,
    )
    grow(growth, children[list]?.table.name ?? '', -Number(numAffectedRows ?? 0n))
  }
}

/** The column of each child table that holds the key of the parent row. */
export const parentKeys = (schema: string, children: StreamTables['children']): KeyColumn[] =>
  children.map(({ table }) => ({ table: `${schema}.${table.name}`, column: table.key[0] ?? '' }))

async function mayHaveOrphans(
  session: Session,
  { kind }: TableColumn,
  parents: readonly KeyColumn[],
  added: readonly string[],
): Promise<readonly boolean[]> {
  if (added.length === 0) return []
  return kind === 'int' ? session.mayContainKeys(parents, rangesOf(added)) : parents.map(() => true)
}
