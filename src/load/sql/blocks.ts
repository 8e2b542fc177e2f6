import { CellWriter } from '../../common/cell-writer.ts'
import type { Block } from '../../common/cells.ts'

/** Bytes in a block, roughly. */
const SIZE = 256 * 1024

/**
 * Rows in blocks. The bytes of a block are overwritten when the next one is requested.
 * @param write writes the cells of one item's rows and returns how many rows it wrote.
 */
export function* blocks<T>(items: Iterable<T>, write: (to: CellWriter, item: T) => number): Generator<Block> {
  // A writer of its own for each call: a driver may still be sending the last block after the generator has ended.
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

/** The same blocks; tells how many rows each of them has. */
export function* counted(blocks: Iterable<Block>, tell: (rows: number) => void): Generator<Block> {
  for (const block of blocks) {
    tell(block.count)
    yield block
  }
}

/** Rows whose cells are all texts, in blocks. */
export const texts = (rows: Iterable<readonly string[]>): Iterable<Block> =>
  blocks(rows, (to, row) => {
    to.short(row.length)
    for (const cell of row) to.text(cell)
    return 1
  })
