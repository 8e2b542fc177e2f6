import { CellWriter } from '../../cell-writer.ts'
import type { Block } from '../../cells.ts'

/** About so many bytes are sent at once. */
const SIZE = 256 * 1024

/** Rows as blocks. @param write writes the cells of one item's rows, and says how many rows it wrote. */
export function* blocks<T>(items: Iterable<T>, write: (to: CellWriter, item: T) => number): Generator<Block> {
  let writer = new CellWriter(SIZE)
  let count = 0
  for (const item of items) {
    count += write(writer, item)
    if (writer.at < SIZE) continue
    yield { bytes: writer.written(), count }
    // Not used again: what was given is perhaps not sent yet.
    writer = new CellWriter(SIZE + SIZE / 8)
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
