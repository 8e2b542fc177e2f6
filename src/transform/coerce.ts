import { stringifyExact } from '../common/exact-json.ts'
import { dayIn, parseInstant } from '../common/instant.ts'
import type { Instant, Value } from '../common/model.ts'
import type { Column, ColumnKind, Zone } from '../schema/column.ts'
import { isEmpty, TypeMismatch } from './type-mismatch.ts'

/** Counts the texts from which something had to be removed. */
export interface Cleaning {
  cleaned: number
}

export type Coerce = (value: unknown, cleaning: Cleaning) => Value

/** The function that turns a value of the column into canonical text. It takes no null. @throws {TypeMismatch} */
export function coercion(column: Column): Coerce {
  const { kind, any, zone, derived } = column
  const read = derived ? dayOf : any ? anyText : READ[kind]
  // Where a value may be of any type, an empty list is one.
  const isNothing = kind === 'json' || any ? () => false : isEmpty
  return (value, cleaning) => (isNothing(value) ? null : read(value, zone, cleaning))
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

/** Read from its digits: a float does not hold most decimals, and money must not be rounded. */
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
const WRITTEN_MIDNIGHT = /^(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:[.,]0+)?)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i
const EASTERN: Zone = 'America/New_York'

/** The day of a text that is one, or that is a midnight, with or without an offset; null: it is neither. */
const writtenDay = (text: string): string | null => WRITTEN_MIDNIGHT.exec(text)?.[1] ?? (DAY.test(text) ? text : null)

/**
 * A day, or the midnight with which it begins. A midnight as it is written gives the day as it is written, with any offset
 * and without one: onetimes write `2025-02-01T00:00:00+00:00` [observed], which in US Eastern would be the evening before.
 * Another time gives a day only if it is midnight in US Eastern: `2025-02-01T05:00:00+00:00` is 2025-02-01 [observed].
 * No time is both, because Eastern midnight is never midnight in UTC. Any other time of day does not fit: which day it
 * means depends on a zone that it does not name.
 */
function day(value: unknown): Value {
  if (value === '') return null
  const written = typeof value === 'string' ? value.trim() : ''
  const plain = writtenDay(written)
  if (plain !== null && parseInstant(written, 'UTC') !== null) return plain
  const parsed = parseInstant(written, EASTERN)
  if (parsed !== null) {
    const eastern = dayIn(EASTERN, parsed)
    if (parseInstant(eastern, EASTERN) === parsed) return eastern
  }
  throw new TypeMismatch(`${show(value)} is not a calendar day`)
}

/** The day of an instant. Another column keeps the instant itself. */
function dayOf(value: unknown, zone: Zone): Value {
  const at = instant(value, zone)
  if (at === null) return null
  return writtenDay(String(value).trim()) ?? dayIn(zone, at as Instant)
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

/** A scalar as its text, anything else as its JSON text. */
const anyText = (value: unknown, _zone: Zone, cleaning: Cleaning): Value =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value)
    ? toJson(value, cleaning)
    : text(value, cleaning)

/*
 * What both databases store as JSON, and every JSON function of theirs still reads. The narrower limit decides for both.
 *
 * Depth. Postgres 18 takes 16,000 levels, and 760 if the server sets max_stack_depth to its minimum of 100 kB; DuckDB 1.5
 * stores any depth, but json_structure ends the process between 10,000 and 20,000 levels; in Node 24, JSON.stringify takes
 * 4,400 levels, and 2,300 with a function for each member.
 * Numbers. jsonb keeps a number as a numeric, with its zeros at the end.
 * Size. A list or an object takes at most 268,435,455 bytes as jsonb, and of a text at most six bytes for a character: a
 * list of single digits takes twelve bytes for two. Postgres writes a number without its exponent, so `1e131071` counts as
 * so many digits: otherwise a few thousand of them could be stored and not be read again. With this size, the limits for
 * the length of a text and for the number of members are never reached.
 */
const DEEPEST = 500
const MOST_WHOLE_DIGITS = 131_072
const MOST_DECIMAL_PLACES = 16_383
const LONGEST = 40_000_000

/** A shorter text is neither too deep nor too long, and has no number with too many digits. */
const SHORT = 2 * DEEPEST
/** An exponent that may take a number out of its range in a short text. */
const FAR = /[eE][+-]?\d{4}/
const UNSTORABLE = /\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}/

/** JSON text that both databases accept. @throws {TypeMismatch} one of them cannot store the value as JSON. */
export function toJson(value: unknown, cleaning: Cleaning): string {
  const json = stringifyExact(value)
  if (json.length >= SHORT || FAR.test(json)) {
    const reason = json.length > LONGEST ? TOO_LONG : whyNotJson(value, json.length)
    if (reason !== null) throw new TypeMismatch(reason)
  }
  // Nearly no text has such an escape, and this test is quick.
  return json.includes('\\u') && UNSTORABLE.test(json)
    ? JSON.stringify(value, (_key, member) => cleanMember(member, cleaning))
    : json
}

const TOO_LONG = `it takes more than ${LONGEST.toLocaleString('en')} characters as JSON, and no more are stored`
const TOO_DEEP = `it is nested more than ${DEEPEST} levels deep, and no more are stored as JSON`

/** Why a value cannot be stored as JSON; null: it can. @param length of its text. @param depth of the object that contains it. */
export function whyNotJson(value: unknown, length: number, depth = 0): string | null {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth }]
  let written = length
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value === 'number' || JSON.isRawJSON(next.value)) {
      const { whole, places } = digitsOf(numberText(next.value))
      if (whole > MOST_WHOLE_DIGITS)
        return `${show(next.value)} has more than ${MOST_WHOLE_DIGITS.toLocaleString('en')} digits before the decimal point`
      if (places > MOST_DECIMAL_PLACES)
        return `${show(next.value)} has more than ${MOST_DECIMAL_PLACES.toLocaleString('en')} decimals`
      written += whole + places
    } else if (typeof next.value === 'object' && next.value !== null) {
      const inside = next.depth + 1
      if (inside > DEEPEST) return TOO_DEEP
      for (const member of Object.values(next.value)) open.push({ value: member, depth: inside })
    }
    if (written > LONGEST) return TOO_LONG
  }
  return null
}

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** How many digits Postgres shows of a number of JSON before and after the decimal point. */
function digitsOf(text: string): { whole: number; places: number } {
  const [, before = '', after = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const digits = before + after
  const zeros = digits.length - digits.replace(/^0+/, '').length
  return {
    whole: Math.max(0, before.length + Number(exponent) - zeros),
    places: Math.max(0, after.length - Number(exponent)),
  }
}

/** A text of a rejected record that begins so is kept as its JSON, so that it does not read as the JSON of a record. */
const READS_AS_JSON = /^[{["]/

/** A rejected record as JSON that both databases accept. If it cannot be stored as JSON, its JSON text as a JSON string. */
export function toRejectedJson(record: unknown, cleaning: Cleaning): string {
  if (typeof record === 'string' && READS_AS_JSON.test(record)) return JSON.stringify(stringifyExact(record))
  try {
    return toJson(record, cleaning)
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error
    return JSON.stringify(stringifyExact(record))
  }
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
  const json = stringifyExact(value) ?? String(value)
  // The cut must not leave half of a surrogate pair.
  return json.length > 60 ? `${json.slice(0, 57).replace(/[\ud800-\udbff]$/, '')}…` : json
}
