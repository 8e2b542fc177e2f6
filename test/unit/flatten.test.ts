import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DecodeStats, Reject } from '../../src/common/model.ts'
import { flag, instant, int, json, money, required, sensitive, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { fingerprint, flattener } from '../../src/transform/flatten.ts'
import { type Flattened, flattened, type Rows } from '../support/cells.ts'
import { withTestSalt } from '../support/salt.ts'

const orders = stream({
  name: 'orders',
  singular: 'order',
  doc: 'An order.',
  path: '/orders',
  list: 'orders',
  scopes: ['read_orders'],
  key: 'id',
  sync: {
    mode: 'incremental',
    cursor: 'updated_at',
    since: 'updated_at_min',
    until: 'updated_at_max',
    sorted: false,
  },
  columns: {
    id: required(int('Key.')),
    updated_at: instant('Changed.'),
    customer_id: int('Owner.', 'customer.id'),
    customer_name_first: text('First name.', 'customer.name.first'),
    customer_name_last: text('Last name.', 'customer.name.last'),
    note: text('Note.'),
    paid: flag('Paid.'),
    total: money('Total.'),
    tags: json('Tags.'),
  },
  children: {
    lines: child({
      doc: 'A line.',
      from: 'lines',
      columns: { sku: text('SKU.'), variant_id: int('Variant.', 'variant.id'), properties: json('Properties.') },
    }),
    utm: child({ doc: 'Attribution.', from: 'marketing.utm', columns: { source: text('Source.') } }),
  },
})

const pairs = stream({
  name: 'pairs',
  singular: 'pair',
  doc: 'A pair.',
  path: '/pairs',
  list: 'pairs',
  scopes: [],
  key: ['a', 'b'],
  sync: { mode: 'full' },
  columns: { a: required(int('First half.')), b: required(text('Second half.')) },
})

const strict: Stream = { ...orders, onMismatch: 'reject' }

const AT = '2025-01-15T10:00:00Z'
const BASE = { id: 1, updated_at: AT }

const stats = (): DecodeStats => ({ cleaned: 0, unknownFields: new Map(), mismatched: new Map() })

function flat(record: unknown, of: Stream = orders, found = stats()): Flattened {
  const result = flattened(of, record, found)
  if ('reason' in result) throw new Error(`rejected at ${result.path}: ${result.reason}`)
  return result
}

function rejected(record: unknown, of: Stream = orders): Reject {
  const result = flattened(of, record)
  if (!('reason' in result)) throw new Error('not rejected')
  return result
}

const extraOf = (record: unknown): unknown => JSON.parse(flat(record).extra ?? 'null')

/** The row by the names of its columns, without nulls. */
const named = (record: Rows): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(orders.columns)
      .map((name, at) => [name, record.row[at]])
      .filter(([, cell]) => cell !== null),
  )

describe('a declared path becomes a cell', () => {
  const base = { id: '1', updated_at: '2025-01-15T10:00:00.000000Z' }
  const CASES = [
    ['nothing more', {}, {}],
    ['null', { note: null, customer: null, paid: null }, {}],
    ['a member', { note: 'x' }, { note: 'x' }],
    ['an empty text', { note: '', total: '' }, { note: '' }],
    ['a nested member', { customer: { id: 7 } }, { customer_id: '7' }],
    [
      'one nested twice',
      { customer: { name: { first: 'A', last: 'B' } } },
      { customer_name_first: 'A', customer_name_last: 'B' },
    ],
    ['null inside', { customer: { id: null, name: null } }, {}],
    ['an empty object', { customer: {} }, {}],
    ['[] in place of an object', { customer: [] }, {}],
    ['a list of one object in place of an object', { customer: [{ id: 7, name: {} }] }, { customer_id: '7' }],
    [
      'a list of one object in place of a nested object',
      { customer: [{ name: [{ first: 'A' }] }] },
      { customer_name_first: 'A' },
    ],
    ['[] in place of a text', { note: [] }, {}],
    ['{} in place of a number', { customer: { id: {} }, total: {} }, {}],
    ['{} in place of JSON', { tags: {} }, { tags: '{}' }],
    ['[] in place of JSON', { tags: [] }, { tags: '[]' }],
    ['[] in place of a nested object', { customer: { id: 7, name: [] } }, { customer_id: '7' }],
    ['JSON', { tags: [{ a: 1 }] }, { tags: '[{"a":1}]' }],
    ['0 for a flag', { paid: 0 }, { paid: false }],
    ['an amount as text', { total: '10.50' }, { total: '10.5' }],
  ] as const

  test.each(CASES)('%s', (_what, more, expected) => {
    const record = flat({ ...BASE, ...more })
    expect(named(record)).toEqual({ ...base, ...expected })
    expect(record).toMatchObject({ key: '1', cursor: base.updated_at, extra: null })
  })

  test('the name of the column is not a path', () => {
    const record = flat({ ...BASE, customer_id: 7, 'customer.id': 8 })
    expect(named(record)).toEqual(base)
    expect(JSON.parse(record.extra ?? '')).toEqual({ customer_id: 7, 'customer.id': 8 })
  })
})

