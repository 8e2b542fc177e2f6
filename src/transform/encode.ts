import type { CellWriter } from '../common/cell-writer.ts'
import { isPlainDay, plainUtc } from '../common/instant.ts'
import type { Instant, Value } from '../common/model.ts'
import type { Column, ColumnKind } from '../schema/column.ts'
import type { Salt } from '../schema/salt.ts'
import { type Cleaning, coercion, toJson } from './coerce.ts'
import { digestOf } from './redact.ts'

/** Writes a value that is neither null nor absent as a cell. @throws {TypeMismatch} */
export type Encode = (to: CellWriter, value: unknown, cleaning: Cleaning) => void

/**
 * What a column's values look like nearly always is written at sight; `coercion` is asked about the rest, and both come to
 * the same cell.
 */
export function encoder(column: Column, salt: Salt | null): Encode {
  if (column.policy === 'omit') return to => to.null()
  if (column.policy === 'hash') return hashing(column.kind, salt)
  const coerce = coercion(column)
  const write = WRITE[column.kind]
  const slow: Encode = (to, value, cleaning) => {
    const cell = coerce(value, cleaning)
    if (cell === null) to.null()
    else write(to, cell)
  }
  switch (column.kind) {
    case 'int':
      return (to, value, cleaning) => {
        if (typeof value === 'number' && Number.isSafeInteger(value)) to.int(value)
        else if (typeof value === 'string' && isPlainInteger(value)) to.int(Number(value))
        else slow(to, value, cleaning)
      }
    case 'money':
    case 'rate': {
      const most = MOST_DECIMALS[column.kind]
      return (to, value, cleaning) => {
        if (!writePlainDecimal(to, value, most)) slow(to, value, cleaning)
      }
    }
    case 'instant':
      return (to, value, cleaning) => {
        const seconds = typeof value === 'string' ? plainUtc(value) : -1
        if (seconds >= 0) to.seconds(seconds)
        else slow(to, value, cleaning)
      }
    case 'flag':
      return (to, value, cleaning) => {
        if (typeof value === 'boolean') to.flag(value)
        else slow(to, value, cleaning)
      }
    case 'text':
      return (to, value, cleaning) => {
        if (typeof value !== 'string' || !to.plainText(value)) slow(to, value, cleaning)
      }
    case 'json':
      return (to, value, cleaning) => to.json(toJson(value, cleaning))
    case 'day':
      return (to, value, cleaning) => {
        if (typeof value === 'string' && isPlainDay(value)) to.day(value)
        else slow(to, value, cleaning)
      }
  }
}

/** Decimals of each kind. */
export const MOST_DECIMALS = { money: 6, rate: 10 } as const

/** Whatever the value is, it has a hash: nothing of it is ever shown as the reason of a reject. */
function hashing(kind: ColumnKind, salt: Salt | null): Encode {
  if (kind !== 'text' && kind !== 'json') throw new Error(`a hash is no ${kind}`)
  if (salt === null) throw new Error('values are to be hashed, and the stream has no salt')
  return kind === 'text'
    ? (to, value) => to.text(digestOf(value, salt))
    : (to, value) => to.json(JSON.stringify(digestOf(value, salt)))
}

/** A canonical cell, as `coercion` gives it. */
const WRITE: Record<ColumnKind, (to: CellWriter, cell: Exclude<Value, null>) => void> = {
  int: (to, cell) => to.bigint(BigInt(cell)),
  money: (to, cell) => to.decimalText(String(cell)),
  rate: (to, cell) => to.decimalText(String(cell)),
  instant: (to, cell) => to.instant(cell as Instant),
  day: (to, cell) => to.day(String(cell)),
  flag: (to, cell) => to.flag(cell === true),
  text: (to, cell) => to.text(String(cell)),
  json: (to, cell) => to.json(String(cell)),
}

/** Up to fifteen digits and nothing else. */
function isPlainInteger(text: string): boolean {
  const { length } = text
  if (length === 0 || length > 15) return false
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** Digits that fill up to a multiple of four decimals and still are a safe integer. */
const MOST_DIGITS = 12
const digits = new Uint8Array(MOST_DIGITS)

/** @param most decimals. @returns false, and nothing is written, where it takes more than a look. */
function writePlainDecimal(to: CellWriter, value: unknown, most: number): boolean {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value > 1e11 || value < -1e11) return false
    to.decimal(value, 0)
    return true
  }
  if (typeof value !== 'string' || value.length > MOST_DIGITS) return false
  const { length } = value
  // What is no digit in UTF-16 may become one in a byte.
  for (let at = 0; at < length; at++) digits[at] = Math.min(255, value.charCodeAt(at))
  return decimalAt(to, digits, 0, length, most)
}

/** The same, of text that stands in bytes. */
export function decimalAt(to: CellWriter, bytes: Uint8Array, start: number, end: number, most: number): boolean {
  if (start === end || end - start > MOST_DIGITS) return false
  const negative = bytes[start] === MINUS
  const first = negative ? start + 1 : start
  let mantissa = 0
  let point = -1
  /** Behind the point, since the last other digit: without them the mantissa need not be divided again. */
  let zeros = 0
  for (let at = first; at < end; at++) {
    const code = bytes[at] as number
    if (code === ZERO && point !== -1) zeros += 1
    else if (code >= ZERO && code <= ZERO + 9) {
      for (; zeros > 0; zeros--) mantissa *= 10
      mantissa = 10 * mantissa + code - ZERO
    } else if (code === POINT && point === -1 && at > first) point = at
    else return false
  }
  if (first === end) return false
  const decimals = point === -1 ? 0 : end - point - 1 - zeros
  if (decimals > most) return false
  to.decimal(negative ? -mantissa : mantissa, decimals)
  return true
}

const MINUS = 45
const POINT = 46
const ZERO = 48
