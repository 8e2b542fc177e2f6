import { CellWriter } from '../../common/cell-writer.ts'
import type { Block } from '../../common/cells.ts'

/** About so many bytes are sent at once. */
const SIZE = 256 * 1024

/**
 * Rows as blocks, each of them valid until the next is asked for.
 * @param write writes the cells of one item's rows, and says how many rows it wrote.
 */
export function* blocks<T>(items: Iterable<T>, write: (to: CellWriter, item: T) => number): Generator<Block> {
  // Not shared with other rows: the last block may be on its way when these rows have ended.
  const writer = new CellWriter(SIZE + SIZE / 8)
  let count = 0
  for (const item of items) {
    count += write(writer, item)
    if (writer.at < SIZE) continue
    yield { bytes: writer.written(), count }
    writer.at = 0
    count = 0
  }
  if (count > 0) yield { bytes: writer.written(), count }
}

/** Rows of texts. */
export const texts = (rows: Iterable<readonly string[]>): Iterable<Block> =>
  blocks(rows, (to, row) => {
    to.short(row.length)
    for (const cell of row) to.text(cell)
    return 1
  })