describe('a list of objects becomes rows with the owner and the position', () => {
  const CASES = [
    ['none', [], []],
    ['one', [{ sku: 'a' }], [['1', '0', 'a', null, null]]],
    [
      'three',
      [{ sku: 'a', variant: { id: '5' } }, { sku: null }, { sku: 'c', properties: [] }],
      [
        ['1', '0', 'a', '5', null],
        ['1', '1', null, null, null],
        ['1', '2', 'c', null, '[]'],
      ],
    ],
    ['an object in place of the list', { sku: 'a' }, [['1', '0', 'a', null, null]]],
    ['an empty object in place of the list', {}, []],
    ['an object of nulls in place of the list', { sku: null }, [['1', '0', null, null, null]]],
    ['a list of one object as an element', [[{ sku: 'a', variant: [{ id: 5 }] }]], [['1', '0', 'a', '5', null]]],
    [
      'empty elements',
      [{}, [], { sku: 'c' }],
      [
        ['1', '0', null, null, null],
        ['1', '1', null, null, null],
        ['1', '2', 'c', null, null],
      ],
    ],
    [
      'null among them',
      [null, { sku: 'b' }],
      [
        ['1', '0', null, null, null],
        ['1', '1', 'b', null, null],
      ],
    ],
  ] as const

  test.each(CASES)('%s', (_what, lines, expected) => {
    const record = flat({ lines, ...BASE })
    expect(record.children.lines).toEqual(expected)
    expect(record.extra).toBeNull()
  })

  test.each([null, undefined])('%s has no rows', lines => {
    expect(flat({ ...BASE, lines }).children.lines ?? []).toEqual([])
  })

  test('below a list of one object in place of an object', () => {
    const found = stats()
    const marketing = [{ utm: { source: 'x' }, medium: 'y' }]
    const record = flat({ ...BASE, marketing }, orders, found)
    expect(record.children.utm).toEqual([['1', '0', 'x']])
    expect([record.extra, [...found.unknownFields.keys()]]).toEqual([
      '{"marketing":{"medium":"y"}}',
      ['marketing.medium'],
    ])
  })

  test('below another object', () => {
    const record = flat({ ...BASE, marketing: { utm: [{ source: 'x' }, { source: 'y' }] } })
    expect(record.children.utm).toEqual([
      ['1', '0', 'x'],
      ['1', '1', 'y'],
    ])
  })
})

