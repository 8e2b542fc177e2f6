import type { CellWriter } from './cell-writer.ts'
import { cellEnd } from './cells.ts'
import type { FlatRecord } from './model.ts'

/*
 * The byte layout of a flat record, from its `start` to its `end`. No other file knows it.
 *
 *   head     for each list, and then for `_extra`: its offset from `start`, in 32 bits
 *   row      the cells of the record's own row
 *   lists    for each list: the number of its rows in 32 bits; for each row: the number of its cells in 16 bits and the
 *            cells, which are the key of the record, the index from 0, and those of the element
 *   _extra   one cell
 *
 * The format of a cell is in `cells.ts`.
 */

const WORD = 4

/** The key and the index: the cells of a child row before those of the element. */
const CHILD_HEAD = 2

/** Offset of the record's own row. @param lists number of lists that the stream has. */
export const rowStart = (start: number, lists: number): number => start + WORD * (lists + 1)

// To write a record: its head, the cells of its own row, each list, `_extra`.

export function writeHead(to: CellWriter, lists: number): void {
  for (let i = 0; i <= lists; i++) to.word(0)
}

/** @param start of the record. @param list number of the list. @param rows how many follow. */
export function writeListHead(to: CellWriter, start: number, list: number, rows: number): void {
  to.setWord(start + WORD * list, to.at - start)
  to.word(rows)
}

/** @param cells number of cells of the element. @param keyAt offset of the cell with the record's key. */
export function writeChildHead(to: CellWriter, cells: number, keyAt: number, index: number): void {
  to.short(CHILD_HEAD + cells)
  to.copy(to.bytes, keyAt, cellEnd(to.bytes, keyAt))
  to.int(index)
}

/** Marks that the cell of `_extra` is written next. */
export function startExtra(to: CellWriter, start: number, lists: number): void {
  to.setWord(start + WORD * lists, to.at - start)
}

// To read a record.

/** Offset of a list by its number. The number after the last list is that of `_extra`. */
const listStart = ({ bytes, start }: FlatRecord, list: number): number => start + bytes.readInt32BE(start + WORD * list)

/** Copies the cells of the record's own row. @param lists number of lists that the stream has. */
export function copyRow(to: CellWriter, record: FlatRecord, lists: number): void {
  to.copy(record.bytes, rowStart(record.start, lists), listStart(record, 0))
}

/** Copies the rows of a list. @returns their number. */
export function copyList(to: CellWriter, record: FlatRecord, list: number): number {
  const at = listStart(record, list)
  const rows = record.bytes.readInt32BE(at)
  if (rows > 0) to.copy(record.bytes, at + WORD, listStart(record, list + 1))
  return rows
}

/** Copies the cell of `_extra`. */
export function copyExtra(to: CellWriter, record: FlatRecord, lists: number): void {
  to.copy(record.bytes, listStart(record, lists), record.end)
}

/** Offset of the cell of `_extra`. */
export const extraStart = (record: FlatRecord, lists: number): number => listStart(record, lists)
