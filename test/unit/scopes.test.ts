import { describe, expect, test } from 'vitest'
import { accessOf, readableBy, writeScopes } from '../../src/extract/scopes.ts'
import { int, required } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import { scopesOf } from '../../src/schema/docs.ts'
import type { Scopes } from '../../src/schema/stream.ts'

const about = {
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  list: 'things',
  key: 'id',
  sync: { mode: 'full' },
  columns: { id: required(int('Key.')) },
} as const
const needing = (...scopes: string[]) => stream({ ...about, scopes })
const each = (values: Record<string, Scopes>) => stream({ ...about, scopes: [], each: { parameter: 'owner', values } })
const token = (scopes: readonly string[] | null) => ({ name: null, scopes })

const OWNERS = each({
  customer: ['read_customers'],
  order: ['read_orders', 'read_charges'],
  store: [],
  shop: ['read_orders', 'read_charges'],
})

describe('what a token may read', () => {
  const CASES = [
    ['a scope that the token has', needing('a'), ['a'], true, []],
    ['a scope that it lacks', needing('a'), ['b'], false, ['a']],
    ['a token without scopes', needing('a'), [], false, ['a']],
    ['one of two is enough', needing('a', 'b'), ['b'], true, []],
    ['neither of two', needing('a', 'b'), ['c'], false, ['a or b']],
    ['a scope that begins alike', needing('read_orders'), ['read_orders_all'], false, ['read_orders']],
    ['a stream that needs no scope', needing(), [], true, []],
    ['a token whose scopes are not known', needing('a'), null, true, []],
    ['all owners', OWNERS, ['read_customers', 'read_charges'], true, []],
    [
      'some owners: granted, and the missing scopes are listed',
      OWNERS,
      ['read_customers'],
      true,
      ['read_orders or read_charges'],
    ],
    ['only the owner that needs none', OWNERS, [], true, ['read_customers', 'read_orders or read_charges']],
    ['no owner', each({ customer: ['a'], order: ['b'] }), ['c'], false, ['a', 'b']],
    ['all owners, for a token whose scopes are not known', OWNERS, null, true, []],
  ] as const

  test.each(CASES)('%s', (_what, declared, held, granted, missing) => {
    expect(accessOf(declared, readableBy(token(held)))).toEqual({ granted, missing })
  })
})

test.each([
  ['one', needing('a'), ['a']],
  ['one of two', needing('a', 'b'), ['a or b']],
  ['none', needing(), []],
  ['by owner, each once', OWNERS, ['read_customers', 'read_orders or read_charges']],
])('scopes as the documentation shows them: %s', (_what, declared, expected) => {
  expect(scopesOf(declared)).toEqual(expected)
})

test.each([
  [null, []],
  [[], []],
  [
    ['read_orders', 'write_orders', 'overwrite_all', 'write_customers'],
    ['write_orders', 'write_customers'],
  ],
])('of the scopes %j, those that change the store are %j', (scopes, expected) => {
  expect(writeScopes(token(scopes))).toEqual(expected)
})