describe('_extra keeps every field that is not declared', () => {
  const CASES = [
    ['at the top', { merged_at: 'x' }, { merged_at: 'x' }, ['merged_at']],
    ['null, which is not counted', { merged_at: null }, { merged_at: null }, []],
    ['false and 0, which are', { a: false, b: 0 }, { a: false, b: 0 }, ['a', 'b']],
    ['whole, whatever is inside', { a: [{ b: [{}] }] }, { a: [{ b: [{}] }] }, ['a']],
    [
      'inside an object',
      { customer: { id: 7, email: 'e', name: { middle: 'M' } } },
      { customer: { email: 'e', name: { middle: 'M' } } },
      ['customer.email', 'customer.name.middle'],
    ],
    [
      'inside a list, by position',
      { lines: [{ sku: 'a' }, { sku: 'b', grams: 1 }, { grams: 2, variant: { title: 't' } }] },
      { lines: { 1: { grams: 1 }, 2: { grams: 2, variant: { title: 't' } } } },
      ['lines[].grams', 'lines[].variant.title'],
    ],
    ['inside an object in place of a list', { lines: { grams: 1 } }, { lines: { 0: { grams: 1 } } }, ['lines[].grams']],
    [
      'beside and inside a list below an object',
      { marketing: { utm: [{ source: 's', term: 't' }], campaign: 'c' } },
      { marketing: { utm: { 0: { term: 't' } }, campaign: 'c' } },
      ['marketing.utm[].term', 'marketing.campaign'],
    ],
    [
      'named like a method',
      { constructor: 1, toString: 2 },
      { constructor: 1, toString: 2 },
      ['constructor', 'toString'],
    ],
    ['with an empty name', { '': 1 }, { '': 1 }, ['']],
    ['with a dot in its name', { 'customer.id': 1 }, { 'customer.id': 1 }, ['customer.id']],
    ['that differs in case', { Note: 'x' }, { Note: 'x' }, ['Note']],
  ] as const

  test.each(CASES)('%s', (_what, more, expected, paths) => {
    const found = stats()
    const { extra } = flat({ ...BASE, ...more }, orders, found)
    expect(JSON.parse(extra ?? 'null')).toEqual(expected)
    expect([...found.unknownFields.keys()].sort()).toEqual([...paths].sort())
  })

  test.each([
    ['at the top', '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', '__proto__'],
    ['inside an object', '{"customer":{"__proto__":1}}', '{"customer":{"__proto__":1}}', 'customer.__proto__'],
    ['inside a list', '{"lines":[{"__proto__":"x"}]}', '{"lines":{"0":{"__proto__":"x"}}}', 'lines[].__proto__'],
    ['inside what is kept whole', '{"a":{"__proto__":2}}', '{"a":{"__proto__":2}}', 'a'],
  ])('one called __proto__ %s', (_what, more, expected, path) => {
    const found = stats()
    const record: unknown = JSON.parse(`{"id":1,"updated_at":"${AT}",${more.slice(1)}`)
    expect(flat(record, orders, found).extra).toBe(expected)
    expect([...found.unknownFields.keys()]).toEqual([path])
  })

  test('exact numbers stay exact', () => {
    expect(flat({ ...BASE, a: [JSON.rawJSON('9007199254740993')] }).extra).toBe('{"a":[9007199254740993]}')
  })

  test('a path is counted once for each record that has a value there', () => {
    const found = stats()
    flat({ ...BASE, a: 1, lines: [{ b: 1 }, { b: 2 }] }, orders, found)
    flat({ ...BASE, a: null, lines: [{ b: 1 }] }, orders, found)
    flat({ ...BASE, a: 3 }, orders, found)
    expect(found.unknownFields).toEqual(
      new Map([
        ['a', 2],
        ['lines[].b', 2],
      ]),
    )
  })

  test('a rejected record is not counted: the whole record is kept', () => {
    const found = stats()
    flattened(orders, { updated_at: AT, a: 1 }, found)
    expect(found.unknownFields.size).toBe(0)
  })
})

