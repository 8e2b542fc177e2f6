import { hash } from 'node:crypto'
import type { CellWriter } from '../common/cell-writer.ts'
import { cellAt, intAt, textAt } from '../common/cells.ts'
import { parseInstant } from '../common/instant.ts'
import type { DecodeStats, FlatRecord, Instant, Reject } from '../common/model.ts'
import { beginExtra, rowStart, writeChildHead, writeHead, writeListHead } from '../common/record-bytes.ts'
import type { Stream } from '../schema/stream.ts'
import { storable, toJson } from './coerce.ts'
import { compileRow, type WriteRow } from './compile-row.ts'
import { type ExtraPaths, extraFieldsOf, type ListExtra } from './extra-fields.ts'
import { type ListPlan, memberKey, planOf, type RowPlan } from './plan.ts'
import { redaction } from './redact.ts'
import { bare, isObject, type JsonObject, kindOf, TypeMismatch } from './type-mismatch.ts'

interface List extends ListPlan {
  readonly write: WriteRow
}

/** Writes a record's rows, or nothing and says why. */
export type Flatten = (record: unknown, to: CellWriter, stats: DecodeStats) => FlatRecord | Reject

const compiled = new WeakMap<Stream, Flatten>()

/** How a stream's records become rows, worked out once from its declaration. */
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
  const owner = names.indexOf(stream.key[0] ?? '')
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
   * A column that was made by itself makes no other record of it: else all rows would be written anew with each. What
   * was read as declared has the field in `_extra`, and so its value counts.
   */
  const declared = stream.declared === null ? null : flattener(stream.declared)
  const hashOf = (record: unknown, start: number, to: CellWriter): bigint => {
    if (declared === null) return fingerprint(to.bytes.subarray(start, to.at))
    const end = to.at
    const flat = declared(record, to, { cleaned: 0, unknownFields: new Map(), mismatched: new Map() })
    to.at = end
    return 'hash' in flat ? flat.hash : fingerprint(to.bytes.subarray(start, end))
  }

  // A column that was made by itself takes what stands in the record, and that may be a copy of what is protected.
  const isCopied = redact !== null && stream.declared !== null

  return (given, to, stats) => {
    const start = to.at
    const record = isCopied ? redact.of(given, given) : given
    try {
      if (!isObject(record)) throw new TypeMismatch('the record is no object', '')
      writeHead(to, lists.length)
      plan.mismatches?.clear()
      paths.unknown.clear()
      paths.mismatched.clear()
      const unknownFields = write(record, to, stats)
      const extras: ListExtra[] = []
      const row = rowStart(start, lists.length)
      const ownerAt = lists.length === 0 ? row : cellAt(to.bytes, row, owner)
      for (const [i, list] of lists.entries()) {
        const elements = elementsOf(list, memberOf(record, list.steps), plan)
        writeListHead(to, start, i, elements.length)
        const extra = writeList(list, elements, ownerAt, to, stats, paths)
        if (extra !== null) extras.push({ objectId: list.objectId, name: list.name, extra })
      }
      const more = unknownFields || extras.length > 0 || hasMismatches(plan)
      const extra = more ? extraFieldsOf(plan, record, extras, paths) : null
      beginExtra(to, start, lists.length)
      if (extra === null) to.null()
      else to.json(toJson(redact === null ? extra : redact.of(given, extra), stats))
      count(paths.unknown, stats.unknownFields)
      count(paths.mismatched, stats.mismatched)
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
        record: toJson(redact === null ? record : redact.of(given, record), stats),
        cursor: isObject(record) ? cursorOf(record) : null,
      }
    }
  }
}

/** The member at the end of a path whose objects the row's plan has found to be objects; null where there is none. */
function memberOf(record: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = record
  for (const name of steps) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : null
  return value ?? null
}

const hasMismatches = ({ mismatches }: RowPlan): boolean => mismatches !== null && mismatches.size > 0

/** One record more that has these. */
export function count(paths: ReadonlySet<string>, into: Map<string, number>): void {
  for (const path of paths) {
    const name = storable(path)
    into.set(name, (into.get(name) ?? 0) + 1)
  }
}

/** The elements of a list. One that is no list at all is noted, or thrown. @throws {TypeMismatch} */
function elementsOf(
  { path, objectId, name, lenient }: List,
  value: unknown,
  { mismatches }: RowPlan,
): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value === null) return []
  // One object in place of a list has been seen for marketing attribution [client]: it is a list of one.
  if (isObject(value)) return [value]
  if (!lenient) throw new TypeMismatch(`declared as a list, got ${kindOf(value)}`, path)
  mismatches?.add(memberKey(objectId, name))
  return []
}

/**
 * Writes the rows of a list.
 * @param ownerAt where the cell of the owner's key begins.
 * @returns what no column took of each element, by its position in the list.
 */
function writeList(
  { row, write, path, lenient }: List,
  elements: readonly unknown[],
  ownerAt: number,
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
    const object = isObject(element) ? element : null
    if (object === null && element !== null) {
      if (!lenient) throw new TypeMismatch(`declared as an object, got ${kindOf(element)}`, `${path}[]`)
      keep(index, element)
      paths.mismatched.add(`${path}[]`)
    }
    writeChildHead(to, row.cells.length, ownerAt, index)
    row.mismatches?.clear()
    const unknownFields = write(object ?? {}, to, stats)
    const inner =
      (unknownFields || hasMismatches(row)) && object !== null ? extraFieldsOf(row, object, [], paths) : null
    if (inner !== null) keep(index, inner)
  }
  return extra
}

/** Reads the key of a row. @returns a function of the bytes, and of where in them the row's first cell begins. */
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

/** 63 bits of SHA-256 as a BIGINT: two versions of one record that share it are one in nine million million million. */
export function fingerprint(bytes: Uint8Array): bigint {
  // A byte for each character: as hexadecimal digits it would have to be parsed.
  const digest = hash('sha256', bytes, 'binary')
  return (BigInt(wordOf(digest, 0)) << 31n) | BigInt(wordOf(digest, 4) >>> 1)
}

/** Four bytes as an unsigned integer. */
const wordOf = (digest: string, at: number): number =>
  digest.charCodeAt(at) * 2 ** 24 +
  ((digest.charCodeAt(at + 1) << 16) | (digest.charCodeAt(at + 2) << 8) | digest.charCodeAt(at + 3))

function keyOf(record: unknown, stream: Stream): string | null {
  if (!isObject(record)) return null
  const parts = stream.key.map(name => record[stream.columns[name]?.from ?? name])
  return parts.every(part => typeof part === 'string' || typeof part === 'number')
    ? storable(parts.join('\u001f'))
    : null
}
