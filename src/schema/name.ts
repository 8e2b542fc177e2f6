import { createHash } from 'node:crypto'

/** Postgres cuts longer identifiers without a word; DuckDB keeps them. So neither ever sees one. */
export const LONGEST_NAME = 63

/** `name`, or where it is too long its beginning and eight hex digits of its SHA-256: the same on both databases. */
export function identifier(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8)
  // A character that the cut would split is left out whole.
  const beginning = new TextDecoder().decode(Buffer.from(name).subarray(0, LONGEST_NAME - 9), { stream: true })
  return `${beginning}_${digest}`
}

/** The column that a dotted path becomes: `customer.id` is `customer_id`. */
export const columnName = (path: string): string => path.replaceAll('.', '_')

/** The table of a list: `charges__line_items`. */
export const childName = (stream: string, child: string): string => `${stream}__${child}`
