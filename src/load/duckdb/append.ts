import { type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import type { Block } from '../../common/cells.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Into } from '../sql/engine.ts'
import { TYPES } from './types.ts'
import { NullVector, VECTOR, type Vector } from './vector.ts'

/** Puts the cells of a row that begins at `start` into a row of the vectors. @returns where the next row begins. */
type PutRow = (row: number, cells: DataView, start: number) => number

/** A table's own columns in their order, as vectors, and how a row's cells get into them. */
interface Layout {
  readonly vectors: readonly Vector[]
  readonly putRow: PutRow
}

/** Layouts of one connection's tables: asked for once each, since no other process can change them meanwhile. */
export type Layouts = Map<string, Layout>

/**
 * Rows by the appender, a data chunk at a time. It fills a table's columns in the order in which they were added, which
 * after an ALTER is not that of the declaration. After an error the connection is not to be used again.
 * @returns bytes of the rows.
 */
export async function append(
  connection: DuckDBConnection,
  layouts: Layouts,
  { schema, table }: Into,
  columns: readonly TableColumn[],
  blocks: Iterable<Block>,
): Promise<number> {
  let bytes = 0
  let open: { readonly fill: (block: Block) => void; readonly close: () => void } | null = null
  for (const block of blocks) {
    open ??= await opened(connection, await layoutOf(connection, layouts, { schema, table }, columns), {
      schema,
      table,
    })
    open.fill(block)
    bytes += block.bytes.length
  }
  open?.close()
  return bytes
}

async function opened(connection: DuckDBConnection, { vectors, putRow }: Layout, { schema, table }: Into) {
  const types = vectors.map(({ type }) => type)
  const appender = await connection.createAppender(table, schema ?? undefined)
  let rows = 0
  const flush = (): void => {
    if (rows === 0) return
    const chunk = DuckDBDataChunk.create(types, rows)
    for (const [index, vector] of vectors.entries()) vector.flush(chunk, index, rows)
    appender.appendDataChunk(chunk)
    rows = 0
  }
  return {
    fill({ bytes, count }: Block): void {
      const cells = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let at = 0
      for (let row = 0; row < count; row++) {
        at = putRow(rows, cells, at)
        rows += 1
        if (rows === VECTOR) flush()
      }
    },
    close(): void {
      flush()
      appender.closeSync()
    },
  }
}

/**
 * Code of its own for a table, with a call for each column: the engine then knows what it calls, which a loop over
 * columns of different types leaves open. That takes about a third off the time of a row.
 */
function compilePut(backfilled: readonly Vector[]): PutRow {
  const puts = backfilled.map(
    (_, i) => `length = cells.getInt32(at)
      at += 4
      if (length >= 0) {
        vector${i}.set(row, cells, at, length)
        at += length
      }`,
  )
  const vectors = backfilled.map((_, i) => `const vector${i} = backfilled[${i}]`)
  // In front stands the number of cells, which is that of the columns.
  const body = `'use strict'
    ${vectors.join('\n')}
    return (row, cells, start) => {
      let at = start + 2, length = 0
      ${puts.join('\n')}
      return at
    }`
  return new Function('backfilled', body)(backfilled)
}

async function layoutOf(
  connection: DuckDBConnection,
  layouts: Layouts,
  { schema, table }: Into,
  columns: readonly TableColumn[],
): Promise<Layout> {
  const target = [...(schema === null ? [] : [schema]), table].map(name => `"${name}"`).join('.')
  const key = `${target} ${columns.map(({ name }) => name).join()}`
  const known = layouts.get(key)
  if (known) return known
  const empty = await connection.runAndReadAll(`select * from ${target} limit 0`)
  const names = empty.columnNames()
  const absent = columns.find(column => !names.includes(column.name))
  if (absent) throw new Error(`${target} has no column "${absent.name}": what it would hold would be lost`)
  const backfilled = columns.map(({ kind }) => TYPES[kind].vector())
  const vectors = names.map((name, i): Vector => {
    const at = columns.findIndex(column => column.name === name)
    return backfilled[at] ?? new NullVector(empty.columnType(i))
  })
  const layout = { vectors, putRow: compilePut(backfilled) }
  layouts.set(key, layout)
  return layout
}
