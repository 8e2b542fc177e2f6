import type { CellWriter } from '../../common/cell-writer.ts'
import { type Block, cellAt, cellEnd } from '../../common/cells.ts'
import type { Entity, RowBatch } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { SOURCE, type Table } from '../../schema/table.ts'
import { blocks } from './blocks.ts'

/** Places of a stream's key among the cells of its rows. */
function keysOf(stream: Stream): readonly number[] {
  const names = Object.keys(stream.columns)
  return stream.key.map(name => names.indexOf(name))
}

const listsOf = ({ children }: Stream): number => Object.keys(children).length

/** Where the list of this number begins; after the last one lies `_extra`, and in front of the first the own row. */
const listAt = ({ bytes, start }: Entity, list: number): number => start + bytes.readInt32BE(start + 4 * list)

const rowAt = ({ start }: Entity, lists: number): number => start + 4 * (lists + 1)

/** Writes the cells of a record's key. */
export function keyWriter(stream: Stream): (to: CellWriter, entity: Entity) => void {
  const lists = listsOf(stream)
  const keys = keysOf(stream)
  return (to, entity) => {
    for (const key of keys) copyCell(to, entity.bytes, cellAt(entity.bytes, rowAt(entity, lists), key))
  }
}

const copyCell = (to: CellWriter, bytes: Buffer, at: number): void => to.copy(bytes, at, cellEnd(bytes, at))

/** The records' own rows, with what the load adds to each. */
export function rootRows(table: Table, entities: readonly Entity[], batch: RowBatch): Iterable<Block> {
  const { stream, receivedAt, source } = batch
  const lists = listsOf(stream)
  const system = table.columns.slice(Object.keys(stream.columns).length)
  return blocks(entities, (to, entity) => {
    const { bytes, end, hash } = entity
    to.short(table.columns.length)
    to.copy(bytes, rowAt(entity, lists), listAt(entity, 0))
    for (const { name } of system) {
      if (name === '_synced_at') to.instant(receivedAt)
      else if (name === '_hash') to.bigint(hash)
      else if (name === '_extra') to.copy(bytes, listAt(entity, lists), end)
      else if (name === SOURCE.name && source !== undefined) to.text(source)
      else to.null()
    }
    return 1
  })
}

/** The rows of one of the records' lists. */
export function ownedRows(entities: readonly Entity[], list: number): Iterable<Block> {
  return blocks(entities, (to, entity) => {
    const { bytes } = entity
    const at = listAt(entity, list)
    const count = bytes.readInt32BE(at)
    if (count > 0) to.copy(bytes, at + 4, listAt(entity, list + 1))
    return count
  })
}
