import { DestinationError } from '../../common/errors.ts'
import type { ColumnKind } from '../../schema/column.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import { identifier } from '../../schema/name.ts'
import type { Table, TableColumn } from '../../schema/table.ts'
import type { Engine } from './engine.ts'
import { type MadeColumns, madeIn } from './ownership.ts'

/** A column whose values are stored in another type than is declared. */
export interface RetypedColumn {
  readonly table: Table
  readonly column: TableColumn
  /** Its type, as the catalog shows it. */
  readonly stored: string
  /** It was inferred, and is declared by now. */
  readonly wasInferred: boolean
}

/** A column that this program has made and no longer declares. */
export interface RetiredColumn {
  readonly table: Table
  readonly name: string
  readonly stored: string
}

/** Changes of columns that may hold values, in the tables of one stream. They are made in one transaction. */
export interface ColumnChanges {
  readonly retyped: readonly RetypedColumn[]
  readonly retired: readonly RetiredColumn[]
}

/** Type of each column as `information_schema.columns` shows it, by table and column. */
export type ExistingColumns = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The stream that a table belongs to; undefined: it is a system table. */
const streamOf = ({ stream, historyOf }: Table): string | undefined => stream ?? historyOf

const KINDS = [
  'int',
  'money',
  'rate',
  'instant',
  'day',
  'flag',
  'text',
  'json',
] as const satisfies readonly ColumnKind[]

/** The kind whose columns have this type; null: none has. */
export const kindOf = ({ catalogType }: Pick<Engine, 'catalogType'>, stored: string): ColumnKind | null =>
  KINDS.find(kind => catalogType(kind) === stored) ?? null

/**
 * Changes of columns that may hold values, by stream, with an entry for each stream of `tables`.
 * @throws {DestinationError} `incompatible` if a column of a system table has another type than declared.
 */
export function columnChanges(
  engine: Pick<Engine, 'catalogType'>,
  tables: readonly Table[],
  stored: ExistingColumns,
  recorded: Recorded,
): ReadonlyMap<string, ColumnChanges> {
  const changes = new Map<string, ColumnChanges>()
  for (const table of tables) {
    const existing = stored.get(table.name) ?? new Map()
    const retyped = retypedColumns(engine, table, existing, recorded)
    const stream = streamOf(table)
    if (stream === undefined) refuseRetyped(engine, retyped)
    else {
      const known = changes.get(stream)
      changes.set(stream, {
        retyped: [...(known?.retyped ?? []), ...retyped],
        retired: [...(known?.retired ?? []), ...retiredColumns(table, existing, recorded)],
      })
    }
  }
  return changes
}

/** What earlier runs recorded about columns. */
interface Recorded {
  readonly inferred: readonly InferredColumn[]
  readonly made: MadeColumns | null
}

function retypedColumns(
  engine: Pick<Engine, 'catalogType'>,
  table: Table,
  existing: ReadonlyMap<string, string>,
  { inferred }: Recorded,
): RetypedColumn[] {
  return table.columns.flatMap(column => {
    const stored = existing.get(column.name)
    if (stored === undefined || stored === engine.catalogType(column.kind)) return []
    return [{ table, column, stored, wasInferred: !column.inferred && isInferred(inferred, table, column.name) }]
  })
}

/** Inferred columns are not declared, and stay. */
function retiredColumns(
  table: Table,
  existing: ReadonlyMap<string, string>,
  { inferred, made }: Recorded,
): RetiredColumn[] {
  const declared = new Set(table.columns.map(({ name }) => name))
  return madeIn(table.name, made).flatMap(name => {
    const stored = existing.get(name)
    if (stored === undefined || declared.has(name) || isInferred(inferred, table, name)) return []
    return [{ table, name, stored }]
  })
}

/** A history has the inferred columns of its stream's own table. */
const isInferred = (inferred: readonly InferredColumn[], { name, historyOf }: Table, column: string): boolean =>
  inferred.some(
    made => made.column === column && (made.table === name || (historyOf && made.table === identifier(historyOf))),
  )

/** No version changes the type of a column of a system table. */
function refuseRetyped(engine: Pick<Engine, 'catalogType'>, retyped: readonly RetypedColumn[]): void {
  if (retyped.length === 0) return
  const columns = retyped.map(
    ({ table, column, stored }) =>
      `${table.name}.${column.name} is ${stored} and has to be ${engine.catalogType(column.kind)}`,
  )
  const next = 'Somebody changed its type: change it back, or choose another schema (destination.schema).'
  throw new DestinationError('incompatible', columns.join('; '), undefined, next)
}
