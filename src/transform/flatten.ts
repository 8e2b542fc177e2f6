import { hash } from 'node:crypto'
import type { CellWriter } from '../common/cell-writer.ts'
import { cellAt, intAt, textAt } from '../common/cells.ts'
import { parseInstant } from '../common/instant.ts'
import type { DecodeStats, FlatRecord, Instant, Reject } from '../common/model.ts'
import { rowStart, startExtra, writeChildHead, writeHead, writeListHead } from '../common/record-bytes.ts'
import type { Stream } from '../schema/stream.ts'
import { type Cleaning, storable, toJson, toRejectedJson, whyNotJson } from './coerce.ts'
import { compileRow, type WriteRow } from './compile-row.ts'
import { type ExtraPaths, extraFieldsOf, type ListExtra } from './extra-fields.ts'
import { type ListPlan, memberKey, planOf, type RowPlan } from './plan.ts'
import { redaction } from './redact.ts'
import { bare, isEmpty, isObject, type JsonObject, objectIn, TypeMismatch, typeName } from './type-mismatch.ts'

interface List extends ListPlan {
  readonly write: WriteRow
}

/** Writes the rows of a record. If it rejects the record, it writes nothing. */
export type Flatten = (record: unknown, to: CellWriter, stats: DecodeStats) => FlatRecord | Reject

const compiled = new WeakMap<Stream, Flatten>()

/** Makes the function that flattens the records of a stream. It is compiled once for each stream. */
export function flattener(stream: Stream): Flatten {
  const known = compiled.get(stream)
  if (known) return known
  const flatten = compile(stream)
  compiled.set(stream, flatten)
  return flatten
}

function compile(stream: Stream): Flatten {
  const plan = planOf(stream)
  const write = compileRow(plan)
  const lists = plan.lists.map((list): List => ({ ...list, write: compileRow(list.row) }))
  const names = Object.keys(stream.columns)
  const keyColumn = names.indexOf(stream.key[0] ?? '')
  const keyIn = keyReader(stream)
  const { sync, columns } = stream
  const cursor = sync.mode === 'incremental' ? sync.cursor : null
  const steps = cursor === null ? [] : (columns[cursor]?.from ?? cursor).split('.')
  const zone = (cursor === null ? undefined : columns[cursor]?.zone) ?? 'UTC'
  const redact = redaction(stream)
  const cursorOf = (record: JsonObject): Instant | null => {
    const time = cursor === null ? null : memberOf(record, steps)
    return typeof time === 'string' ? parseInstant(time, zone) : null
  }
  const paths: ExtraPaths = { unknown: new Set(), mismatched: new Set() }

  /*
   * The hash of a record does not depend on inferred columns. It is taken of the record as flattened without them, where
   * their values are in `_extra`. Otherwise each new inferred column would change the hash of every row, and all rows
   * would be written again.
   */
  const flattenDeclared = stream.declared === null ? null : flattener(stream.declared)
  const hashOf = (record: unknown, start: number, to: CellWriter): bigint => {
    if (flattenDeclared === null) return fingerprint(to.bytes.subarray(start, to.at))
    const end = to.at
    const flat = flattenDeclared(record, to, { cleaned: 0, unknownFields: new Map(), mismatched: new Map() })
    to.at = end
    return 'hash' in flat ? flat.hash : fingerprint(to.bytes.subarray(start, end))
  }

  // The field of an inferred column may hold a copy of a protected value, so the record is redacted before it is flattened.
  const redactFirst = redact !== null && stream.declared !== null

  return (given, to, stats) => {
    const start = to.at
    const record = redactFirst ? redact.of(given, given) : given
    try {
      if (!isObject(record)) throw new TypeMismatch('the record is not an object', '')
      writeHead(to, lists.length)
      plan.mismatches?.clear()
      paths.unknown.clear()
      paths.mismatched.clear()
      const unknownFields = write(record, to, stats)
      const extras: ListExtra[] = []
      const row = rowStart(start, lists.length)
      const keyAt = lists.length === 0 ? row : cellAt(to.bytes, row, keyColumn)
      for (const [i, list] of lists.entries()) {
        const elements = elementsOf(list, memberOf(record, list.steps), plan)
        writeListHead(to, start, i, elements.length)
        const extra = writeList(list, elements, keyAt, to, stats, paths)
        if (extra !== null) extras.push({ objectId: list.objectId, name: list.name, extra })
      }
      const hasExtra = unknownFields || extras.length > 0 || hasMismatches(plan)
      const extra = hasExtra ? extraFieldsOf(plan, record, extras, paths) : null
      startExtra(to, start, lists.length)
      if (extra === null) to.null()
      else to.json(extraToJson(redact === null ? extra : redact.of(given, extra), stats))
      countPaths(paths.unknown, stats.unknownFields)
      countPaths(paths.mismatched, stats.mismatched)
      return {
        key: keyIn(to.bytes, row),
        cursor: cursorOf(record),
        hash: hashOf(given, start, to),
        bytes: to.bytes,
        start,
        end: to.at,
      }
    } catch (error) {
      to.at = start
      if (!(error instanceof TypeMismatch)) throw error
      const { path, message } = error
      return {
        key: keyOf(record, stream),
        path: path ?? '',
        reason: redact === null ? message : redact.reason(given, message),
        record: toRejectedJson(redact === null ? record : redact.of(given, record), stats),
        cursor: isObject(record) ? cursorOf(record) : null,
      }
    }
  }
}

