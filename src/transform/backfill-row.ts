import { CellWriter } from '../common/cell-writer.ts'
import type { BackfilledRow, CellsByColumn, ExtraRow } from '../common/model.ts'
import type { Columns } from '../schema/column.ts'
import type { Stream } from '../schema/stream.ts'
import { toJson } from './coerce.ts'
import { type Encode, encoder } from './encode.ts'
import { bare, isObject, type JsonObject, TypeMismatch } from './type-mismatch.ts'

/** Where in an object a value would be, and the columns that it becomes: one, and those that keep a part of it. */
interface Wanted {
  readonly steps: readonly string[]
  readonly columns: readonly { readonly name: string; readonly encode: Encode }[]
}

const writer = new CellWriter(1024)

/**
 * How rows that are loaded already get what `_extra` holds of their columns: those that were declared later, and those
 * whose value did not fit and does now. It is read as a load reads it; what still does not fit stays.
 * @returns null for a row whose `_extra` has nothing for any column.
 */
export function columnBackfiller(stream: Stream): (row: ExtraRow, extra: unknown) => BackfilledRow | null {
  const root = wantedOf(stream.columns, stream)
  const lists = Object.entries(stream.children).map(([child, { from, columns }]) => ({
    child,
    steps: from.split('.'),
    wanted: wantedOf(columns, stream),
  }))
  return (row, extra) => {
    if (!isObject(extra)) return null
    const rest = copied(extra)
    let taken = false
    const cells = take(rest, root, () => (taken = true))
    const backfilled = new Map<string, ReadonlyMap<number, CellsByColumn>>()
    for (const { child, steps, wanted } of lists) {
      const elements = memberAt(rest, steps)
      if (!isObject(elements)) continue
      const byPosition = new Map<number, CellsByColumn>()
      for (const [position, element] of Object.entries(elements)) {
        if (!/^\d+$/.test(position) || !isObject(element)) continue
        const found = take(element, wanted, () => (taken = true))
        if (found.size > 0) byPosition.set(Number(position), found)
        if (isEmpty(element)) delete elements[position]
      }
      if (byPosition.size > 0) backfilled.set(child, byPosition)
      prune(rest, steps)
    }
    if (!taken) return null
    return { row, cells, lists: backfilled, extra: isEmpty(rest) ? null : toJson(rest, { cleaned: 0 }) }
  }
}

function wantedOf(declared: Columns, { salt }: Stream): Wanted[] {
  const paths = Map.groupBy(Object.entries(declared), ([name, { from }]) => from ?? name)
  return [...paths].map(([path, columns]) => ({
    steps: path.split('.'),
    columns: columns.map(([name, column]) => ({ name, encode: encoder(column, salt) })),
  }))
}

/** Takes values that fit out of the object. A null is taken too: it says no more than the column does. */
function take(object: JsonObject, wanted: readonly Wanted[], onTaken: () => void): CellsByColumn {
  const cells = new Map<string, Buffer>()
  for (const { steps, columns } of wanted) {
    const holder = memberAt(object, steps.slice(0, -1))
    const last = steps.at(-1) ?? ''
    if (!isObject(holder) || !Object.hasOwn(holder, last)) continue
    const value = holder[last]
    if (value !== null) {
      const found = columns.map(({ name, encode }) => [name, cellOf(encode, value)] as const)
      if (found.some(([, cell]) => cell === null)) continue
      for (const [name, cell] of found) if (cell !== null) cells.set(name, cell)
    }
    delete holder[last]
    prune(object, steps.slice(0, -1))
    onTaken()
  }
  return cells
}

function cellOf(encode: Encode, value: unknown): Buffer | null {
  writer.at = 0
  try {
    encode(writer, value, { cleaned: 0 })
  } catch (error) {
    if (error instanceof TypeMismatch) return null
    throw error
  }
  return writer.taken()
}

function memberAt(object: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = object
  for (const step of steps) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : null
  return value
}

/** Takes away the objects on the path that nothing is left in, the innermost first. */
function prune(object: JsonObject, steps: readonly string[]): void {
  for (let depth = steps.length; depth > 0; depth--) {
    const holder = memberAt(object, steps.slice(0, depth - 1))
    const name = steps[depth - 1] ?? ''
    if (!isObject(holder) || !Object.hasOwn(holder, name)) return
    const inner = holder[name]
    if (!isObject(inner) || !isEmpty(inner)) return
    delete holder[name]
  }
}

const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0

/** A copy whose objects may be changed; members called `__proto__` stay members. */
function copied(object: JsonObject): JsonObject {
  const copy = bare()
  for (const [name, value] of Object.entries(object)) copy[name] = isObject(value) ? copied(value) : value
  return copy
}
