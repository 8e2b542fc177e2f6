import type { CellWriter } from '../../common/cell-writer.ts'
import { type Block, cellAt, cellEnd } from '../../common/cells.ts'
import type { FlatRecord, RowBatch } from '../../common/model.ts'
import { copyExtra, copyList, copyRow, rowStart } from '../../common/record-bytes.ts'
import { statedDeletion } from '../../common/stated-deletion.ts'
import type { Stream } from '../../schema/stream.ts'
import { SOURCE, type Table } from '../../schema/table.ts'
import { blocks } from './blocks.ts'

const listsOf = ({ children }: Stream): number => Object.keys(children).length

/** A function that writes the cells of a record's key. */
export function keyWriter(stream: Stream): (to: CellWriter, record: FlatRecord) => void {
  const lists = listsOf(stream)
  const names = Object.keys(stream.columns)
  const keys = stream.key.map(name => names.indexOf(name))
  return (to, { bytes, start }) => {
    for (const key of keys) {
      const at = cellAt(bytes, rowStart(start, lists), key)
      to.copy(bytes, at, cellEnd(bytes, at))
    }
  }
}

/** Value of `_deleted_by` for a row whose record says that it is deleted. */
export const STATED = 'record'

/** The records' rows in the stream's own table, with the system columns that the load fills. */
export function rootRows(table: Table, records: readonly FlatRecord[], batch: RowBatch): Iterable<Block> {
  const { stream, receivedAt, source } = batch
  const lists = listsOf(stream)
  const deletionIn = statedDeletion(stream)
  const system = table.columns.slice(Object.keys(stream.columns).length)
  return blocks(records, (to, record) => {
    to.short(table.columns.length)
    copyRow(to, record, lists)
    const deletion = deletionIn === null ? -1 : deletionIn(record)
    for (const { name } of system) {
      if (name === '_synced_at') to.instant(receivedAt)
      else if (name === '_hash') to.bigint(record.hash)
      else if (name === '_extra') copyExtra(to, record, lists)
      else if (name === '_deleted_at' && deletion >= 0) to.copy(record.bytes, deletion, cellEnd(record.bytes, deletion))
      else if (name === '_deleted_by' && deletion >= 0) to.text(STATED)
      else if (name === SOURCE.name && source !== undefined) to.text(source)
      else to.null()
    }
    return 1
  })
}

/** The rows of one list of the records. @param list its number in the declaration, from 0. */
export const childRows = (records: readonly FlatRecord[], list: number): Iterable<Block> =>
  blocks(records, (to, record) => copyList(to, record, list))
