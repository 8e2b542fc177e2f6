import { CellWriter } from '../common/cell-writer.ts'
import { stringifyExact } from '../common/exact-json.ts'
import { type BackfilledRow, type CellsByColumn, cellName, type ExtraRow } from '../common/model.ts'
import type { Columns } from '../schema/column.ts'
import type { Stream } from '../schema/stream.ts'
import { type Encode, encoder } from './encode.ts'
import { redaction } from './redact.ts'
import { bare, isEmpty, isObject, type JsonObject, TypeMismatch } from './type-mismatch.ts'

/**
 * A declared path, and the columns that are read from it: the one that keeps the value, and those derived from it. A column
 * with several names has a path for each, its own first.
 */
interface DeclaredPath {
  readonly steps: readonly string[]
  readonly columns: readonly { readonly name: string; readonly encode: Encode }[]
}

const writer = new CellWriter(1024)
/** A cell without a value. */
const NULL = Buffer.from([255, 255, 255, 255])

/**
 * Makes the function that moves values of a loaded row from `_extra` into columns: columns that were declared later, and
 * columns whose declaration the value did not fit before. Values are encoded as in a load; one that still does not fit stays.
 * What stays is redacted: it may be the second value of a column that is protected now.
 * @returns a function that returns null for a row whose `_extra` stays as it is.
 */
export function rowBackfiller(stream: Stream): (row: ExtraRow, extra: unknown) => BackfilledRow | null {
  const redact = redaction(stream)
  const root = declaredPathsOf(stream.columns, stream)
  const lists = Object.entries(stream.children).map(([child, { from, columns, element }]) => ({
    child,
    steps: from.split('.'),
    paths: declaredPathsOf(columns, stream),
    element: element === undefined ? null : (columns[element]?.from ?? element),
  }))
  return (row, extra) => {
    if (!isObject(extra)) return null
    const rest = copyOf(extra)
    let taken = false
    const onTaken = (): void => {
      taken = true
    }
    const cells = take(rest, root, name => row.filled.has(cellName(name)), onTaken)
    const backfilled = new Map<string, ReadonlyMap<number, CellsByColumn>>()
    const added = new Map<string, readonly CellsByColumn[]>()
    for (const { child, steps, paths, element: plain } of lists) {
      const elements = memberAt(rest, steps)
      if (Array.isArray(elements)) {
        const list = newRows(elements, paths, plain)
        if (list === null) continue
        taken = true
        added.set(child, list.rows)
        setMember(rest, steps, list.rest)
        prune(rest, steps)
      }
      if (!isObject(elements)) continue
      const byPosition = new Map<number, CellsByColumn>()
      for (const [position, element] of Object.entries(elements)) {
        if (!/^\d+$/.test(position) || !isObject(element)) continue
        const isFilled = (name: string): boolean => row.filled.has(cellName(name, child, Number(position)))
        const found = take(element, paths, isFilled, onTaken)
        if (found.size > 0) byPosition.set(Number(position), found)
        if (isEmpty(element)) delete elements[position]
      }
      if (byPosition.size > 0) backfilled.set(child, byPosition)
      prune(rest, steps)
    }
    const shown = redact === null ? rest : redact.of(extra, rest)
    if (!taken && stringifyExact(shown) === stringifyExact(rest)) return null
    return { row, cells, lists: backfilled, newLists: added, extra: isEmpty(rest) ? null : stringifyExact(shown) }
  }
}

/**
 * The rows of a list that was not declared when the record was loaded, so that `_extra` has it whole.
 * @returns the rows, and what remains by position; null: an element cannot be a row, so the list stays where it is.
 */
function newRows(
  elements: readonly unknown[],
  paths: readonly DeclaredPath[],
  plain: string | null,
): { readonly rows: readonly CellsByColumn[]; readonly rest: JsonObject } | null {
  const rows: CellsByColumn[] = []
  const rest = bare()
  for (const [index, given] of elements.entries()) {
    const element = isObject(given)
      ? copyOf(given)
      : given === null
        ? bare()
        : plain === null
          ? null
          : asMember(plain, given)
    if (element === null) return null
    rows.push(
      take(
        element,
        paths,
        () => false,
        () => {},
      ),
    )
    if (!isEmpty(element)) rest[String(index)] = element
  }
  return { rows, rest }
}

function asMember(name: string, value: unknown): JsonObject {
  const object = bare()
  object[name] = value
  return object
}

function declaredPathsOf(declared: Columns, { salt }: Stream): DeclaredPath[] {
  const columns = Object.entries(declared).flatMap(([name, column]) => {
    const encode = encoder(column, salt)
    return [column.from ?? name, ...column.also].map(path => ({ path, name, encode }))
  })
  return [...Map.groupBy(columns, ({ path }) => path)].map(([path, columns]) => ({ steps: path.split('.'), columns }))
}

/**
 * Removes the values that fit from the object and encodes them. A null is removed too, since the column is null already.
 * @param isFilled whether a column has a value that is not in the object.
 */
function take(
  object: JsonObject,
  declared: readonly DeclaredPath[],
  isFilled: (name: string) => boolean,
  onTaken: () => void,
): CellsByColumn {
  const cells = new Map<string, Buffer>()
  for (const { steps, columns } of declared) {
    const holder = memberAt(object, steps.slice(0, -1))
    const last = steps.at(-1) ?? ''
    if (!isObject(holder) || !Object.hasOwn(holder, last)) continue
    const value = holder[last]
    if (value !== null) {
      const found = columns.map(({ name, encode }) => ({ name, cell: cellOf(encode, value) }))
      if (found.some(({ cell }) => cell === null)) continue
      const values = found.flatMap(({ name, cell }) => (cell === null || cell.equals(NULL) ? [] : [{ name, cell }]))
      // The column has the value of another name, and what is here is a second one.
      if (values.some(({ name, cell }) => isFilled(name) || cells.get(name)?.equals(cell) === false)) continue
      for (const { name, cell } of values) cells.set(name, cell)
    }
    delete holder[last]
    prune(object, steps.slice(0, -1))
    onTaken()
  }
  return cells
}

/** @returns null: the value does not fit. */
function cellOf(encode: Encode, value: unknown): Buffer | null {
  writer.at = 0
  try {
    encode(writer, value, { cleaned: 0 })
  } catch (error) {
    if (error instanceof TypeMismatch) return null
    throw error
  }
  return writer.copyOfWritten()
}

function memberAt(object: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = object
  for (const step of steps) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : null
  return value
}

/** Replaces a member that is there. */
function setMember(object: JsonObject, steps: readonly string[], value: JsonObject): void {
  const holder = memberAt(object, steps.slice(0, -1))
  if (isObject(holder)) holder[steps.at(-1) ?? ''] = value
}

/** Removes the objects on the path that have become empty, the innermost first. */
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

/** A copy whose objects may be changed. */
function copyOf(object: JsonObject): JsonObject {
  const copy = bare()
  for (const [name, value] of Object.entries(object)) copy[name] = isObject(value) ? copyOf(value) : value
  return copy
}
