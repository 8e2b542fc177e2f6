import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Value } from '../../src/common/model.ts'
import * as kinds from '../../src/schema/column.ts'
import { type Column, type ColumnKind, instant } from '../../src/schema/column.ts'
import { type Cleaning, coercion, toJson } from '../../src/transform/coerce.ts'
import { TypeMismatch } from '../../src/transform/type-mismatch.ts'

const COLUMNS: Record<ColumnKind, Column> = {
  int: kinds.int('An int.'),
  money: kinds.money('An amount.'),
  rate: kinds.rate('A rate.'),
  instant: kinds.instant('An instant.'),
  day: kinds.day('A day.'),
  flag: kinds.flag('A flag.'),
  text: kinds.text('A text.'),
  json: kinds.json('Some JSON.'),
}

const raw = (source: string): object => JSON.rawJSON(source)
/** `[]` and `{}` are nothing, except where JSON is declared. */
const NOTHING = [
  [[], null],
  [{}, null],
] as const
const read = (kind: ColumnKind, value: unknown, cleaning: Cleaning = { cleaned: 0 }): Value =>
  coercion(COLUMNS[kind])(value, cleaning)
const shown = (value: unknown): string => JSON.stringify(value)

/** By kind: what is read, and as what. */
const READ: Record<ColumnKind, readonly (readonly [value: unknown, cell: Value])[]> = {
  int: [
    ...NOTHING,
    [0, '0'],
    [-0, '0'],
    [42, '42'],
    [-42, '-42'],
    [9007199254740991, '9007199254740991'],
    ['42', '42'],
    [' 42 ', '42'],
    ['+42', '42'],
    ['-0', '0'],
    ['007', '7'],
    ['', null],
    ['  ', null],
    ['1.000', '1'],
    ['1.', '1'],
    ['1e3', '1000'],
    ['1.5e1', '15'],
    ['1200e-2', '12'],
    ['0E-10', '0'],
    [1e15, '1000000000000000'],
    [raw('9007199254740993'), '9007199254740993'],
    [raw('9223372036854775807'), '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    [raw('1e18'), '1000000000000000000'],
  ],
  money: [
    ...NOTHING,
    [0, '0'],
    [10.5, '10.5'],
    [-3, '-3'],
    ['10.50', '10.5'],
    ['0.00', '0'],
    ['-0.00', '0'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['', null],
    ['0E-10', '0'],
    [0.000001, '0.000001'],
    [1e-6, '0.000001'],
    ['1.234567', '1.234567'],
    ['1.2345670000', '1.234567'],
    ['999999999999.999999', '999999999999.999999'],
    [raw('999999999999.999999'), '999999999999.999999'],
    ['000000000000000000012.00', '12'],
    ['12345e-4', '1.2345'],
    ['1.2e3', '1200'],
    ['-1E+2', '-100'],
  ],
  rate: [
    ...NOTHING,
    [0.0825, '0.0825'],
    ['0.0000000001', '0.0000000001'],
    [1e-10, '0.0000000001'],
    ['0E-10', '0'],
    ['123456789012345678.0123456789', '123456789012345678.0123456789'],
    [raw('0.1234567891'), '0.1234567891'],
    ['12.5', '12.5'],
    ['', null],
  ],
  instant: [
    ...NOTHING,
    ['2025-01-15T10:00:00Z', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00:00', '2025-01-15T15:00:00.000000Z'],
    ['2025-01-15', '2025-01-15T05:00:00.000000Z'],
    ['Wed, 21 Apr 2021 11:44:38 GMT', '2021-04-21T11:44:38.000000Z'],
    ['', null],
  ],
  day: [
    ...NOTHING,
    ['2025-01-15', '2025-01-15'],
    ['2024-02-29', '2024-02-29'],
    ['2025-01-15T00:00:00', '2025-01-15'],
    ['2025-01-15 00:00:00.000', '2025-01-15'],
    ['2025-01-15T00:00', '2025-01-15'],
    // A midnight as it is written, here in UTC [observed], gives the day as it is written.
    ['2025-02-01T00:00:00+00:00', '2025-02-01'],
    ['2025-02-01T00:00:00Z', '2025-02-01'],
    ['2025-07-01T00:00:00.000Z', '2025-07-01'],
    ['2025-02-01 00:00:00 +0000', '2025-02-01'],
    ['2025-02-01T00:00:00+09:00', '2025-02-01'],
    ['1999-12-31T00:00:00+00:00', '1999-12-31'],
    [' 2025-02-01 ', '2025-02-01'],
    // Midnight Eastern in UTC, in winter and in summer [observed].
    ['2025-01-15T05:00:00+00:00', '2025-01-15'],
    ['2025-07-15T04:00:00Z', '2025-07-15'],
    ['2025-07-15T00:00:00-04:00', '2025-07-15'],
    ['2025-03-09T05:00:00Z', '2025-03-09'],
    ['2025-11-02T04:00:00Z', '2025-11-02'],
    ['2025-11-03T05:00:00Z', '2025-11-03'],
    ['', null],
  ],
  flag: [
    ...NOTHING,
    [true, true],
    [false, false],
    [1, true],
    [0, false],
    ['1', true],
    ['0', false],
    ['true', true],
    ['false', false],
    ['TRUE', true],
    [' False ', false],
    ['', null],
  ],
  text: [
    ...NOTHING,
    ['', ''],
    ['plain', 'plain'],
    [' kept as it is ', ' kept as it is '],
    ['é 漢 🎁', 'é 漢 🎁'],
    [42, '42'],
    [10.5, '10.5'],
    [true, 'true'],
    [false, 'false'],
    [raw('9007199254740993'), '9007199254740993'],
  ],
  json: [
    [{}, '{}'],
    [[], '[]'],
    ['x', '"x"'],
    [1, '1'],
    [false, 'false'],
    [{ b: [1, null, { c: 'd' }], a: 2 }, '{"b":[1,null,{"c":"d"}],"a":2}'],
    [{ n: raw('9007199254740993') }, '{"n":9007199254740993}'],
    [raw('1e400'), '1e400'],
  ],
}

/** By kind: what is refused, and why. */
const REFUSED: Record<ColumnKind, readonly (readonly [value: unknown, why: RegExp])[]> = {
  int: [
    [1.5, /1\.5 is not a whole number/],
    ['1.5', /is not a whole number/],
    ['1e-1', /is not a whole number/],
    [raw('9223372036854775808'), /does not fit into 64 bits/],
    ['-9223372036854775809', /does not fit into 64 bits/],
    [1e21, /does not fit into 64 bits/],
    [raw('1e400'), /does not fit into 64 bits/],
    ['1e99999', /is not a number/],
    ['12a', /"12a" is not a number/],
    ['0x10', /is not a number/],
    ['1 000', /is not a number/],
    ['1,000', /is not a number/],
    ['.', /is not a number/],
    ['-', /is not a number/],
    ['e5', /is not a number/],
    ['Infinity', /is not a number/],
    [true, /true is not a number/],
    [{ a: 1 }, /\{"a":1\} is not a number/],
    [[1], /\[1\] is not a number/],
  ],
  money: [
    [0.0000001, /more than 6 decimals/],
    ['1.2345678', /more than 6 decimals/],
    [raw('0.1234567890123456789'), /more than 6 decimals/],
    ['1000000000000', /more than 12 digits/],
    ['1e12', /more than 12 digits/],
    [raw('1e-400'), /more than 6 decimals/],
    ['$10', /is not a number/],
    ['10,50', /is not a number/],
    ['NaN', /is not a number/],
    [false, /is not a number/],
    [{ amount: '1' }, /is not a number/],
    [['1'], /is not a number/],
  ],
  rate: [
    ['0.00000000001', /more than 10 decimals/],
    ['1234567890123456789', /more than 18 digits/],
    ['10%', /is not a number/],
    [true, /is not a number/],
  ],
  instant: [
    ['2025-02-30T00:00:00Z', /is not a point in time/],
    ['2025-01-15T10:00:00.0000001Z', /is not a point in time/],
    ['yesterday', /"yesterday" is not a point in time/],
    ['Wed, 31 Feb 2021 11:44:38 GMT', /is not a point in time/],
    [1736935200, /is not a point in time/],
    [true, /is not a point in time/],
    [{ at: 1 }, /is not a point in time/],
    [['2025-01-15'], /is not a point in time/],
  ],
  day: [
    ['2025-02-30', /is not a calendar day/],
    ['2025-02-30T00:00:00', /is not a calendar day/],
    ['0000-00-00', /is not a calendar day/],
    ['2025-02-30T00:00:00+00:00', /is not a calendar day/],
    ['2025-02-01T00:00:00+25:00', /is not a calendar day/],
    ['2025-02-01T00:00:01+00:00', /is not a calendar day/],
    ['2025-01-15T06:00:00+00:00', /is not a calendar day/],
    [1738368000, /is not a calendar day/],
    ['2025-01-15T04:00:00Z', /is not a calendar day/],
    ['2025-07-15T05:00:00Z', /is not a calendar day/],
    ['2025-01-15T12:34:56', /is not a calendar day/],
    ['15.01.2025', /is not a calendar day/],
    [20250115, /is not a calendar day/],
    [['2025-01-15'], /is not a calendar day/],
  ],
  flag: [
    [2, /2 is neither true nor false/],
    [-1, /neither/],
    ['yes', /"yes" is neither true nor false/],
    ['2', /neither/],
    [raw('9007199254740993'), /neither/],
    [{ a: true }, /neither/],
    [[true], /neither/],
  ],
  text: [
    [{ a: 'b' }, /is not a text/],
    [['a'], /is not a text/],
    [{ a: 'x'.repeat(80) }, /^\{"a":"x+… is not a text$/],
  ],
  json: [],
}

const KINDS = Object.keys(COLUMNS) as ColumnKind[]

describe.each(KINDS)('%s', kind => {
  test.each(READ[kind].map(([value, cell]) => [shown(value), cell, value] as const))('%s is %s', (_s, cell, value) => {
    const cleaning = { cleaned: 0 }
    expect(read(kind, value, cleaning)).toBe(cell)
    expect(cleaning.cleaned).toBe(0)
  })

  if (REFUSED[kind].length > 0)
    test.each(REFUSED[kind].map(([value, why]) => [shown(value), value, why] as const))(
      '%s is refused',
      (_s, value, why) => {
        expect(() => read(kind, value)).toThrow(TypeMismatch)
        expect(() => read(kind, value)).toThrow(why)
      },
    )
})

test('an instant column reads times without an offset in its own zone', () => {
  expect(coercion(instant('In UTC.', undefined, 'UTC'))('2025-01-15T10:00:00', { cleaned: 0 })).toBe(
    '2025-01-15T10:00:00.000000Z',
  )
})

test('every integer of 64 bits is read exactly, and a larger one is refused', () => {
  const edge = 2n ** 63n
  fc.assert(
    fc.property(fc.bigInt({ min: -edge - 1000n, max: edge + 1000n }), n => {
      const value = JSON.rawJSON(n.toString())
      if (n >= -edge && n < edge) expect(read('int', value)).toBe(n.toString())
      else expect(() => read('int', value)).toThrow(/64 bits/)
    }),
  )
})

test('every amount that fits is read exactly in any notation', () => {
  const amount = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), fc.integer({ min: -6, max: 6 }), fc.boolean())
  fc.assert(
    fc.property(amount, ([micros, shift, negative]) => {
      const digits = micros.toString().padStart(7, '0')
      const plain = `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '')
      const expected = `${negative && micros !== 0n ? '-' : ''}${plain}`
      const written = `${negative ? '-' : ''}${micros}${'0'.repeat(Math.max(0, -shift))}e${-6 + Math.min(0, shift)}`
      expect(read('money', expected)).toBe(expected)
      expect(read('money', written)).toBe(expected)
    }),
  )
})

describe('a value of any type as text', () => {
  const readAny = (value: unknown, cleaning: Cleaning = { cleaned: 0 }): Value =>
    coercion(kinds.anyText('A value.'))(value, cleaning)

  test.each([
    ['Whole bean', 'Whole bean'],
    ['', ''],
    ['"x"', '"x"'],
    [12, '12'],
    [-0.5, '-0.5'],
    [raw('1.50'), '1.50'],
    [raw('9007199254740993'), '9007199254740993'],
    [true, 'true'],
    [false, 'false'],
    [[], '[]'],
    [{}, '{}'],
    [[1, 'a', null], '[1,"a",null]'],
    [{ b: { a: raw('1.50') } }, '{"b":{"a":1.50}}'],
  ])('%j', (value, cell) => {
    expect(readAny(value)).toBe(cell)
  })

  test('is cleaned inside as outside', () => {
    const cleaning = { cleaned: 0 }
    expect([readAny('a\0', cleaning), readAny({ a: 'a\0' }, cleaning)]).toEqual(['a', '{"a":"a"}'])
    expect(cleaning.cleaned).toBe(2)
  })

  test('is refused where no JSON column could store it', () => {
    let deep: unknown = 1
    for (let i = 0; i < 501; i++) deep = [deep]
    expect(() => readAny(deep)).toThrow(TypeMismatch)
  })

  test('other text columns take no list and no object', () => {
    expect(() => read('text', { a: 1 })).toThrow(TypeMismatch)
    expect(() => read('text', [1])).toThrow(TypeMismatch)
  })
})

describe('characters that no database stores are removed from texts and counted', () => {
  const HIGH = '\ud83c'
  const LOW = '\udf81'
  const CASES = [
    ['a NUL', 'a\0b', 'ab', 1],
    ['only NULs', '\0\0', '', 1],
    ['the first half of a pair', `a${HIGH}b`, 'a\ufffdb', 1],
    ['the second half of a pair', `a${LOW}b`, 'a\ufffdb', 1],
    ['the halves the wrong way round', `${LOW}${HIGH}`, '\ufffd\ufffd', 1],
    ['both at once', `\0${HIGH}`, '\ufffd', 1],
    ['a whole pair', `${HIGH}${LOW}`, '🎁', 0],
    ['a pair that a NUL parted', `${HIGH}\0${LOW}`, '🎁', 1],
    ['a backslash and what looks like an escape', '\\u0000 \\ud800', '\\u0000 \\ud800', 0],
    ['another control character', '\u0001', '\u0001', 0],
  ] as const

  test.each(CASES)('%s in a text', (_what, value, expected, count) => {
    const cleaning = { cleaned: 0 }
    expect(read('text', value, cleaning)).toBe(expected)
    expect(cleaning.cleaned).toBe(count)
  })

  test.each(CASES)('%s in a JSON value, at any depth', (_what, value, expected, count) => {
    const cleaning = { cleaned: 0 }
    expect(JSON.parse(toJson({ a: value, b: [value, { c: value }] }, cleaning))).toEqual({
      a: expected,
      b: [expected, { c: expected }],
    })
    expect(cleaning.cleaned).toBe(3 * count)
  })

  test.each(CASES)('%s in a JSON key, at any depth', (_what, value, expected, count) => {
    const cleaning = { cleaned: 0 }
    expect(JSON.parse(toJson({ [value]: 1, b: [{ [value]: { [value]: 2 } }] }, cleaning))).toEqual({
      [expected]: 1,
      b: [{ [expected]: { [expected]: 2 } }],
    })
    expect(cleaning.cleaned).toBe(3 * count)
  })

  test('cleaning a value does not change exact numbers or a key named __proto__', () => {
    const value = JSON.parse('{"__proto__":{"a":1}}')
    const json = toJson({ dirty: '\0', value, exact: JSON.rawJSON('9007199254740993') }, { cleaned: 0 })
    expect(json).toBe('{"dirty":"","value":{"__proto__":{"a":1}},"exact":9007199254740993}')
  })

  test('any text can be stored after cleaning', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 20 })
      .chain(s => fc.constantFrom('', '\0', HIGH, LOW).map(dirt => s + dirt + s))
    fc.assert(
      fc.property(text, value => {
        const cleaning = { cleaned: 0 }
        const cell = String(read('text', value, cleaning))
        expect(cell.isWellFormed() && !cell.includes('\0')).toBe(true)
        expect(cleaning.cleaned).toBe(cell === value ? 0 : 1)
      }),
    )
  })
})
