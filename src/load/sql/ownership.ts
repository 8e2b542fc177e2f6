import { DestinationError } from '../../common/errors.ts'
import type { Table } from '../../schema/table.ts'
import type { Relation } from './engine.ts'

/** The columns that this program has made, by table. */
export type MadeColumns = Readonly<Record<string, readonly string[]>>

/** Columns of tables that were made before the columns were recorded, and that no version declares any more. */
const OLDER: MadeColumns = Object.fromEntries(
  ['addresses', 'charges', 'customers', 'onetimes', 'orders', 'payment_methods', 'subscriptions'].map(table => [
    table,
    ['include'],
  ]),
)

/** The columns of an existing table that this program has made, as far as they are known. */
export const madeIn = (table: string, made: MadeColumns | null): readonly string[] =>
  made?.[table] ?? OLDER[table] ?? []

/** Columns that only this program gives a table, in every version of it. */
const MARKS: ReadonlySet<string> = new Set(['_synced_at', '_hash', 'valid_from'])

/**
 * Refuses a schema in which something that this program did not make has the name of one of its tables. A table is ours
 * if it was recorded when it was made, or, in a warehouse of an older version, if it has the columns that only our tables
 * have. The table of a list has none of its own, so there its stream's own table must be there or recorded. A recorded
 * table that lacks all of this has been replaced by another one of the same name.
 * @throws {DestinationError} `not_ours`, naming each of them.
 */
export function refuseOthers(
  schema: string,
  tables: readonly Table[],
  relations: ReadonlyMap<string, Relation>,
  made: MadeColumns | null,
): void {
  const others = tables.flatMap(table => {
    const found = relations.get(table.name)
    if (found === undefined) return []
    const { kind, columns } = found
    if (kind === 'table' && isOurs(table, columns, tables, relations, made ?? {})) return []
    const what = kind === 'table' ? `a table with the columns ${columns.join(', ')}` : `a ${kind}`
    return [`${schema}.${table.name} is ${what}`]
  })
  if (others.length > 0)
    throw new DestinationError(
      'not_ours',
      `something that this program did not make has the name of one of its tables: ${others.join('; ')}`,
    )
}

function isOurs(
  table: Table,
  columns: readonly string[],
  tables: readonly Table[],
  relations: ReadonlyMap<string, Relation>,
  made: MadeColumns,
): boolean {
  const has = (name: string): boolean => columns.includes(name)
  if (!table.key.every(has)) return false
  const marks = table.columns.map(({ name }) => name).filter(name => MARKS.has(name))
  if (made[table.name] !== undefined) return marks.length === 0 || marks.some(has)
  const isList = table.stream !== undefined && marks.length === 0
  if (!isList) return marks.every(has)
  const owner = tables.find(({ stream, columns }) => stream === table.stream && columns.some(c => MARKS.has(c.name)))
  return owner !== undefined && (made[owner.name] !== undefined || relations.has(owner.name))
}
