import { type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { TableColumn } from '../../declare/table.ts'
import type { Row } from '../../model.ts'
import type { Into } from '../sql/engine.ts'
import { TYPES } from './types.ts'

/** Rows in a vector of DuckDB's. */
const VECTOR = 2048

/** Rows by the appender, a data chunk at a time. After an error the connection is not to be used again. */
export async function append(
  connection: DuckDBConnection,
  { schema, table }: Into,
  columns: readonly TableColumn[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return
  const types = columns.map(column => TYPES[column.kind])
  const appender = await connection.createAppender(table, schema ?? undefined)
  for (let start = 0; start < rows.length; start += VECTOR) {
    const part = rows.slice(start, start + VECTOR)
    const chunk = DuckDBDataChunk.create(
      types.map(type => type.vector),
      part.length,
    )
    chunk.setColumns(
      types.map((type, at) =>
        part.map(row => {
          const cell = row[at] ?? null
          return cell === null ? null : type.value(cell)
        }),
      ),
    )
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}
