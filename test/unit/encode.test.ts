import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CellWriter } from '../../src/common/cell-writer.ts'
import type { Value } from '../../src/common/model.ts'
import { type Column, day, flag, instant, int, json, money, rate, text } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { coercion } from '../../src/transform/coerce.ts'
import { encoder } from '../../src/transform/encode.ts'
import { TypeMismatch } from '../../src/transform/type-mismatch.ts'
import { rowsOf } from '../support/cells.ts'

const COLUMNS = [
  int('x'),
  money('x'),
  rate('x'),
  instant('x'),
  instant('x', undefined, 'UTC'),
  day('x'),
  flag('x'),
  text('x'),
  json('x'),
] as const

/** The cell as it is read back from its bytes; what cannot be read is its reason. */
function encoded(column: Column, value: unknown): Value | { reason: string } {
  const to = new CellWriter(8)
  // A record of one column and no list: where `_extra` begins, the cell, `_extra`.
  to.word(0)
  try {
    encoder(column, null)(to, value, { cleaned: 0 })
  } catch (error) {
    if (error instanceof TypeMismatch) return { reason: error.message }
    throw error
  }
  to.setWord(0, to.at)
  to.null()
  const of = { key: ['x'], columns: { x: column }, children: {} } as unknown as Stream
  const record = { key: '', cursor: null, hash: 0n, bytes: to.bytes, start: 0, end: to.at }
  return rowsOf(record, of).row[0] ?? null
}

function coerced(column: Column, value: unknown): Value | { reason: string } {
  try {
    return coercion(column)(value, { cleaned: 0 })
  } catch (error) {
    if (error instanceof TypeMismatch) return { reason: error.message }
    throw error
  }
}

const digits = fc
  .integer({ min: 0, max: 30 })
  .chain(n => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: n, maxLength: n }))
const numberText = fc
  .tuple(
    fc.constantFrom('', '-', '+', ' '),
    digits,
    fc.constantFrom('', '.'),
    digits,
    fc.constantFrom('', 'e2', 'E-3', ' '),
  )
  .map(parts => parts.join(''))
const at = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map(date => date.toISOString())
const stamp = fc
  .tuple(at, fc.constantFrom('+00:00', 'Z', '', '-05:00', '.123456+00:00', '.5Z'))
  .map(([iso, tail]) => iso.slice(0, 19) + tail)
const nearlyStamp = stamp.chain(s =>
  fc
    .tuple(fc.nat(s.length - 1), fc.constantFrom(...'0123456789-:TZ '))
    .map(([i, c]) => s.slice(0, i) + c + s.slice(i + 1)),
)
const value = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(n => JSON.rawJSON(n.toString())),
  numberText,
  stamp,
  nearlyStamp,
  at.map(iso => iso.slice(0, 10)),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-0',
    '0.0',
    '.5',
    '5.',
    '-.5',
    '00012',
    '0.1234567',
    // Each of them a digit, were it cut to a byte.
    '\u0135\u0230',
    '-',
    '.',
    '1e400',
    'true',
    '2024-02-29',
    '2023-02-29',
  ),
  fc.jsonValue({ maxDepth: 2 }).filter(v => v !== null),
)

describe.each(COLUMNS.map(column => [`${column.kind} ${column.zone}`, column] as const))('%s', (_kind, column) => {
  test('the fast path and the slow path write the same cell', () => {
    fc.assert(
      fc.property(value, given => {
        expect(encoded(column, given)).toEqual(coerced(column, given))
      }),
      { numRuns: 2_000 },
    )
  })
})

test.each([
  'a\0b',
  '\0',
  'a\ud800',
  'é'.repeat(30),
  '2025-04-31T00:00:00+00:00',
  '2025-02-29T00:00:00+00:00',
  '2024-02-29T00:00:00+00:00',
  '2025-13-01T00:00:00+00:00',
  '2025-12-31T24:00:00+00:00',
  '2025-12-31T23:59:59+00:00',
  '1025-12-31T23:59:59+00:00',
  '00012',
  '-00.10',
])('%j, in every column', given => {
  for (const column of COLUMNS)
    expect([column.kind, encoded(column, given)]).toEqual([column.kind, coerced(column, given)])
})

test.each([
  ['the largest', int('x'), '9223372036854775807'],
  ['the smallest', int('x'), '-9223372036854775808'],
  ['minus one', int('x'), '-1'],
  ['all digits', money('x'), '-999999999999.999999'],
  ['the smallest step', money('x'), '0.000001'],
  ['all digits', rate('x'), '999999999999999999.9999999999'],
  ['only a high digit', rate('x'), '100000000000000000'],
  ['the first year', instant('x'), '0001-01-01T00:00:00.000001Z'],
  ['the last year', instant('x'), '9999-12-31T23:59:59.999999Z'],
  ['before both epochs', instant('x'), '1969-12-31T23:59:59.999999Z'],
  ['the leap day', day('x'), '2000-02-29'],
  ['the first day', day('x'), '0001-01-01'],
])('%s: %s', (_what, column, given) => {
  expect(encoded(column, given)).toBe(given)
})
