import { type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { Block } from '../../common/cells.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { AppendTarget } from '../sql/engine.ts'
import { TYPES } from './types.ts'
import { NullVector, VECTOR_ROWS, type Vector } from './vector.ts'

/** Puts the cells of the row that begins at `start` into row `row` of the vectors. @returns where the next row begins. */
type PutRow = (row: number, cells: DataView, start: number) => number

/** A vector for each column of a table in the table's order, and the function that puts a row's cells into them. */
interface Layout {
  readonly vectors: readonly Vector[]
  readonly putRow: PutRow
}

/** Layouts by table and columns. Each is read once: no other process can change a table while the file is open. */
export type Layouts = Map<string, Layout>

/**
 * Appends rows with the library's appender, a data chunk at a time. The appender takes columns in the table's order, which
 * is not that of the declaration if a column was added later. After an error the connection must not be used again.
 * @returns size of the rows in bytes.
 */
export async function append(
  connection: DuckDBConnection,
  layouts: Layouts,
  { schema, table }: AppendTarget,
  columns: readonly TableColumn[],
  blocks: Iterable<Block>,
): Promise<number> {
  let bytes = 0
  let appender: { readonly add: (block: Block) => void; readonly close: () => void } | null = null
  for (const block of blocks) {
    appender ??= await openAppender(connection, layouts, { schema, table }, columns)
    appender.add(block)
    bytes += block.bytes.length
  }
  appender?.close()
  return bytes
}

async function openAppender(
  connection: DuckDBConnection,
  layouts: Layouts,
  { schema, table }: AppendTarget,
  columns: readonly TableColumn[],
) {
  const appender = await connection.createAppender(table, schema ?? undefined)
  const { vectors, putRow } = await layoutOf(connection, layouts, { schema, table }, columns, appender.columnCount)
  const types = vectors.map(({ type }) => type)
  let rows = 0
  const flush = (): void => {
    if (rows === 0) return
    const chunk = DuckDBDataChunk.create(types, rows)
    for (const [index, vector] of vectors.entries()) vector.flush(chunk, index, rows)
    appender.appendDataChunk(chunk)
    rows = 0
  }
  return {
    add({ bytes, count }: Block): void {
      const cells = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let at = 0
      for (let row = 0; row < count; row++) {
        at = putRow(rows, cells, at)
        rows += 1
        if (rows === VECTOR_ROWS) flush()
      }
    },
    close(): void {
      flush()
      appender.closeSync()
    },
  }
}

/**
 * Compiles the function for a table, with one call for each column: V8 then knows which method each call reaches, which
 * it does not in a loop over columns of different types. That saves about a third of the time of a row.
 * @param vectors in the order of a row's cells.
 */
function compilePut(vectors: readonly Vector[]): PutRow {
  const puts = vectors.map(
    (_, i) => `length = cells.getInt32(at)
      at += 4
      if (length >= 0) {
        vector${i}.set(row, cells, at, length)
        at += length
      }`,
  )
  const names = vectors.map((_, i) => `const vector${i} = vectors[${i}]`)
  // A row starts with the number of its cells, in two bytes.
  const body = `'use strict'
    ${names.join('\n')}
    return (row, cells, start) => {
      let at = start + 2, length = 0
      ${puts.join('\n')}
      return at
    }`
  return new Function('vectors', body)(vectors)
}

async function layoutOf(
  connection: DuckDBConnection,
  layouts: Layouts,
  { schema, table }: AppendTarget,
  columns: readonly TableColumn[],
  count: number,
): Promise<Layout> {
  const target = [...(schema === null ? [] : [schema]), table].map(name => `"${name}"`).join('.')
  const key = `${target} ${columns.map(({ name }) => name).join()}`
  const known = layouts.get(key)
  // Records that were decoded before a column was added are appended after that.
  if (known?.vectors.length === count) return known
  const empty = await connection.runAndReadAll(`select * from ${target} limit 0`)
  const names = empty.columnNames()
  const missing = columns.find(column => !names.includes(column.name))
  if (missing) throw new Error(`${target} has no column "${missing.name}", so its values would be lost`)
  const given = columns.map(({ kind }) => TYPES[kind].vector())
  const vectors = names.map((name, i): Vector => {
    const at = columns.findIndex(column => column.name === name)
    return given[at] ?? new NullVector(empty.columnType(i))
  })
  const layout = { vectors, putRow: compilePut(given) }
  layouts.set(key, layout)
  return layout
}
