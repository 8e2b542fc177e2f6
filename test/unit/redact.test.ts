import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Reject } from '../../src/common/model.ts'
import { flag, int, json, type Policy, required, sensitive, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import { Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { type Flattened, flattened } from '../support/cells.ts'
import { withTestSalt } from '../support/salt.ts'

const things = stream({
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  list: 'things',
  scopes: [],
  key: 'id',
  sync: { mode: 'full' },
  columns: {
    id: required(int('Key.')),
    paid: flag('Paid.'),
    token: sensitive(text('Opens doors.')),
    owner_hash: sensitive(text('Opens more.', 'owner.hash')),
    owner_name: text('Name.', 'owner.name'),
    details: json('Anything.'),
  },
  children: { lines: child({ doc: 'A line.', from: 'box.lines', columns: { sku: text('SKU.'), n: int('Count.') } }) },
})

const orders = STREAMS.find(({ name }) => name === 'orders') as Stream

const digest = (value: string): string => createHash('sha256').update(Buffer.alloc(32, 7)).update(value).digest('hex')
const under = (policy: Policy, more: Record<string, Record<string, Policy>> = {}) =>
  withTestSalt(things, { sensitive: policy, columns: more })
const HASHED = under('hash')
const rejecting = (of: Stream): Stream => ({ ...of, onMismatch: 'reject' })
const SECRET = 'f00d-feed-0815'

function flat(record: unknown, of = HASHED): Flattened {
  const result = flattened(of, record)
  if ('reason' in result) throw new Error(result.reason)
  return result
}

function rejected(record: unknown, of = HASHED): Reject {
  const result = flattened(rejecting(of), record)
  if (!('reason' in result)) throw new Error('not rejected')
  return result
}

describe('a column', () => {
  const token = (value: unknown, of = HASHED): unknown => flat({ id: 1, token: value }, of).row[2]

  test('is SHA-256 of the salt and the value', () => {
    expect(token(SECRET)).toBe(digest(SECRET))
    expect(token('é\u{1F600}'.repeat(3000))).toBe(digest('é\u{1F600}'.repeat(3000)))
    expect(token('')).toBe(digest(''))
  })

  test('a number and its text have the same hash; other values have the hash of their JSON', () => {
    expect(token(5)).toBe(digest('5'))
    expect(token(JSON.rawJSON('0E-10'))).toBe(digest('0E-10'))
    expect(token({ a: [1] })).toBe(digest('{"a":[1]}'))
  })

  test('null, absent and empty values are null', () => {
    for (const nothing of [null, undefined, [], {}]) expect(token(nothing)).toBeNull()
  })

  test('a JSON column has the hash as a text', () => {
    const record = flat({ id: 1, details: { a: SECRET } }, under('hash', { things: { details: 'hash' } }))
    expect(record.row[5]).toBe(JSON.stringify(digest(JSON.stringify({ a: SECRET }))))
  })

  test('is null if omitted, and unchanged if kept', () => {
    expect(token(SECRET, under('omit'))).toBeNull()
    expect(token(SECRET, under('keep'))).toBe(SECRET)
  })

  test('without a salt, hashing throws and nothing is stored in clear', () => {
    expect(() => flattened(things, { id: 1, token: SECRET })).toThrow('no salt')
    expect(() => new Salt().digest(SECRET)).toThrow('before the salt was loaded')
  })
})

describe('a rejected record', () => {
  const record = (more: object): unknown => JSON.parse(rejected({ id: 1, paid: 'perhaps', ...more }).record)
  const hidden = { _sync_sha256: digest(SECRET) }

  test.each([
    ['at the top', { token: SECRET }, { token: hidden }],
    ['in an object', { owner: { hash: SECRET, name: 'A' } }, { owner: { hash: hidden, name: 'A' } }],
    ['in a list of objects', { owner: [{ hash: SECRET }, null] }, { owner: [{ hash: hidden }, null] }],
    ['in place of the object', { owner: SECRET }, { owner: `sha256:${digest(SECRET)}` }],
    ['null', { token: null, owner: null }, { token: null, owner: null }],
    ['again elsewhere', { token: SECRET, more: [`x/${SECRET}`] }, { token: hidden, more: [`x/${digest(SECRET)}`] }],
    ['as the name of a member', { token: SECRET, [SECRET]: 1 }, { token: hidden, [digest(SECRET)]: 1 }],
  ])('keeps a hash %s', (_where, given, kept) => {
    expect(record(given)).toEqual({ id: 1, paid: 'perhaps', ...kept })
  })

  test('is redacted in the elements of a list', () => {
    const of = under('hash', { things__lines: { sku: 'hash' } })
    const lines = (box: unknown): unknown => JSON.parse(rejected({ id: 1, paid: 'perhaps', box }, of).record).box
    expect(lines({ lines: [{ sku: SECRET, n: 1 }, { n: 2 }] })).toEqual({ lines: [{ sku: hidden, n: 1 }, { n: 2 }] })
    expect(lines({ lines: { sku: SECRET } })).toEqual({ lines: { sku: hidden } })
    expect(lines([{ lines: [[{ sku: SECRET }]] }])).toEqual([{ lines: [[{ sku: hidden }]] }])
  })

  test('that is not an object is redacted', () => {
    expect(rejected(SECRET).record).toBe(JSON.stringify(`sha256:${digest(SECRET)}`))
  })

  test('lacks omitted values', () => {
    const { record: kept } = rejected({ id: 1, paid: 'perhaps', token: SECRET, more: SECRET }, under('omit'))
    expect(JSON.parse(kept)).toEqual({ id: 1, paid: 'perhaps', token: null, more: '[omitted]' })
  })

  test('does not quote a protected value in its reason, not even a part', () => {
    const long = SECRET.repeat(10)
    expect(rejected({ id: 1, paid: long, token: long }).reason).not.toContain(SECRET)
    expect(rejected({ id: 1, paid: long }).reason).toContain(SECRET)
  })

  test('that is loaded again has the same hash as a record that was not rejected', () => {
    const again = JSON.parse(rejected({ id: 1, paid: 'perhaps', token: SECRET, owner: { hash: SECRET } }).record)
    const { row } = flat({ ...again, paid: true })
    expect([row[2], row[3]]).toEqual([digest(SECRET), digest(SECRET)])
    const empty = JSON.parse(rejected({ id: 1, paid: 'perhaps', token: [], owner: { hash: {} } }).record)
    expect(flat({ ...empty, paid: true }).row.slice(2, 4)).toEqual([null, null])
  })
})

test('an unknown field keeps no copy of a protected value', () => {
  const { extra } = flat({ id: 1, token: SECRET, link: `https://x/${SECRET}`, owner: { hash_before: SECRET } })
  expect(JSON.parse(extra ?? '')).toEqual({
    link: `https://x/${digest(SECRET)}`,
    owner: { hash_before: { _sync_sha256: digest(SECRET) } },
  })
})

test('a derived column has the policy of the column that keeps the whole value', () => {
  const policies = (columns: Record<string, Policy>) => {
    const { scheduled_at: whole, scheduled_on: part } = withTestSalt(orders, { columns: { orders: columns } }).columns
    return [whole?.policy, part?.policy]
  }
  expect(policies({})).toEqual(['keep', 'keep'])
  expect(policies({ scheduled_at: 'omit' })).toEqual(['omit', 'omit'])
  expect(policies({ scheduled_on: 'omit' })).toEqual(['keep', 'omit'])
})