describe('with on_mismatch: reject a record that does not fit is rejected, with path, reason and record', () => {
  const CASES = [
    ['a text for an amount', { ...BASE, total: 'ten' }, 'total', '"ten" is not a number', '1'],
    [
      'an amount that is too fine',
      { ...BASE, total: '0.1234567' },
      'total',
      '"0.1234567" has more than 6 decimals',
      '1',
    ],
    ['a value inside an object', { ...BASE, customer: { id: 'x' } }, 'customer.id', '"x" is not a number', '1'],
    ['a value inside a list', { ...BASE, lines: [{ sku: [1] }] }, 'lines[].sku', '[1] is not a text', '1'],
    [
      'deeper inside a list',
      { ...BASE, lines: [{ variant: { id: 1.5 } }] },
      'lines[].variant.id',
      '1.5 is not a whole number',
      '1',
    ],
    ['a text for an object', { ...BASE, customer: 'x' }, 'customer', 'declared as an object, but it is a string', '1'],
    [
      'a list of two objects for an object',
      { ...BASE, customer: [{ id: 1 }, { id: 2 }] },
      'customer',
      'declared as an object, but it is a list',
      '1',
    ],
    ['a number for a list', { ...BASE, lines: 3 }, 'lines', 'declared as a list, but it is a number', '1'],
    ['a text for an element', { ...BASE, lines: ['x'] }, 'lines[]', 'declared as an object, but it is a string', '1'],
    ['a list for an element', { ...BASE, lines: [[1]] }, 'lines[]', 'declared as an object, but it is a list', '1'],
    ['a cursor that is no time', { id: 1, updated_at: 'soon' }, 'updated_at', '"soon" is not a point in time', '1'],
    ['no key', { updated_at: AT }, 'id', 'required, but it is absent, null or empty', null],
    ['null for a key', { id: null, updated_at: AT }, 'id', 'required, but it is absent, null or empty', null],
    ['an empty key', { id: '', updated_at: AT }, 'id', 'required, but it is absent, null or empty', ''],
    [
      'a key that is an empty object',
      { id: {}, updated_at: AT },
      'id',
      'required, but it is absent, null or empty',
      null,
    ],
    ['a key that is an object', { id: { a: 1 }, updated_at: AT }, 'id', '{"a":1} is not a number', null],
    ['a text', 'x', '', 'the record is not an object', null],
    ['a list', [BASE], '', 'the record is not an object', null],
    ['null', null, '', 'the record is not an object', null],
    ['a number', 5, '', 'the record is not an object', null],
  ] as const

  test.each(CASES)('%s', (_what, record, path, reason, key) => {
    expect(rejected(record, strict)).toMatchObject({ key, path, reason, record: JSON.stringify(record) })
  })

  test('a rejected record keeps exact numbers and __proto__, and loses a NUL', () => {
    const record: unknown = JSON.parse('{"id":[],"__proto__":1,"a":"x\\u0000"}')
    expect(rejected(record).record).toBe('{"id":[],"__proto__":1,"a":"x"}')
    expect(rejected({ id: [], a: JSON.rawJSON('1e400') }).record).toBe('{"id":[],"a":1e400}')
  })
})

test.each([
  ['null', { ...BASE, updated_at: null }],
  ['absent', { id: 1 }],
  ['empty', { ...BASE, updated_at: '' }],
])('K1/4: a record whose cursor is %s is loaded without one', (_what, record) => {
  expect(flat(record)).toMatchObject({ key: '1', cursor: null })
})

describe('a key of two columns', () => {
  test('is both parts, in the order of the declaration', () => {
    expect(flat({ b: 'x', a: 1 }, pairs)).toMatchObject({ key: '1\u001fx', cursor: null })
  })

  test.each([
    ['the first', { b: 'x' }, 'a'],
    ['the second', { a: 1 }, 'b'],
  ])('without %s the record is rejected, without a key', (_what, record, path) => {
    expect(rejected(record, pairs)).toMatchObject({ key: null, path })
  })
})

