import type { Stream } from '../schema/stream.ts'
import { cellAt } from './cells.ts'
import type { FlatRecord } from './model.ts'
import { rowStart } from './record-bytes.ts'

/**
 * Makes the function that finds the cell in which a record says when it was deleted.
 * @returns null: the records of the stream do not say it. The function returns the offset of the cell in the record's
 * bytes; -1: the record exists.
 */
export function statedDeletion({
  deletions: { stated },
  columns,
  children,
}: Stream): ((record: FlatRecord) => number) | null {
  if (stated === undefined) return null
  const column = Object.keys(columns).indexOf(stated)
  const lists = Object.keys(children).length
  return ({ bytes, start }) => {
    const at = cellAt(bytes, rowStart(start, lists), column)
    return bytes.readInt32BE(at) === -1 ? -1 : at
  }
}
