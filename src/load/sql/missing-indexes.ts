import type { CompiledQuery } from 'kysely'
import type { Table } from '../../schema/table.ts'
import type { Engine, Relation, Session } from './engine.ts'

/** The statements that make the indexes which are missing, by table. */
export type MissingIndexes = ReadonlyMap<string, readonly CompiledQuery[]>

/**
 * The indexes that `tables` lack. One that a user has made on the column counts, whatever its name. A table that does not
 * exist yet lacks all of its indexes.
 */
export function missingIndexes(
  { db }: Session,
  engine: Engine,
  schema: string,
  tables: readonly Table[],
  relations: ReadonlyMap<string, Relation>,
): MissingIndexes {
  const statementsFor = ({ name, indexed = [] }: Table): readonly CompiledQuery[] => {
    const existing = new Set(relations.get(name)?.indexed)
    return indexed.flatMap(column => {
      const statement = existing.has(column) ? null : engine.createIndex(`${schema}.${name}`, column)
      return statement === null ? [] : [statement.compile(db)]
    })
  }
  return new Map(tables.map(table => [table.name, statementsFor(table)]))
}