describe('the hash', () => {
  const record = {
    ...BASE,
    customer: { id: 7, email: 'e', name: { first: 'A', middle: 'M' } },
    note: 'n',
    paid: true,
    total: '10.50',
    tags: ['t'],
    lines: [
      { sku: 'a', grams: 1, variant: { id: 5 } },
      { sku: 'b', grams: 2 },
    ],
    marketing: { utm: [{ source: 's' }], campaign: 'c' },
    merged_at: 'm',
    other: { deep: [1, 2] },
  }

  test('does not depend on the order of members, in the record and in declared objects', () => {
    const reversed = {
      other: record.other,
      merged_at: 'm',
      marketing: { campaign: 'c', utm: [{ source: 's' }] },
      lines: [
        { variant: { id: 5 }, grams: 1, sku: 'a' },
        { grams: 2, sku: 'b' },
      ],
      tags: ['t'],
      total: '10.50',
      paid: true,
      note: 'n',
      customer: { name: { middle: 'M', first: 'A' }, email: 'e', id: 7 },
      updated_at: AT,
      id: 1,
    }
    expect(flat(reversed)).toEqual(flat(record))
  })

  test.each([
    ['an amount written otherwise', { total: 10.5 }],
    ['a time written otherwise', { updated_at: '2025-01-15T05:00:00-05:00' }],
    ['a number as text', { id: '1' }],
    ['1 for true', { paid: 1 }],
  ])('is the same with %s', (_what, change) => {
    expect(flat({ ...record, ...change }).hash).toBe(flat(record).hash)
  })

  test.each([
    ['absent', {}],
    ['null', { lines: null }],
    ['empty', { lines: [] }],
  ])('is the same for a list that is %s', (_what, lines) => {
    expect(flat({ ...BASE, ...lines }).hash).toBe(flat(BASE).hash)
  })

  const CHANGES = [
    ['the key', { id: 2 }],
    ['the cursor', { updated_at: '2025-01-15T10:00:01Z' }],
    ['a text', { note: 'N' }],
    ['a text to null', { note: null }],
    ['a text to an empty one', { note: '' }],
    ['a flag', { paid: false }],
    ['an amount', { total: '10.500001' }],
    ['JSON', { tags: ['T'] }],
    ['a nested value', { customer: { ...record.customer, id: 8 } }],
    ['a nested unknown value', { customer: { ...record.customer, email: 'E' } }],
    ['one nested twice', { customer: { ...record.customer, name: { first: 'A', middle: 'N' } } }],
    ['a value in a list', { lines: [{ ...record.lines[0], sku: 'A' }, record.lines[1]] }],
    ['an unknown value in a list', { lines: [{ ...record.lines[0], grams: 3 }, record.lines[1]] }],
    ['the order of a list', { lines: record.lines.toReversed() }],
    ['the length of a list', { lines: record.lines.slice(1) }],
    ['another list', { marketing: { ...record.marketing, utm: [{ source: 'S' }] } }],
    ['an unknown value', { merged_at: 'M' }],
    ['an unknown value set to null', { merged_at: null }],
    ['deep inside an unknown value', { other: { deep: [1, 3] } }],
    ['one more unknown member', { another: 1 }],
  ] as const

  test.each(CHANGES)('changes with %s', (_what, change) => {
    expect(flat({ ...record, ...change }).hash).not.toBe(flat(record).hash)
  })

  test('is a positive number of 64 bits', () => {
    fc.assert(
      fc.property(fc.string(), note => {
        const { hash } = flat({ ...BASE, note })
        expect(hash >= 0n && hash < 2n ** 63n).toBe(true)
      }),
    )
  })
})

describe('a list of plain values', () => {
  const boxes = stream({
    name: 'boxes',
    singular: 'box',
    doc: 'A box.',
    path: '/boxes',
    list: 'boxes',
    scopes: [],
    key: 'id',
    sync: { mode: 'full' },
    columns: { id: required(int('Key.')) },
    children: {
      order: child({
        doc: 'Order.',
        from: 'order',
        element: 'item',
        columns: { item: int('Item.'), by: text('Who.') },
      }),
    },
    objects: ['include'],
  })
  const box = (more: object, of: Stream = boxes): Flattened => flat({ id: 1, ...more }, of)

  test('becomes rows with the value in its column', () => {
    const { children, extra } = box({ order: [7, '8', null, { item: 9, by: 'me' }] })
    expect(children.order).toEqual([
      ['1', '0', '7', null],
      ['1', '1', '8', null],
      ['1', '2', null, null],
      ['1', '3', '9', 'me'],
    ])
    expect(extra).toBeNull()
  })

  test('with a value that does not fit is rejected, or keeps the value in extra', () => {
    const strict = { ...boxes, onMismatch: 'reject' } satisfies Stream
    expect(rejected({ id: 1, order: [7, 'x'] }, strict)).toMatchObject({ path: 'order[].item' })
    const { children, extra } = box({ order: [7, 'x', [1], [], [{ item: 8 }]] })
    expect(children.order?.map(row => row[2])).toEqual(['7', null, null, null, '8'])
    expect(JSON.parse(extra ?? '')).toEqual({ order: { 1: { item: 'x' }, 2: { item: [1] } } })
  })

  test.each([[{}], [{ include: null }], [{ include: {} }], [{ include: [] }]])(
    'a declared object without members leaves nothing in extra: %j',
    more => {
      const found = stats()
      expect(flat({ id: 1, ...more }, boxes, found).extra).toBeNull()
      expect([...found.unknownFields.keys()]).toEqual([])
    },
  )

  test('a member of such an object is an unknown field', () => {
    const found = stats()
    const { extra } = flat({ id: 1, include: { addresses: [1] } }, boxes, found)
    expect(JSON.parse(extra ?? '')).toEqual({ include: { addresses: [1] } })
    expect([...found.unknownFields]).toEqual([['include.addresses', 1]])
  })
})

