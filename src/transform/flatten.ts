import { hash } from 'node:crypto'
import type { CellWriter } from '../common/cell-writer.ts'
import { cellAt, cellEnd, intAt, textAt } from '../common/cells.ts'
import { parseInstant } from '../common/instant.ts'
import type { Entity, Instant, Reject } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { type Cleaning, storable, toJson } from './coerce.ts'
import { compileRow, type WriteRow } from './compile-row.ts'
import { type ListPlan, memberKey, planOf, type RowPlan } from './plan.ts'
import { redaction } from './redact.ts'
import { bare, isObject, type JsonObject, kindOf, Misfit } from './type-mismatch.ts'
import { type Left, type ListExtra, undeclaredOf } from './unknown-fields.ts'

/** Collected over a batch. */
export interface Findings extends Cleaning {
  /** Records in which each undeclared path had a value. */
  readonly undeclared: Map<string, number>
  /** Records in which the value of each declared path did not fit and was kept aside. */
  readonly mismatched: Map<string, number>
}

interface List extends ListPlan {
  readonly write: WriteRow
}

/** Writes a record's rows, or nothing and says why. */
export type Flatten = (record: unknown, to: CellWriter, findings: Findings) => Entity | Reject

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
  const left: Left = { undeclared: new Set(), mismatched: new Set() }

  /*
   * A column that was made by itself makes no other record of it: else all rows would be written anew with each. What
   * was read as declared has the field in `_extra`, and so its value counts.
   */
  const declared = stream.declared === null ? null : flattener(stream.declared)
  const hashOf = (record: unknown, start: number, to: CellWriter): bigint => {
    if (declared === null) return fingerprint(to.bytes.subarray(start, to.at))
    const end = to.at
    const entity = declared(record, to, { cleaned: 0, undeclared: new Map(), mismatched: new Map() })
    to.at = end
    return 'hash' in entity ? entity.hash : fingerprint(to.bytes.subarray(start, end))
  }

  // A column that was made by itself takes what stands in the record, and that may be a copy of what is protected.
  const isCopied = redact !== null && stream.declared !== null

  return (given, to, findings) => {
    const start = to.at
    const record = isCopied ? redact.of(given, given) : given
    try {
      if (!isObject(record)) throw new Misfit('', 'the record is no object')
      for (let i = 0; i <= lists.length; i++) to.word(0)
      plan.unfit?.clear()
      left.undeclared.clear()
      left.mismatched.clear()
      const undeclared = write(record, to, findings)
      const extras: ListExtra[] = []
      const row = start + 4 * (lists.length + 1)
      const ownerAt = lists.length === 0 ? row : cellAt(to.bytes, row, owner)
      for (const [i, list] of lists.entries()) {
        to.setWord(start + 4 * i, to.at - start)
        const extra = writeList(list, memberOf(record, list.steps), ownerAt, to, findings, left, plan)
        if (extra !== null) extras.push({ place: list.place, name: list.name, extra })
      }
      const more = undeclared || extras.length > 0 || isUnfit(plan)
      const extra = more ? undeclaredOf(plan, record, extras, left) : null
      to.setWord(start + 4 * lists.length, to.at - start)
      if (extra === null) to.null()
      else to.json(toJson(redact === null ? extra : redact.of(given, extra), findings))
      count(left.undeclared, findings.undeclared)
      count(left.mismatched, findings.mismatched)
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
      if (!(error instanceof Misfit)) throw error
      const { path, message } = error
      return {
        key: keyOf(record, stream),
        path,
        reason: redact === null ? message : redact.reason(given, message),
        record: toJson(redact === null ? record : redact.of(given, record), findings),
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

const isUnfit = ({ unfit }: RowPlan): boolean => unfit !== null && unfit.size > 0

/** One record more that has these. */
export function count(paths: ReadonlySet<string>, into: Map<string, number>): void {
  for (const path of paths) {
    const name = storable(path)
    into.set(name, (into.get(name) ?? 0) + 1)
  }
}

/**
 * Rows as the list's table has them: the owner's key, the place in the list, the element's cells.
 * @param ownerAt where the cell of the owner's key begins.
 * @returns what no column took of each element, by its place in the list.
 */
function writeList(
  { row, write, path, place, name, lenient }: List,
  value: unknown,
  ownerAt: number,
  to: CellWriter,
  findings: Findings,
  left: Left,
  { unfit }: RowPlan,
): JsonObject | null {
  // One object in place of a list has been seen for marketing attribution [client]: it is a list of one.
  let elements = Array.isArray(value) ? value : value === null ? [] : isObject(value) ? [value] : null
  if (elements === null) {
    if (!lenient) throw new Misfit(path, `declared as a list, got ${kindOf(value)}`)
    unfit?.add(memberKey(place, name))
    elements = []
  }
  to.word(elements.length)
  let extra: JsonObject | null = null
  const keep = (index: number, inner: unknown): void => {
    extra ??= bare()
    extra[String(index)] = inner
  }
  for (const [index, element] of elements.entries()) {
    const object = isObject(element) ? element : null
    if (object === null && element !== null) {
      if (!lenient) throw new Misfit(`${path}[]`, `declared as an object, got ${kindOf(element)}`)
      keep(index, element)
      left.mismatched.add(`${path}[]`)
    }
    to.short(2 + row.cells.length)
    to.copy(to.bytes, ownerAt, cellEnd(to.bytes, ownerAt))
    to.int(index)
    row.unfit?.clear()
    const undeclared = write(object ?? {}, to, findings)
    const inner = (undeclared || isUnfit(row)) && object !== null ? undeclaredOf(row, object, [], left) : null
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
