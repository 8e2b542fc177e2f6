import type { CellWriter } from '../../common/cell-writer.ts'
import { cellAt, cellEnd } from '../../common/cells.ts'
import { parseExact } from '../../common/exact-json.ts'
import { FlatRecord } from '../../common/flat-record.ts'
import { parseInstant } from '../../common/instant.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Cleaning, toJson, Unreadable } from '../coerce.ts'
import { decimalAt, MOST_DECIMALS } from '../encode.ts'
import { fingerprint, keyReader } from '../flatten.ts'
import { planOf } from '../plan.ts'
import type { Left } from '../unknown-fields.ts'
import { extraReader } from './extra.ts'
import { ABSENT, ESCAPED, FALSE, JSON_TEXT, NULL, type Outline, ROWS, TEXT, TRUE, WHOLE } from './field-index.ts'
import { layoutOf, type RowLayout } from './layout.ts'

/** Writes the rows of the record that begins at `at`; null, and nothing is written: it has to be an object first. */
export type ReadRecord = (outline: Outline, at: number, to: CellWriter) => FlatRecord | null

/**
 * How a stream's records become rows without becoming objects first, at half the cost. The rows are the same. A record
 * that takes more than a look is left to `flattener`: one with a value that does not fit, or with a text that has to be
 * cleaned.
 * @returns null where every record of the stream is.
 */
export function recordReader(stream: Stream): ReadRecord | null {
  // Where columns are still to be made of what records have, the records are needed.
  if (stream.drift === 'evolve' || stream.declared !== null) return null
  const { sync, columns } = stream
  const plan = planOf(stream)
  const layout = layoutOf(plan)
  const cursor = sync.mode === 'incremental' ? sync.cursor : null
  const named = [...stream.key, ...(cursor === null ? [] : [cursor])]
  const members = named.map(name => {
    const path = columns[name]?.from ?? name
    return { name: path, slot: layout.object.members.get(path)?.slot ?? -1 }
  })
  if (members.some(({ slot }) => slot === -1)) return null
  const { lists } = layout
  const cursorPath = cursor === null ? '' : (columns[cursor]?.from ?? cursor)
  const zone = (cursor === null ? undefined : columns[cursor]?.zone) ?? 'UTC'
  const owner = Object.keys(columns).indexOf(stream.key[0] ?? '')
  const keyOf = keyReader(stream)
  const extraOf = extraReader(stream, plan, layout)
  const cleaning: Cleaning = { cleaned: 0 }
  const left: Left = { undeclared: new Set(), mismatched: new Set() }

  const rowsOf = (outline: Outline, start: number, to: CellWriter): boolean => {
    for (let i = 0; i <= lists.length; i++) to.word(0)
    const row = to.at
    if (!writeRow(layout, 0, outline, to, cleaning)) return false
    const ownerAt = lists.length === 0 ? row : cellAt(to.bytes, row, owner)
    // Not by `entries()`, here and wherever records are gone through: a pair for each would be garbage.
    for (let i = 0; i < lists.length; i++) {
      const list = lists[i] as (typeof lists)[number]
      to.setWord(start + 4 * i, to.at - start)
      const count = outline.kind(list.slot) === ROWS ? outline.end(list.slot) : 0
      const first = outline.start(list.slot)
      to.word(count)
      for (let index = 0; index < count; index++) {
        to.short(2 + list.row.cells.length)
        to.copy(to.bytes, ownerAt, cellEnd(to.bytes, ownerAt))
        to.int(index)
        if (!writeRow(list.row, first + index * list.row.slots, outline, to, cleaning)) return false
      }
    }
    to.setWord(start + 4 * lists.length, to.at - start)
    if (outline.undeclared.length === 0) to.null()
    else {
      left.undeclared.clear()
      const extra = extraOf(outline, left)
      if (extra === null) return false
      to.json(toJson(extra, cleaning))
    }
    return cleaning.cleaned === 0
  }

  const recordOf = (outline: Outline, start: number, to: CellWriter): FlatRecord | null => {
    const values: Record<string, unknown> = {}
    for (const { name, slot } of members) {
      const kind = outline.kind(slot)
      if (kind === TEXT) values[name] = outline.json.bytes.toString('utf8', outline.start(slot), outline.end(slot))
      else if (kind === WHOLE) values[name] = outline.whole(slot)
      else return null
    }
    const time = cursor === null ? null : values[cursorPath]
    const { bytes, at: end } = to
    return new FlatRecord(
      {
        key: keyOf(bytes, start + 4 * (lists.length + 1)),
        cursor: typeof time === 'string' ? parseInstant(time, zone) : null,
        hash: fingerprint(bytes.subarray(start, end)),
        bytes,
        start,
        end,
      },
      values,
      outline.undeclared.length === 0 ? null : new Set(left.undeclared),
    )
  }

  return (outline, at, to) => {
    const start = to.at
    cleaning.cleaned = 0
    try {
      const record = outline.record(layout, at) && rowsOf(outline, start, to) ? recordOf(outline, start, to) : null
      if (record === null) to.at = start
      return record
    } catch (error) {
      to.at = start
      if (error instanceof Unreadable) return null
      throw error
    }
  }
}

/** @param base the first of the row's slots. @returns false: a value does not fit. @throws {Unreadable} */
function writeRow(row: RowLayout, base: number, outline: Outline, to: CellWriter, cleaning: Cleaning): boolean {
  const { cells, plan } = row
  const { bytes, view } = outline.json
  plan.unfit?.clear()
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (cell === undefined) return false
    const { slot, kind, required, encode } = cell
    const at = base + slot
    const start = to.at
    switch (outline.kind(at)) {
      case ABSENT:
      case NULL:
        to.null()
        break
      case TEXT:
        if (kind === 'text') to.textOf(view, outline.start(at), outline.end(at))
        else if (
          (kind !== 'money' && kind !== 'rate') ||
          !decimalAt(to, bytes, outline.start(at), outline.end(at), MOST_DECIMALS[kind])
        )
          encode(to, bytes.toString('utf8', outline.start(at), outline.end(at)), cleaning)
        break
      case ESCAPED:
        encode(to, JSON.parse(bytes.toString('utf8', outline.start(at) - 1, outline.end(at) + 1)), cleaning)
        break
      case WHOLE:
        encode(to, outline.whole(at), cleaning)
        break
      case TRUE:
        encode(to, true, cleaning)
        break
      case FALSE:
        encode(to, false, cleaning)
        break
      case JSON_TEXT:
        if (kind === 'json') to.jsonOf(view, outline.start(at), outline.end(at))
        else encode(to, parseExact(bytes.toString('utf8', outline.start(at), outline.end(at))), cleaning)
        break
      default:
        encode(to, parseExact(bytes.toString('utf8', outline.start(at), outline.end(at))), cleaning)
    }
    if (required && to.isNull(start)) return false
  }
  return plan.unfit === null || plan.unfit.size === 0
}