test('a text that was cleaned is counted, in cells, in lists and in extra', () => {
  const found = stats()
  const record = flat({ ...BASE, note: 'a\0', lines: [{ sku: '\0b' }], merged_at: 'c\0' }, orders, found)
  expect([record.row[5], record.children.lines?.[0]?.[2], record.extra]).toEqual(['a', 'b', '{"merged_at":"c"}'])
  expect(found.cleaned).toBe(3)
})

/* A random record is flattened and put together again from its cells, child rows and extra. */

const clean = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(s => s.isWellFormed() && !s.includes('\0'))
const wholeNumber = fc.integer({ min: -(2 ** 31), max: 2 ** 31 })
/** A value whose name may be that of a credential, such as CVv, is hashed. */
const CREDENTIAL = /token|secret|pass|pwd|hash|code|key|credential|jwt|bearer|otp|cvv|cvc|pin|link|ur[il]|href/i
/** Names that are declared nowhere. */
const strange = fc
  .dictionary(
    clean.map(name => `x${name}`),
    fc.jsonValue({ maxDepth: 2 }).filter(value => !/\\u0000|\\u[dD][89abAB]/.test(JSON.stringify(value))),
    { maxKeys: 3 },
  )
  .filter(members => !CREDENTIAL.test(JSON.stringify(members)))
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null })

const line = fc.record({ sku: optional(clean), variant: optional(wholeNumber), strange })
const whole = fc.record({
  id: fc.maxSafeInteger(),
  customer: optional(wholeNumber),
  first: optional(clean),
  note: optional(clean),
  paid: optional(fc.boolean()),
  strange,
  strangeInside: strange,
  lines: fc.array(line, { maxLength: 4 }),
})

test('every declared value is in the row, and nothing of a record is lost', () => {
  fc.assert(
    fc.property(whole, given => {
      const record = flat({
        ...given.strange,
        id: given.id,
        updated_at: AT,
        customer: { ...given.strangeInside, id: given.customer, name: { first: given.first } },
        note: given.note,
        paid: given.paid,
        lines: given.lines.map(({ sku, variant, strange: more }) => ({ ...more, sku, variant: { id: variant } })),
      })
      const asText = (n: number | null): string | null => (n === null ? null : String(n === 0 ? 0 : n))
      expect(record.row).toEqual([
        asText(given.id),
        '2025-01-15T10:00:00.000000Z',
        asText(given.customer),
        given.first,
        null,
        given.note,
        given.paid,
        null,
        null,
      ])
      expect(record.children.lines).toEqual(
        given.lines.map(({ sku, variant }, at) => [asText(given.id), String(at), sku, asText(variant), null]),
      )
      const inLists = given.lines.flatMap(({ strange: more }, at) =>
        Object.keys(more).length > 0 ? [[String(at), more] as const] : [],
      )
      const kept = {
        ...given.strange,
        ...(Object.keys(given.strangeInside).length > 0 ? { customer: given.strangeInside } : {}),
        ...(inLists.length > 0 ? { lines: Object.fromEntries(inLists) } : {}),
      }
      // Compared as JSON: -0 is 0 there, and a member called __proto__ is a member.
      const extra: unknown = JSON.parse(record.extra ?? '{}')
      expect(extra).toEqual(JSON.parse(JSON.stringify(kept)))
    }),
  )
})

