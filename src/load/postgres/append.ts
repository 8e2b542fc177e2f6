import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { TableColumn } from '../../declare/table.ts'
import type { Cell, Row } from '../../model.ts'
import type { Into } from '../sql/engine.ts'

const CHUNK = 64 * 1024

/** Rows by COPY, in text form: each cell is the text that its type reads. */
export async function append(
  client: PoolClient,
  { schema, table }: Into,
  columns: readonly TableColumn[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return
  const target = [...(schema === null ? [] : [schema]), table].map(quote).join('.')
  const names = columns.map(column => quote(column.name)).join(', ')
  await pipeline(Readable.from(lines(rows)), client.query(copyFrom(`copy ${target} (${names}) from stdin`)))
}

function* lines(rows: readonly Row[]): Generator<string> {
  let chunk = ''
  for (const row of rows) {
    chunk += `${row.map(field).join('\t')}\n`
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function field(cell: Cell): string {
  if (cell === null) return '\\N'
  if (typeof cell === 'boolean') return cell ? 't' : 'f'
  return /[\\\n\r\t]/.test(cell) ? cell.replace(/[\\\n\r\t]/g, found => ESCAPES[found] ?? found) : cell
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
