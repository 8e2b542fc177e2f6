import { cellAt, intAt, textAt } from '../common/cells.ts'
import { idText, mentionsAny } from '../common/mentions.ts'
import type { FlatRecord } from '../common/model.ts'
import { rowStart } from '../common/record-bytes.ts'
import type { Column, Columns } from '../schema/column.ts'
import { EMAIL, type Forgotten } from '../schema/forgotten.ts'
import type { Ownership } from '../schema/owner.ts'
import type { Child, Stream } from '../schema/stream.ts'
import { coercion } from './coerce.ts'
import { bare, isObject, type JsonObject, objectIn, TypeMismatch } from './type-mismatch.ts'

/** Erases what is personal in the records of persons that were forgotten. */
export interface Eraser {
  /** Whether a record that the scanner has written must be parsed: it belongs to such a person, or its cells do not tell. */
  mustParse(record: FlatRecord): boolean
  /** What may be stored of a record: the record itself, if it belongs to nobody who was forgotten. */
  of(record: unknown): unknown
}

/** Reads the value of a column from a record; null: it has none. */
type ReadText = (column: string) => string | null

/** @returns null: records of the stream belong to no person. */
export function eraserOf(stream: Stream): Eraser | null {
  const { erasure, columns, children, key } = stream
  if (erasure === null) return null
  const { forgotten, ownership } = erasure
  const { direct, indirect, contact, mentions } = ownership
  const names = Object.keys(columns)
  const lists = Object.keys(children).length
  const used = [...direct, ...indirect].flatMap(({ column, when }) => [column, ...(when ? [when.column] : [])])
  const read = [...new Set([...used, ...(contact === null ? [] : [contact])])]
  // Not every cell tells what the record says: one may be hashed or omitted.
  const isTold = mentions.length === 0 && read.every(name => columns[name]?.policy === 'keep')
  const cells = new Map(read.map(name => [name, { at: names.indexOf(name), isInt: columns[name]?.kind === 'int' }]))
  const isReferenced = ownership.isReferenced && key.length === 1
  const [keyName = ''] = key
  return {
    mustParse(record) {
      if (forgotten.isEmpty) return false
      if (!isTold) return true
      const row = rowStart(record.start, lists)
      return belongs(forgotten, ownership, name => {
        const cell = cells.get(name)
        if (cell === undefined) return null
        const at = cellAt(record.bytes, row, cell.at)
        if (record.bytes.readInt32BE(at) === -1) return null
        return cell.isInt ? intAt(record.bytes, at) : textAt(record.bytes, at)
      })
    },
    of(record) {
      if (forgotten.isEmpty || !isObject(record)) return record
      const read: ReadText = name => {
        const value = valueIn(record, name, columns[name])
        return columns[name]?.kind === 'int' ? idText(value) : typeof value === 'string' ? value : null
      }
      const isTheirs =
        belongs(forgotten, ownership, read) ||
        mentions.some(name => mentionsAny(valueIn(record, name, columns[name]), (of, id) => forgotten.has(of, id)))
      if (!isTheirs) return record
      const own = isReferenced ? read(keyName) : null
      if (own !== null) forgotten.add(stream.name, own)
      return erased(record, stream)
    },
  }
}

/** Whether a record belongs to somebody who was forgotten. `Ownership` says what decides. */
function belongs(forgotten: Forgotten, { direct, indirect, contact }: Ownership, read: ReadText): boolean {
  const customers = direct.map(({ column }) => read(column)).filter(id => id !== null)
  if (customers.length > 0) return customers.some(id => forgotten.has(direct[0]?.stream ?? '', id))
  const named = indirect.some(({ column, stream, when }) => {
    if (when !== null && read(when.column)?.toLowerCase() !== when.value) return false
    const id = read(column)
    return id !== null && forgotten.has(stream, id)
  })
  if (named) return true
  const email = contact === null ? null : read(contact)
  return email !== null && forgotten.has(EMAIL, email)
}

const stepsOf = (path: string): readonly string[] => path.split('.')

function memberAt(record: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = record
  for (const name of steps) {
    const object = objectIn(value)
    value = object !== null && Object.hasOwn(object, name) ? object[name] : null
  }
  return value ?? null
}

function valueIn(record: JsonObject, name: string, column: Column | undefined): unknown {
  for (const path of [column?.from ?? name, ...(column?.also ?? [])]) {
    const value = memberAt(record, stepsOf(path))
    if (value !== null) return value
  }
  return null
}

function setMember(to: JsonObject, steps: readonly string[], value: unknown): void {
  let object = to
  for (const name of steps.slice(0, -1)) {
    const inner = isObject(object[name]) ? object[name] : bare()
    object[name] = inner
    object = inner
  }
  object[steps.at(-1) ?? ''] = value
}

/** A record with what is declared as not personal, and fits its declaration. Nothing else is in it, so nothing gets into `_extra`. */
function erased(record: JsonObject, { columns, children }: Stream): JsonObject {
  const kept = keptOf(record, columns)
  for (const { from, columns: inside, element } of Object.values(children) as Child[]) {
    const steps = stepsOf(from)
    const found = memberAt(record, steps)
    const list = Array.isArray(found) ? found : isObject(found) ? [found] : null
    if (list === null) continue
    const plain = element === undefined ? undefined : inside[element]
    setMember(
      kept,
      steps,
      // Each element keeps its place.
      list.map(item => {
        const object = objectIn(item)
        if (object !== null) return keptOf(object, inside)
        return plain !== undefined && !plain.personal && fits(plain, item) ? item : null
      }),
    )
  }
  return kept
}

function keptOf(object: JsonObject, columns: Columns): JsonObject {
  const kept = bare()
  for (const [name, column] of Object.entries(columns)) {
    if (column.personal || column.sensitive) continue
    for (const path of [column.from ?? name, ...column.also]) {
      const steps = stepsOf(path)
      const value = memberAt(object, steps)
      if (value !== null && fits(column, value)) setMember(kept, steps, value)
    }
  }
  return kept
}

function fits(column: Column, value: unknown): boolean {
  try {
    coercion(column)(value, { cleaned: 0 })
    return true
  } catch (error) {
    if (error instanceof TypeMismatch) return false
    throw error
  }
}