test('any record becomes a row or is rejected', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (lines, customer, marketing) => {
      const record = { ...BASE, lines, customer, marketing }
      const result = flattened(orders, record)
      if ('reason' in result) expect(result.path).toMatch(/^(lines|customer|marketing)/)
      else expect(result.key).toBe('1')
    }),
  )
})

describe('a field named like an inherited member of objects', () => {
  const about = {
    name: 'odds',
    singular: 'odd',
    doc: 'An odd one.',
    path: '/odds',
    list: 'odds',
    scopes: [],
    key: 'id',
    sync: { mode: 'full' },
  } as const
  const id = required(int('Key.'))
  const cell = stream({ ...about, columns: { id, constructor: text('As a cell.') } as never })
  const object = stream({ ...about, columns: { id, constructor_a: text('In an object.', 'constructor.a') } })
  const list = stream({
    ...about,
    columns: { id },
    children: { constructor: child({ doc: 'As a list.', from: 'constructor', columns: { a: int('A.') } }) } as never,
  })

  test.each([
    ['a cell', cell, { row: ['1', null], extra: null }],
    ['an object', object, { row: ['1', null], extra: null }],
    ['a list', list, { children: { constructor: [] }, extra: null }],
  ])('%s is null if the record does not have it', (_what, of, expected) => {
    expect(flat({ id: 1 }, of)).toMatchObject(expected)
  })

  test.each([
    ['a cell', cell, 'c', { row: ['1', 'c'], extra: null }],
    ['an object', object, { a: 'c' }, { row: ['1', 'c'], extra: null }],
    ['a list', list, [{ a: 2 }], { children: { constructor: [['1', '0', '2']] }, extra: null }],
  ])('%s is read if the record has it', (_what, of, value, expected) => {
    expect(flat({ id: 1, constructor: value }, of)).toMatchObject(expected)
  })
})

test('a stream is compiled once', () => {
  expect(flattener(orders)).toBe(flattener(orders))
  expect(flattener(orders)).not.toBe(flattener(pairs))
})

test('extra of a record without unknown fields is null', () => {
  expect(extraOf(BASE)).toBeNull()
})

test('a rejected record has its cursor, if that can be read', () => {
  expect(rejected({ ...BASE, id: 'x' }).cursor).toBe('2025-01-15T10:00:00.000000Z')
  expect(rejected({ updated_at: 'soon' }).cursor).toBeNull()
  expect(rejected(null).cursor).toBeNull()
})

