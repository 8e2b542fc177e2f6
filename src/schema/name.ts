import { createHash } from 'node:crypto'

/** In bytes. Postgres cuts longer identifiers silently and DuckDB keeps them, so none is ever longer. */
export const LONGEST_NAME = 63

/** The name in the databases: if it is too long, its first bytes and eight hex digits of its SHA-256. */
export function identifier(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8)
  // With `stream`, a character that the cut would split is left out.
  const beginning = new TextDecoder().decode(Buffer.from(name).subarray(0, LONGEST_NAME - 9), { stream: true })
  return `${beginning}_${digest}`
}

/** The column that a dotted path becomes: `customer.id` is `customer_id`. */
export const columnName = (path: string): string => path.replaceAll('.', '_')

/** The table of a list: `charges__line_items`. */
export const childName = (stream: string, child: string): string => `${stream}__${child}`
