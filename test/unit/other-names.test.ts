import { describe, expect, test } from 'vitest'
import { alsoFrom, dayOf, instant, int, json, money, required, sensitive, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import { withInferred } from '../../src/schema/inferred-columns.ts'
import type { Policies } from '../../src/schema/policy.ts'
import { schemaHashOf, tablesOf } from '../../src/schema/table.ts'
import { decodeRecords, pageDecoder } from '../../src/transform/decode-page.ts'
import { inferKinds } from '../../src/transform/infer-kinds.ts'
import { flattened } from '../support/cells.ts'
import { withTestSalt } from '../support/salt.ts'
import { scanBody } from '../support/scan.ts'

/* A column can declare other names of its value. The first name that has a value counts. */

const about = {
  name: 'accounts',
  singular: 'account',
  doc: 'An account.',
  path: '/accounts',
  list: 'accounts',
  scopes: [],
  key: 'id',
  sync: { mode: 'full' },
} as const
const columns = {
  id: required(int('Key.')),
  initial_value: alsoFrom(['initial_balance', 'balances.first'], money('Amount.')),
  owner_id: alsoFrom(['owner_number'], int('Owner.', 'owner.id')),
  label: alsoFrom(['title'], text('Label.')),
  code: alsoFrom(['redemption'], sensitive(text('Code.'))),
  details: alsoFrom(['more'], json('Anything.')),
  sent_at: alsoFrom(['sent'], instant('Sent.')),
  sent_on: alsoFrom(['sent'], dayOf('Day.', 'sent_at')),
}
const accounts = stream({
  ...about,
  columns,
  children: {
    items: child({ doc: 'An item.', from: 'items', columns: { variant_id: alsoFrom(['variant'], int('Variant.')) } }),
  },
})

type Record = { readonly [name: string]: unknown }

/** The columns with a value and `_extra` of one record, decoded in both ways, and whether it was scanned. */
async function decoded(more: Record, policies: Partial<Policies> = {}) {
  const under = withTestSalt(accounts, policies)
  const record = { id: 1, ...more }
  const body = Buffer.from(JSON.stringify({ accounts: [record] }))
  const page = await pageDecoder(under)(body)
  const parsed = decodeRecords(under, [record])
  const bytes = ({ records }: typeof page) => records.map(r => [r.hash, r.bytes.toString('hex', r.start, r.end)])
  expect(bytes(page)).toEqual(bytes(parsed))
  expect([page.stats, page.rejects]).toEqual([parsed.stats, parsed.rejects])
  const flat = flattened(under, record)
  if ('reason' in flat) return { rejected: flat.path, record: flat.record, row: null, extra: null }
  const row = Object.fromEntries(
    Object.keys(columns).flatMap((name, i) => (name === 'id' || flat.row[i] === null ? [] : [[name, flat.row[i]]])),
  )
  const items = flat.children.items?.map(([, , variant]) => variant)
  const { unknownFields, mismatched } = page.stats
  return {
    row,
    ...(items?.length ? { items } : {}),
    extra: JSON.parse(flat.extra ?? 'null'),
    scanned: scanBody(under, body)?.scanned[0],
    ...(unknownFields.size > 0 ? { unknown: Object.fromEntries(unknownFields) } : {}),
    ...(mismatched.size > 0 ? { mismatched: Object.fromEntries(mismatched) } : {}),
  }
}

describe('a record that has one of the names is scanned, and the field is declared', () => {
  test.each<[string, Record, object]>([
    ['none', {}, {}],
    ['the own name', { initial_value: '10.00' }, { initial_value: '10' }],
    ['another name', { initial_balance: '10.00' }, { initial_value: '10' }],
    ['the last name, in an object', { balances: { first: 10 } }, { initial_value: '10' }],
    ['another name beside null', { initial_value: null, initial_balance: '10.00' }, { initial_value: '10' }],
    ['another name before null', { initial_balance: '10.00', initial_value: null }, { initial_value: '10' }],
    ['the own name beside null', { initial_value: '10.00', initial_balance: null }, { initial_value: '10' }],
    ['another name of a column in an object', { owner: {}, owner_number: '7' }, { owner_id: '7' }],
    ['a text', { title: 'Zoë' }, { label: 'Zoë' }],
    ['JSON', { more: { a: [1] } }, { details: '{"a":[1]}' }],
    [
      'an instant whose day is a column too',
      { sent: '2025-02-01T00:00:00+00:00' },
      { sent_at: '2025-02-01T00:00:00.000000Z', sent_on: '2025-02-01' },
    ],
  ])('%s', async (_what, more, row) => {
    expect(await decoded(more)).toEqual({ row, extra: null, scanned: true })
  })

  test('in a row of a list', async () => {
    const items = [{ variant: 5 }, { variant_id: 6 }, { variant_id: null, variant: '7' }, {}]
    expect(await decoded({ items })).toEqual({ row: {}, items: ['5', '6', '7', null], extra: null, scanned: true })
  })

  test('beside unknown fields', async () => {
    expect(await decoded({ title: 'a', balances: { second: 1 } })).toEqual({
      row: { label: 'a' },
      extra: { balances: { second: 1 } },
      scanned: true,
      unknown: { 'balances.second': 1 },
    })
  })
})

describe.each(['reject', 'null'] as const)('of two names, with on_mismatch: %s,', onMismatch => {
  const both = (more: Record) => decoded(more, { onMismatch })

  test.each<[string, Record, object]>([
    ['equal values leave nothing behind', { initial_value: '10.00', initial_balance: 10 }, { initial_value: '10' }],
    ['an empty one is no value', { initial_value: '', initial_balance: '5' }, { initial_value: '5' }],
    ['an empty text is a value', { label: '', title: '' }, { label: '' }],
  ])('%s', async (_what, more, row) => {
    expect(await both(more)).toEqual({ row, extra: null, scanned: false })
  })

  test.each<[string, Record, object, Record]>([
    [
      'the first counts',
      { initial_value: 1, initial_balance: '2.00', balances: { first: 3 } },
      { initial_value: '1' },
      { initial_balance: '2.00', balances: { first: 3 } },
    ],
    [
      'the second counts before the third',
      { initial_balance: '2.00', balances: { first: 3 } },
      { initial_value: '2' },
      { balances: { first: 3 } },
    ],
    ['an empty text counts', { label: '', title: 'a' }, { label: '' }, { title: 'a' }],
    [
      'the first counts if the second does not fit',
      { owner: { id: 5 }, owner_number: 'five' },
      { owner_id: '5' },
      { owner_number: 'five' },
    ],
  ])('%s, and the other stays in _extra', async (_what, more, row, extra) => {
    const mismatched = Object.fromEntries(
      Object.keys(extra).map(name => [name === 'balances' ? 'balances.first' : name, 1]),
    )
    expect(await both(more)).toEqual({ row, extra, scanned: false, mismatched })
  })

  test('in a row of a list the other stays at its position', async () => {
    expect(await both({ items: [{ variant: 5 }, { variant_id: 6, variant: 7 }] })).toEqual({
      row: {},
      items: ['5', '6'],
      extra: { items: { 1: { variant: 7 } } },
      scanned: false,
      mismatched: { 'items[].variant': 1 },
    })
  })
})

test('a value that fits no name is a mismatch of the name that has it', async () => {
  expect(await decoded({ initial_balance: 'ten' }, { onMismatch: 'reject' })).toMatchObject({
    rejected: 'initial_balance',
  })
  expect(await decoded({ initial_balance: 'ten' }, { onMismatch: 'null' })).toEqual({
    row: {},
    extra: { initial_balance: 'ten' },
    scanned: false,
    mismatched: { initial_balance: 1 },
  })
  // The other name has a value that fits, so it counts.
  expect(await decoded({ initial_value: 'ten', initial_balance: '10' }, { onMismatch: 'null' })).toEqual({
    row: { initial_value: '10' },
    extra: { initial_value: 'ten' },
    scanned: false,
    mismatched: { initial_value: 1 },
  })
})

describe('I9: the other name of a protected column', () => {
  const SECRET = 'CLEAR-code-1'
  const OTHER = 'CLEAR-code-2'
  const shown = (value: unknown): string => JSON.stringify(value)

  test('has the hash of the own name', async () => {
    const [one, other] = [await decoded({ code: SECRET }), await decoded({ redemption: SECRET })]
    expect(one.row?.code).toMatch(/^[0-9a-f]{64}$/)
    expect(other).toEqual(one)
  })

  test('is hashed in _extra where its value is another one, and in unknown fields that repeat it', async () => {
    const both = await decoded({ code: SECRET, redemption: OTHER, link: `https://x.example/${OTHER}` })
    expect(both.extra.redemption).toEqual({ _sync_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(shown(both)).not.toContain('CLEAR')
    const scanned = await decoded({ redemption: OTHER, link: `https://x.example/${OTHER}` })
    expect(scanned).toMatchObject({ scanned: true, extra: { link: expect.stringContaining('x.example') } })
    expect(shown(scanned)).not.toContain('CLEAR')
  })

  test('is hashed in a rejected record', async () => {
    const found = await decoded({ redemption: OTHER, owner_number: 'x' }, { onMismatch: 'reject' })
    expect(found.rejected).toBe('owner_number')
    expect(shown(found)).toContain('_sync_sha256')
    expect(shown(found)).not.toContain('CLEAR')
  })

  test('is not stored if the column is omitted', async () => {
    expect(await decoded({ code: SECRET, redemption: OTHER }, { sensitive: 'omit' })).toEqual({
      row: {},
      extra: null,
      scanned: false,
    })
    expect(await decoded({ redemption: OTHER }, { sensitive: 'omit' })).toEqual({ row: {}, extra: null, scanned: true })
  })
})

describe('with drift: evolve', () => {
  test('no column is inferred for another name', async () => {
    const kinds = new Map()
    inferKinds(kinds, accounts, {
      initial_balance: '2',
      balances: { first: 3, second: 4 },
      items: { 0: { variant: 7 } },
    })
    expect([...kinds]).toEqual([['accounts', new Map([['balances.second', 'int']])]])
  })

  test('a column that was inferred for it before is not read any more', () => {
    const made = { table: 'accounts', column: 'initial_balance', path: 'initial_balance', kind: 'text' } as const
    expect(Object.keys(withInferred(accounts, [made]).columns)).toEqual(Object.keys(accounts.columns))
  })
})

test('another name changes the schema hash, so that loaded rows get their values, and is in the comment of the column', () => {
  const { label, ...rest } = columns
  const without = stream({ ...about, columns: { ...rest, label: text('Label.') } })
  const withIt = stream({ ...about, columns: { ...rest, label } })
  expect(schemaHashOf(without)).not.toBe(schemaHashOf(withIt))
  const docs = tablesOf(accounts).root.columns.filter(({ name }) => ['label', 'initial_value'].includes(name))
  expect(docs.map(({ doc }) => doc)).toEqual([
    'Amount. Also sent as `initial_balance`, `balances.first`.',
    'Label. Also sent as `title`.',
  ])
})
