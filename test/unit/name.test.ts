import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { childName, columnName, identifier, LONGEST_NAME } from '../../src/schema/name.ts'

const bytes = (text: string): number => Buffer.byteLength(text)

describe('a name that fits is not changed', () => {
  test.each(['id', '', 'a'.repeat(63), 'é'.repeat(31), '漢'.repeat(21), '🎁'.repeat(15)])('%j', name => {
    expect(identifier(name)).toBe(name)
  })
})

describe('a longer name is its first bytes and eight digits of its hash, in every version', () => {
  const CASES = [
    ['a'.repeat(64), `${'a'.repeat(54)}_ffe054fe`],
    ['é'.repeat(32), `${'é'.repeat(27)}_2e5152e6`],
    ['漢'.repeat(22), `${'漢'.repeat(18)}_39d3a136`],
    // The cut would split a character, so the character is left out.
    [`a${'é'.repeat(40)}`, `a${'é'.repeat(26)}_4831141c`],
    ['🎁'.repeat(40), `${'🎁'.repeat(13)}_33a45f2c`],
  ] as const

  test.each(CASES)('%s', (name, expected) => {
    expect(identifier(name)).toBe(expected)
    expect(bytes(expected)).toBeLessThanOrEqual(LONGEST_NAME)
  })

  test('long names with the same start differ', () => {
    const names = Array.from({ length: 100 }, (_, n) => identifier(`${'a'.repeat(80)}${n}`))
    expect(new Set(names).size).toBe(100)
  })
})

test('any stored name fits, is well-formed, and does not change when it is shortened again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), name => {
      const stored = identifier(name)
      expect(bytes(stored)).toBeLessThanOrEqual(LONGEST_NAME)
      expect(stored.isWellFormed()).toBe(true)
      expect(stored === name || name.startsWith(stored.slice(0, -9))).toBe(true)
      expect(identifier(stored)).toBe(stored)
    }),
  )
})

test.each([
  ['id', 'id'],
  ['customer.id', 'customer_id'],
  ['external_order_id.ecommerce', 'external_order_id_ecommerce'],
  ['a.b.c', 'a_b_c'],
])('the path %s is the column %s', (path, column) => {
  expect(columnName(path)).toBe(column)
})

test('a list has a table of its own', () => {
  expect(childName('charges', 'line_items')).toBe('charges__line_items')
})