/** The member at the end of a path; null: there is none. */
function memberOf(record: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = record
  for (const name of steps) {
    const object = objectIn(value)
    value = object !== null && Object.hasOwn(object, name) ? object[name] : null
  }
  return value ?? null
}

/** @throws {TypeMismatch} whose path is the member that cannot be stored as JSON; empty: all of them together cannot. */
function extraToJson(extra: unknown, cleaning: Cleaning): string {
  try {
    return toJson(extra, cleaning)
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error
    const [name = ''] = isObject(extra)
      ? (Object.entries(extra).find(([, member]) => whyNotJson(member, 0, 1) !== null) ?? [])
      : []
    throw new TypeMismatch(error.message, storable(name.slice(0, LONGEST_PATH)))
  }
}

/** The name of a member that is not declared may be of any length. */
const LONGEST_PATH = 200

const hasMismatches = ({ mismatches }: RowPlan): boolean => mismatches !== null && mismatches.size > 0

/** Adds one record to the count of each path. */
export function countPaths(paths: ReadonlySet<string>, into: Map<string, number>): void {
  for (const path of paths) {
    const name = storable(path)
    into.set(name, (into.get(name) ?? 0) + 1)
  }
}

/** The elements of a list. @throws {TypeMismatch} if the value is not a list; a lenient plan records the mismatch instead. */
function elementsOf(
  { path, objectId, name, lenient }: List,
  value: unknown,
  { mismatches }: RowPlan,
): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value === null || isEmpty(value)) return []
  // For marketing attribution the API may send one object in place of a list [client]: a list of one.
  if (isObject(value)) return [value]
  if (!lenient) throw new TypeMismatch(`declared as a list, but it is ${typeName(value)}`, path)
  mismatches?.add(memberKey(objectId, name))
  return []
}

/**
 * Writes the rows of a list.
 * @param keyAt offset of the cell with the record's key.
 * @returns the extra fields of the elements, by position in the list; null: there are none.
 */
function writeList(
  { row, write, path, element: plain, lenient }: List,
  elements: readonly unknown[],
  keyAt: number,
  to: CellWriter,
  stats: DecodeStats,
  paths: ExtraPaths,
): JsonObject | null {
  let extra: JsonObject | null = null
  const keep = (index: number, inner: unknown): void => {
    extra ??= bare()
    extra[String(index)] = inner
  }
  for (const [index, element] of elements.entries()) {
    const isPlain = plain !== null && element !== null && objectIn(element) === null
    const object = isPlain ? { [plain]: element } : objectIn(element)
    if (object === null && element !== null && !isEmpty(element)) {
      if (!lenient) throw new TypeMismatch(`declared as an object, but it is ${typeName(element)}`, `${path}[]`)
      keep(index, element)
      paths.mismatched.add(`${path}[]`)
    }
    writeChildHead(to, row.cells.length, keyAt, index)
    row.mismatches?.clear()
    const unknownFields = write(object ?? {}, to, stats)
    const inner =
      (unknownFields || hasMismatches(row)) && object !== null ? extraFieldsOf(row, object, [], paths) : null
    if (inner !== null) keep(index, inner)
  }
  return extra
}

/** Makes a function that reads the key of a row. @returns a function of the bytes and the offset of the row's first cell. */
export function keyReader(stream: Stream): (bytes: Buffer, row: number) => string {
  const names = Object.keys(stream.columns)
  const keys = stream.key.map(name => ({ at: names.indexOf(name), kind: stream.columns[name]?.kind }))
  return (bytes, row) => {
    let text = ''
    for (let i = 0; i < keys.length; i++) {
      const { at, kind } = keys[i] as (typeof keys)[number]
      const part = (kind === 'int' ? intAt : textAt)(bytes, cellAt(bytes, row, at))
      text = i === 0 ? part : `${text}\u001f${part}`
    }
    return text
  }
}

/** The first 63 bits of SHA-256, which fit into a BIGINT. Two versions of a record collide with a probability of 1 in 9e18. */
export function fingerprint(bytes: Uint8Array): bigint {
  // Binary, one byte for each character: hexadecimal digits would have to be parsed.
  const digest = hash('sha256', bytes, 'binary')
  return (BigInt(wordAt(digest, 0)) << 31n) | BigInt(wordAt(digest, 4) >>> 1)
}

/** Four bytes as an unsigned integer. */
const wordAt = (digest: string, at: number): number =>
  digest.charCodeAt(at) * 2 ** 24 +
  ((digest.charCodeAt(at + 1) << 16) | (digest.charCodeAt(at + 2) << 8) | digest.charCodeAt(at + 3))

/** The key of a rejected record as it was sent; null: it has none. */
function keyOf(record: unknown, stream: Stream): string | null {
  if (!isObject(record)) return null
  const parts = stream.key.map(name => record[stream.columns[name]?.from ?? name])
  return parts.every(part => typeof part === 'string' || typeof part === 'number')
    ? storable(parts.join('\u001f'))
    : null
}
