import type { CellWriter } from '../common/cell-writer.ts'
import type { Cleaning } from './coerce.ts'
import { type CellPlan, memberKey, type RowPlan } from './plan.ts'
import { TypeMismatch } from './type-mismatch.ts'

/** Writes a cell from the values of its members: that of the column's own name, then those of its other names. */
export type EncodeFirst = (to: CellWriter, values: readonly unknown[], cleaning: Cleaning) => void

/**
 * Makes the encoder of a column that has several names. The first name with a value counts. A name after it whose value is
 * another one becomes a mismatch, so that its value stays in `_extra`.
 */
export function encodeFirst(cell: CellPlan, mismatches: RowPlan['mismatches']): EncodeFirst {
  const members = [cell, ...cell.also]
  return (to, values, cleaning) => {
    const start = to.at
    let end = -1
    for (const [i, { objectId, name, path, encode }] of members.entries()) {
      const value = values[i]
      if (value === undefined || value === null) continue
      const at = to.at
      try {
        encode(to, value, cleaning)
        if (to.isNull(at)) to.at = at
        else if (end === -1) end = to.at
        else if (to.bytes.compare(to.bytes, at, to.at, start, end) !== 0) mismatches?.add(memberKey(objectId, name))
      } catch (error) {
        if (!(error instanceof TypeMismatch)) throw error
        if (end === -1) throw new TypeMismatch(error.message, path)
        mismatches?.add(memberKey(objectId, name))
      }
      if (end !== -1) to.at = end
    }
    if (end === -1) to.null()
  }
}
