import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api'
import type { TableColumn } from '../../declare/table.ts'
import type { Row } from '../../model.ts'
import type { Into } from '../sql/engine.ts'
import { TYPES } from './types.ts'

/** Rows in a vector of DuckDB's. */
const VECTOR = 2048

/**
 * Rows by the appender, a data chunk at a time. It fills a table's columns in the order in which they were added, which
 * after an ALTER is not that of the declaration. After an error the connection is not to be used again.
 */
export async function append(
  connection: DuckDBConnection,
  { schema, table }: Into,
  columns: readonly TableColumn[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return
  const order = await storedOrder(connection, { schema, table }, columns)
  const vectors = order.map(({ vector }) => vector)
  const appender = await connection.createAppender(table, schema ?? undefined)
  for (let start = 0; start < rows.length; start += VECTOR) {
    const part = rows.slice(start, start + VECTOR)
    const chunk = DuckDBDataChunk.create(vectors, part.length)
    chunk.setColumns(order.map(({ cell }) => part.map(cell)))
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}

interface Stored {
  readonly vector: DuckDBType
  readonly cell: (row: Row) => DuckDBValue
}

/** The table's own columns in their order; those that nothing declares any more stay null. */
async function storedOrder(
  connection: DuckDBConnection,
  { schema, table }: Into,
  columns: readonly TableColumn[],
): Promise<Stored[]> {
  const target = [...(schema === null ? [] : [schema]), table].map(name => `"${name}"`).join('.')
  const empty = await connection.runAndReadAll(`select * from ${target} limit 0`)
  const names = empty.columnNames()
  const absent = columns.find(column => !names.includes(column.name))
  if (absent) throw new Error(`${target} has no column "${absent.name}": what it would hold would be lost`)
  return names.map((name, i): Stored => {
    const at = columns.findIndex(column => column.name === name)
    const declared = columns[at]
    if (!declared) return { vector: empty.columnType(i), cell: () => null }
    const { vector, value } = TYPES[declared.kind]
    return {
      vector,
      cell: row => {
        const cell = row[at] ?? null
        return cell === null ? null : value(cell)
      },
    }
  })
}
