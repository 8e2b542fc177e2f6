import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseExact, stringifyExact } from '../../src/common/exact-json.ts'

describe('a number that a float cannot hold is kept as it was sent and written back unchanged', () => {
  const CASES = [
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '123456789012345678901234567890',
    '0.1234567890123456789',
    '1.0000000000000001',
    '123456789.12345678901',
    '-0.10000000000000000555',
    '9007199254740993.0',
    '0.00000000000000012345678901234567',
    '1e400',
    '-1e400',
    '1E+400',
    '1e-400',
    '1.5e308',
    '2e-308',
  ]

  test.each(CASES)('%s', source => {
    for (const body of [source, `{"a":${source}}`, `[${source}]`, `{"a":[{"b":1,"c":${source}}],"d":"x"}`]) {
      expect(JSON.stringify(parseExact(body))).toBe(body)
    }
    for (const space of [' ', '\n', '\r', '\t', ' \n ']) {
      for (const body of [source, `{"a":${source}}`, `[${source},1]`, `{"a":${source},"b":1}`]) {
        const spaced = body.replaceAll(source, `${space}${source}${space}`)
        expect(JSON.stringify(parseExact(spaced))).toBe(body)
      }
    }
    const exact = parseExact(source)
    expect(JSON.isRawJSON(exact) ? exact.rawJSON : exact).toBe(source)
  })
})

describe('an ordinary number stays a number, also beside an inexact one', () => {
  const CASES = [
    ['0', 0],
    ['-1', -1],
    ['10.50', 10.5],
    ['0.1', 0.1],
    ['19.99', 19.99],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['123456789012345', 123456789012345],
    ['1.23456789012345', 1.23456789012345],
    ['0.000000123456789012345', 0.000000123456789012345],
    ['0E-10', 0],
    ['0e400', 0],
    ['0.0000000000000000000', 0],
    ['1e22', 1e22],
    ['1E+22', 1e22],
    ['1.5e-7', 1.5e-7],
    ['1e100', 1e100],
    ['1e-100', 1e-100],
  ] as const

  test.each(CASES)('%s', (source, expected) => {
    expect(parseExact(source)).toBe(expected)
    expect(parseExact(`[9007199254740993,${source}]`)).toEqual([JSON.rawJSON('9007199254740993'), expected])
  })
})

describe('a long number inside a string is text', () => {
  const CASES = [
    '"9007199254740993"',
    '"1e400"',
    '"0.1234567890123456789"',
    '{"9007199254740993":"1e400"}',
    '["card 4242424242424242424", {"note":"\\"12345678901234567890\\""}]',
  ]

  test.each(CASES)('%s', body => {
    expect(parseExact(body)).toEqual(JSON.parse(body))
  })
})

test('a member that occurs twice has its last value', () => {
  expect(parseExact('{"a":1,"a":9007199254740993}')).toEqual({ a: JSON.rawJSON('9007199254740993') })
  expect(parseExact('{"a":9007199254740993,"a":1}')).toEqual({ a: 1 })
})

test('a member named __proto__ is like any other', () => {
  const parsed = parseExact('{"__proto__":{"a":9007199254740993},"b":1}')
  expect(Object.keys(Object(parsed))).toEqual(['__proto__', 'b'])
  expect(JSON.stringify(parsed)).toBe('{"__proto__":{"a":9007199254740993},"b":1}')
})

describe('JSON that is nested more deeply than functions can call each other', () => {
  const DEPTH = 20_000
  const ODD = String.raw`{"__proto__":[1e400,"1e400","\"1e400",{"a\u0000":-0.1234567890123456789,"2":[],"1":{}}],"":1.50,"a":{}}`
  const body = (inner: string): string => `${'[{"a":'.repeat(DEPTH)}${inner}${'}]'.repeat(DEPTH)}`

  test('is parsed and written without loss', () => {
    const expected = JSON.stringify(parseExact(ODD))
    expect(stringifyExact(parseExact(body(ODD)))).toBe(body(expected))
  })

  test.each(['01', '1.2.3', '1e400,', '"1e400', '{"a":1e400', '-'])('is refused with %s in it', broken => {
    expect(() => parseExact(body(`[1e400,${broken}]`))).toThrow(SyntaxError)
  })
})

test.each(['', '{', '{"a":9007199254740993', '[1e400,]', 'NaN', '01'])('%j is not JSON', body => {
  expect(() => parseExact(body)).toThrow(SyntaxError)
})

test('any decimal has the same value after it is parsed and written', () => {
  const digits = fc.stringMatching(/^[0-9]{1,25}$/)
  const number = fc
    .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.option(fc.integer({ min: -400, max: 400 })))
    .map(([sign, whole, fraction, exponent]) => ({
      source: `${sign}${whole.replace(/^0+(?=\d)/, '')}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
    }))
  fc.assert(
    fc.property(number, ({ source }) => {
      expect(canonical(JSON.stringify(parseExact(source)))).toEqual(canonical(source))
      const { number } = parseExact(`{"text":"${source}","number":${source}, "list":[1e1,"e100,"]}`) as {
        number: unknown
      }
      expect(canonical(JSON.stringify(number))).toEqual(canonical(source))
    }),
    { numRuns: 1000 },
  )
})

/** Digits without zeros at either end, and the position of the point: equal for equal numbers. */
function canonical(source: string): { sign: string; digits: string; exponent: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  if (digits === '') return { sign: '', digits, exponent: 0 }
  return { sign, digits, exponent: Number(exponent) - fraction.length + all.length - digits.length }
}
