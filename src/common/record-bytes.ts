import type { CellWriter } from './cell-writer.ts'
import { cellEnd } from './cells.ts'
import type { FlatRecord } from './model.ts'

/*
 * How a record's rows lie in bytes, from its `start` to its `end`. The only file that knows it.
 *
 *   head     for each list, and after them for `_extra`: where it begins, counted from `start`, in 32 bits
 *   row      the cells of the record's own row
 *   lists    for each: the number of its rows in 32 bits; for each row the number of its cells in 16 bits, and the cells:
 *            the owner's key, the index from 0, the element's own
 *   _extra   one cell
 *
 * A cell is as `cells.ts` has it.
 */

const WORD = 4

/** Cells of a list's row before those of the element. */
const CHILD_HEAD = 2

/** Where the cells of a record's own row begin. @param lists that the stream has. */
export const rowStart = (start: number, lists: number): number => start + WORD * (lists + 1)

// Writing, in this order: head, own row, each list, `_extra`.

export function writeHead(to: CellWriter, lists: number): void {
  for (let i = 0; i <= lists; i++) to.word(0)
}

/** @param start of the record. @param list its number. @param rows that follow. */
export function writeListHead(to: CellWriter, start: number, list: number, rows: number): void {
  to.setWord(start + WORD * list, to.at - start)
  to.word(rows)
}

/** @param cells of the element. @param owner where the cell of the owner's key begins. */
export function writeChildHead(to: CellWriter, cells: number, owner: number, index: number): void {
  to.short(CHILD_HEAD + cells)
  to.copy(to.bytes, owner, cellEnd(to.bytes, owner))
  to.int(index)
}

/** What is written next is the cell of `_extra`. */
export function beginExtra(to: CellWriter, start: number, lists: number): void {
  to.setWord(start + WORD * lists, to.at - start)
}

// Reading.

/** Where the list of this number begins; after the last list, where `_extra` does. */
const listStart = ({ bytes, start }: FlatRecord, list: number): number => start + bytes.readInt32BE(start + WORD * list)

/** Copies the cells of the record's own row. @param lists that the stream has. */
export function copyRow(to: CellWriter, record: FlatRecord, lists: number): void {
  to.copy(record.bytes, rowStart(record.start, lists), listStart(record, 0))
}

/** Copies the rows of a list. @returns how many there are. */
export function copyList(to: CellWriter, record: FlatRecord, list: number): number {
  const at = listStart(record, list)
  const rows = record.bytes.readInt32BE(at)
  if (rows > 0) to.copy(record.bytes, at + WORD, listStart(record, list + 1))
  return rows
}

export function copyExtra(to: CellWriter, record: FlatRecord, lists: number): void {
  to.copy(record.bytes, listStart(record, lists), record.end)
}

/** Where the cell of `_extra` begins. */
export const extraStart = (record: FlatRecord, lists: number): number => listStart(record, lists)