describe('on_mismatch: null', () => {
  const tolerated = (more: object, found = stats()): { row: Record<string, unknown>; extra: unknown } => {
    const record = flat({ ...BASE, ...more }, orders, found)
    const { id: _id, updated_at: _at, ...row } = named(record)
    return { row, extra: JSON.parse(record.extra ?? 'null') }
  }

  const CASES = [
    ['a value', { paid: 'perhaps', note: 'x' }, { note: 'x' }, { paid: 'perhaps' }, ['paid']],
    [
      'one in an object',
      { customer: { id: 'x', name: { first: 'A' } } },
      { customer_name_first: 'A' },
      { customer: { id: 'x' } },
      ['customer.id'],
    ],
    ['a text in place of an object', { customer: 'gone' }, {}, { customer: 'gone' }, ['customer']],
    [
      'a list of two objects in place of an object',
      { customer: { id: 7, name: [{ first: 'A' }, { first: 'B' }] } },
      { customer_id: '7' },
      { customer: { name: [{ first: 'A' }, { first: 'B' }] } },
      ['customer.name'],
    ],
    ['a list in place of a text', { note: ['a'] }, {}, { note: ['a'] }, ['note']],
    [
      'a list in place of an object',
      { customer: { id: 7, name: ['A'] } },
      { customer_id: '7' },
      { customer: { name: ['A'] } },
      ['customer.name'],
    ],
    ['a text in place of a list', { lines: 'none' }, {}, { lines: 'none' }, ['lines']],
    ['a text in place of what holds a list', { marketing: 'none' }, {}, { marketing: 'none' }, ['marketing']],
    ['an object in place of a text', { note: { a: 1 } }, {}, { note: { a: 1 } }, ['note']],
    [
      'an id past 64 bits',
      { customer: { id: '9223372036854775808' } },
      {},
      { customer: { id: '9223372036854775808' } },
      ['customer.id'],
    ],
    ['nothing at all', { note: 'x' }, { note: 'x' }, null, []],
  ] as const

  test.each(CASES)('keeps %s in _extra, under its path, and the column is null', (_what, more, row, extra, paths) => {
    const found = stats()
    expect(tolerated(more, found)).toEqual({ row, extra })
    expect([...found.mismatched]).toEqual(paths.map(path => [path, 1]))
    expect([...found.unknownFields]).toEqual([])
  })

  test('beside unknown fields, which are counted apart', () => {
    const found = stats()
    expect(tolerated({ customer: { id: 'x', vip: true } }, found)).toEqual({
      row: {},
      extra: { customer: { id: 'x', vip: true } },
    })
    expect([found.mismatched, found.unknownFields]).toEqual([
      new Map([['customer.id', 1]]),
      new Map([['customer.vip', 1]]),
    ])
  })

  test('in a list, under the position of the element', () => {
    const found = stats()
    const record = flat(
      { ...BASE, lines: [{ sku: 'a' }, { sku: ['b'], variant: 5 }, 'c', { sku: 'd' }] },
      orders,
      found,
    )
    expect(record.children.lines?.map(row => row.slice(1, 3))).toEqual([
      ['0', 'a'],
      ['1', null],
      ['2', null],
      ['3', 'd'],
    ])
    expect(JSON.parse(record.extra ?? '')).toEqual({ lines: { 1: { sku: ['b'], variant: 5 }, 2: 'c' } })
    expect([...found.mismatched.keys()].sort()).toEqual(['lines[]', 'lines[].sku', 'lines[].variant'])
  })

  test('the record after it is not affected', () => {
    tolerated({ paid: 'perhaps', lines: [{ sku: [1] }] })
    expect(tolerated({ paid: true, lines: [{ sku: 'a' }] })).toEqual({ row: { paid: true }, extra: null })
  })

  test('I28: is the default', () => {
    expect(orders.onMismatch).toBe('null')
  })

  test.each([
    ['no text of a time', 'soon'],
    ['a number', 1_760_000_000],
    ['an object', { at: AT }],
  ])('I28: loads a record whose cursor is %s, without a cursor', (_what, updated_at) => {
    const record = flat({ id: 1, updated_at, note: 'x' })
    expect(record).toMatchObject({ key: '1', cursor: null })
    expect([named(record), JSON.parse(record.extra ?? '')]).toEqual([{ id: '1', note: 'x' }, { updated_at }])
  })

  test('rejects a record whose key cannot be read, with the same reason', () => {
    expect(rejected({ ...BASE, id: 'x' })).toMatchObject({ path: 'id', reason: '"x" is not a number' })
  })

  test('a value to hash always fits, and one sent in place of an object is kept as a hash', () => {
    const hidden = withTestSalt(
      { ...orders, columns: { ...orders.columns, customer_id: sensitive(text('Owner.', 'customer.id')) } },
      { onMismatch: 'null' },
    )
    const extra = JSON.parse(flat({ ...BASE, customer: 'secret' }, hidden).extra ?? '')
    expect(extra.customer).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(flat({ ...BASE, customer: { id: ['secret'] } }, hidden).extra).toBeNull()
  })
})

test('a fingerprint is the first 63 bits of SHA-256 in every version: with another one all rows would be written again', () => {
  // Examples of FIPS 180-2; of the first, all that lies before the last bit counts.
  expect(fingerprint(Buffer.from('abc'))).toBe(0xba7816bf8f01cfean >> 1n)
  expect(fingerprint(Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).toBe(
    0x248d6a61d20638b8n >> 1n,
  )
})
