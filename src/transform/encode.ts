import type { CellWriter } from '../common/cell-writer.ts'
import { isPlainDay, plainUtc } from '../common/instant.ts'
import type { Instant, Value } from '../common/model.ts'
import type { Column, ColumnKind } from '../schema/column.ts'
import type { Salt } from '../schema/salt.ts'
import { type Cleaning, coercion, toJson } from './coerce.ts'
import { digestIn, digestOf } from './redact.ts'
import { isEmpty } from './type-mismatch.ts'

/** Writes a value, which must not be null or undefined, as a cell. @throws {TypeMismatch} */
export type Encode = (to: CellWriter, value: unknown, cleaning: Cleaning) => void

/**
 * Makes the encoder of a column. The form that nearly all values of the column have is written directly; any other goes
 * through `coercion`. Both write the same cell.
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
        if (typeof value === 'string' && to.asciiText(value)) return
        // A credential is hashed before a column is inferred for it.
        const digest = column.inferred ? digestIn(value) : null
        slow(to, digest ?? value, cleaning)
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

/** The most decimals that a value of each kind may have. */
export const MOST_DECIMALS = { money: 6, rate: 10 } as const

/** Hashes any value, so that no value of a protected column is shown in the reason of a reject. */
function hashing(kind: ColumnKind, salt: Salt | null): Encode {
  if (kind !== 'text' && kind !== 'json') throw new Error(`a column of kind ${kind} cannot hold a hash`)
  if (salt === null) throw new Error('the stream has columns to hash and no salt')
  if (kind === 'json') return (to, value) => to.json(JSON.stringify(digestOf(value, salt)))
  return (to, value) => {
    if (isEmpty(value)) to.null()
    else to.text(digestOf(value, salt))
  }
}

/** Writes canonical text, as `coercion` returns it. */
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

/** With so many digits, a mantissa with a multiple of four decimals is still a safe integer. */
const MOST_DIGITS = 12
const digits = new Uint8Array(MOST_DIGITS)

/** @param most decimals. @returns false, and writes nothing, if `coercion` has to read the value. */
function writePlainDecimal(to: CellWriter, value: unknown, most: number): boolean {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value > 1e11 || value < -1e11) return false
    to.decimal(value, 0)
    return true
  }
  if (typeof value !== 'string' || value.length > MOST_DIGITS) return false
  const { length } = value
  // A character code above 255 must not become a digit when it is cut to a byte.
  for (let at = 0; at < length; at++) digits[at] = Math.min(255, value.charCodeAt(at))
  return decimalAt(to, digits, 0, length, most)
}

/** Like `writePlainDecimal`, from text in bytes. */
export function decimalAt(to: CellWriter, bytes: Uint8Array, start: number, end: number, most: number): boolean {
  if (start === end || end - start > MOST_DIGITS) return false
  const negative = bytes[start] === MINUS
  const first = negative ? start + 1 : start
  let mantissa = 0
  let point = -1
  /** Zeros at the end of the decimals so far. They are left out, so that the mantissa need not be divided by ten again. */
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
