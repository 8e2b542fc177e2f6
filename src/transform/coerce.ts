import { dayIn, parseInstant } from '../common/instant.ts'
import type { Instant, Value } from '../common/model.ts'
import type { Column, ColumnKind, Zone } from '../schema/column.ts'
import { TypeMismatch } from './type-mismatch.ts'

/** Counts the texts from which something had to be removed. */
export interface Cleaning {
  cleaned: number
}

export type Coerce = (value: unknown, cleaning: Cleaning) => Value

/** The function that turns a value of the column into canonical text. It takes no null. @throws {TypeMismatch} */
export function coercion(column: Column): Coerce {
  const read = column.derived ? dayOf : READ[column.kind]
  return (value, cleaning) => read(value, column.zone, cleaning)
}

const READ: Record<ColumnKind, (value: unknown, zone: Zone, cleaning: Cleaning) => Value> = {
  int: value => integer(value),
  money: value => decimal(value, 18, 6),
  rate: value => decimal(value, 28, 10),
  instant: (value, zone) => instant(value, zone),
  day: value => day(value),
  flag: value => flag(value),
  text: (value, _zone, cleaning) => text(value, cleaning),
  json: (value, _zone, cleaning) => toJson(value, cleaning),
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

function integer(value: unknown): Value {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return Object.is(value, -0) ? '0' : String(value)
  const parts = decimalParts(value)
  if (parts === null) return null
  if (parts.fraction !== '') throw new TypeMismatch(`${show(value)} is not a whole number`)
  const whole = BigInt(parts.sign + parts.whole)
  if (whole < INT64.min || whole > INT64.max) throw new TypeMismatch(`${show(value)} does not fit into 64 bits`)
  return whole.toString()
}

function decimal(value: unknown, precision: number, scale: number): Value {
  const parts = decimalParts(value)
  if (parts === null) return null
  const { sign, whole, fraction } = parts
  if (fraction.length > scale) throw new TypeMismatch(`${show(value)} has more than ${scale} decimals`)
  if (whole.length > precision - scale)
    throw new TypeMismatch(`${show(value)} has more than ${precision - scale} digits`)
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** A number or its text, split and without needless zeros; null for an empty text. */
function decimalParts(value: unknown): { sign: '' | '-'; whole: string; fraction: string } | null {
  const source = numberText(value).trim()
  if (source === '') return null
  const match = DECIMAL.exec(source)
  const [, sign, before = '', after = '', exponent = '0'] = match ?? []
  if (!match || before + after === '') throw new TypeMismatch(`${show(value)} is not a number`)
  const point = before.length + Number(exponent)
  const digits = before + after
  const whole = digits.slice(0, Math.max(0, point)).padEnd(Math.max(0, point), '0').replace(/^0+/, '') || '0'
  const fraction = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)).replace(/0+$/, '')
  return { sign: sign === '-' && (whole !== '0' || fraction !== '') ? '-' : '', whole, fraction }
}

function numberText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (JSON.isRawJSON(value)) return value.rawJSON
  throw new TypeMismatch(`${show(value)} is not a number`)
}

function instant(value: unknown, zone: Zone): Value {
  if (value === '') return null
  const parsed = typeof value === 'string' ? parseInstant(value, zone) : null
  if (parsed === null) throw new TypeMismatch(`${show(value)} is not a point in time`)
  return parsed
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const MIDNIGHT = /^(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?$/

/** A day. Older resources write a midnight for it, without an offset, or midnight in US Eastern written in UTC [observed]. */
function day(value: unknown): Value {
  if (value === '') return null
  const plain = typeof value === 'string' ? (MIDNIGHT.exec(value)?.[1] ?? value) : ''
  if (DAY.test(plain) && parseInstant(plain, 'UTC') !== null) return plain
  const parsed = typeof value === 'string' ? parseInstant(value, 'America/New_York') : null
  if (parsed !== null) {
    const eastern = dayIn('America/New_York', parsed)
    if (parseInstant(eastern, 'America/New_York') === parsed) return eastern
  }
  throw new TypeMismatch(`${show(value)} is not a calendar day`)
}

const WRITTEN_MIDNIGHT = /^(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i

/** The day of an instant. Another column keeps the instant itself. */
function dayOf(value: unknown, zone: Zone): Value {
  const at = instant(value, zone)
  if (at === null) return null
  const written = String(value).trim()
  return WRITTEN_MIDNIGHT.exec(written)?.[1] ?? (DAY.test(written) ? written : dayIn(zone, at as Instant))
}

function flag(value: unknown): Value {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value
  if (word === '') return null
  if (word === 1 || word === '1' || word === 'true') return true
  if (word === 0 || word === '0' || word === 'false') return false
  throw new TypeMismatch(`${show(value)} is neither true nor false`)
}

function text(value: unknown, cleaning: Cleaning): Value {
  if (typeof value === 'string') return clean(value, cleaning)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (JSON.isRawJSON(value)) return value.rawJSON
  throw new TypeMismatch(`${show(value)} is not a text`)
}

const UNSTORABLE = /\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}/

/** JSON text that both databases accept. */
export function toJson(value: unknown, cleaning: Cleaning): string {
  const json = JSON.stringify(value)
  // Nearly no text has such an escape, and this test is quick.
  return json.includes('\\u') && UNSTORABLE.test(json)
    ? JSON.stringify(value, (_key, member) => cleanMember(member, cleaning))
    : json
}

function cleanMember(member: unknown, cleaning: Cleaning): unknown {
  if (typeof member === 'string') return clean(member, cleaning)
  if (typeof member !== 'object' || member === null || Array.isArray(member) || JSON.isRawJSON(member)) return member
  return Object.fromEntries(Object.entries(member).map(([name, value]) => [clean(name, cleaning), value]))
}

/** Postgres refuses NUL and half of a surrogate pair, DuckDB stores NUL. Neither is sent to them. */
function clean(value: string, cleaning: Cleaning): string {
  if (!value.includes('\0') && value.isWellFormed()) return value
  cleaning.cleaned += 1
  return storable(value)
}

/** The text without what a database does not store. */
export const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

const show = (value: unknown): string => {
  const json = JSON.stringify(value) ?? String(value)
  return json.length > 60 ? `${json.slice(0, 57)}…` : json
}
