import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { eraseInReports } from '../../src/cli/erase-in-reports.ts'
import { NOTHING_TOLD, readState, stateFile, writeState } from '../../src/cli/notify/state.ts'
import { addTexts, textEraser } from '../../src/common/erase-texts.ts'
import { parseExact } from '../../src/common/exact-json.ts'
import { EMAIL, Forgotten } from '../../src/schema/forgotten.ts'
import { ownerships } from '../../src/schema/ownership.ts'
import { SALT, Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { decodeRecords, pageDecoder } from '../../src/transform/decode-page.ts'
import { eraserOf } from '../../src/transform/erase.ts'
import { withFolder } from '../support/destinations.ts'
import { searchBytes } from '../support/search-bytes.ts'

const OWNERSHIPS = ownerships(STREAMS)
/** Streams whose records belong to nobody: the store's own, its staff and its products. */
const NOBODYS = [
  'accounts',
  'async_batches',
  'bundle_products',
  'bundle_selection_preset_schedules',
  'collections',
  'discounts',
  'plans',
  'products',
  'retention_strategies',
  'shipping_countries',
  'shop',
  'store',
  'webhooks',
]

function withForgotten(name: string, marks: readonly (readonly [of: string, key: string])[]) {
  const salt = new Salt()
  salt.open(randomBytes(SALT))
  const forgotten = new Forgotten(salt)
  forgotten.open(marks.map(([of, key]) => forgotten.markOf(of, key).mark))
  const declared = STREAMS.find(stream => stream.name === name) as Stream
  const ownership = OWNERSHIPS.get(name)
  const stream: Stream = { ...declared, salt, erasure: ownership ? { forgotten, ownership } : null }
  return { stream, forgotten }
}

const erased = (name: string, marks: readonly (readonly [string, string])[], record: unknown): unknown =>
  JSON.parse(JSON.stringify(eraserOf(withForgotten(name, marks).stream)?.of(record)))

test('records of every other stream belong to a person', () => {
  expect(STREAMS.map(({ name }) => name).filter(name => !OWNERSHIPS.has(name))).toEqual(NOBODYS)
})

describe('whose a record is', () => {
  const CUSTOMER = [['customers', '1']] as const
  test.each([
    ['a customer', 'customers', CUSTOMER, { id: 1 }, true],
    ['an id in a text', 'orders', CUSTOMER, { id: 9, customer: { id: '1' } }, true],
    ['another customer', 'orders', CUSTOMER, { id: 9, customer: { id: 2 } }, false],
    ['a large id', 'customers', [['customers', '9007199254740993']], parseExact('{"id":9007199254740993}'), true],
    ['the address, where no customer is named', 'charges', [['addresses', '5']], { id: 9, address_id: 5 }, true],
    [
      'the customer alone, where one is named',
      'charges',
      [['addresses', '5']],
      { id: 9, address_id: 5, customer: { id: 2 } },
      false,
    ],
    ['one of two', 'gift_purchases', CUSTOMER, { id: 9, sender_customer_id: 2, recipient_customer_id: 1 }, true],
    ['the kind of the owner', 'metafields', CUSTOMER, { id: 9, owner_resource: 'order', owner_id: 1 }, false],
    ['the same kind in capitals', 'events', CUSTOMER, { id: 9, object_type: 'Customer', object_id: 1 }, true],
    ['an address of the post', 'charges', [[EMAIL, 'a@b.c']], { id: 9, customer: { email: ' A@B.C' } }, true],
    ['the same of a customer', 'charges', [[EMAIL, 'a@b.c']], { id: 9, customer: { id: 2, email: 'a@b.c' } }, false],
    ['a job that names one', 'async_batch_tasks', CUSTOMER, { id: 9, body: { list: [{ customer_id: '1' }] } }, true],
    ['a job of others', 'async_batch_tasks', CUSTOMER, { id: 9, body: { list: [{ order_id: 1 }] } }, false],
    ['no mark at all', 'customers', [], { id: 1 }, false],
  ] as const)('%s', (_what, name, marks, record, expected) => {
    const { stream } = withForgotten(name, marks)
    expect(eraserOf(stream)?.of(record) !== record).toBe(expected)
  })
})

test('only what is declared as not personal, and fits, is left', () => {
  const record = {
    id: 7,
    customer: { id: 1, email: 'a@b.c', nickname: 'x' },
    total_price: '10.00',
    total_tax: 'call me at home',
    status: 'success',
    note: 'n',
    new_field: 'x',
    billing_address: [{ city: 'x' }],
    line_items: [
      { title: 'Coffee', sku: 'C', properties: [{ name: 'a', value: 'b' }], unknown: 1, quantity: 'two' },
      'no object',
    ],
    order_attributes: { name: 'a', value: 'b' },
    discounts: 'not a list',
  }
  expect(erased('charges', [['customers', '1']], record)).toEqual({
    id: 7,
    customer: { id: 1 },
    total_price: '10.00',
    status: 'success',
    line_items: [{ title: 'Coffee', sku: 'C' }, null],
    order_attributes: [{}],
  })
})

test('scanner and parser erase alike, and leave nothing in _extra', async () => {
  const record = { id: 7, customer: { id: 1, email: 'a@b.c' }, total_price: '10.00', note: 'n', mystery: 'x' }
  const other = { ...record, id: 8, customer: { id: 2, email: 'd@e.f' } }
  const { stream, forgotten } = withForgotten('charges', [['customers', '1']])
  const scanned = await pageDecoder(stream)(
    Buffer.from(JSON.stringify({ charges: [other, record, other], next_cursor: null })),
  )
  const parsed = decodeRecords(stream, [other, record, other])
  expect(scanned.bytes).toBe(parsed.bytes)
  expect(scanned.records.map(({ key, hash }) => [key, hash])).toEqual(
    parsed.records.map(({ key, hash }) => [key, hash]),
  )
  const text = (page: typeof parsed, at: number): string => {
    const flat = page.records[at]
    return flat ? flat.bytes.toString('latin1', flat.start, flat.end) : ''
  }
  expect([0, 1, 2].map(at => text(scanned, at).includes('mystery'))).toEqual([true, false, true])
  expect(text(scanned, 1)).not.toContain('a@b.c')
  // The record is marked, so that a metafield of it is known.
  expect(forgotten.unstored('charges').map(({ key }) => key)).toEqual(['7'])
  expect(forgotten.has('charges', '8')).toBe(false)
})

test('reports and what was told of them are rewritten, leftovers go, and other files stay', async () => {
  await withFolder(async folder => {
    const run = '01JABCDEFGHJKMNPQRSTVWXYZ0'
    const file = (name: string): string => join(folder, name)
    const told = {
      open: [{ about: 'stream', stream: 'onetimes', code: 'too_many_rejects', message: 'such as "Ann Lee"' }],
    }
    const state = stateFile(folder, 'duckdb warehouse')
    writeState(folder, state, { ...NOTHING_TOLD, ...told } as never, text => text)
    writeFileSync(file(`${run}.json`), JSON.stringify({ run, streams: [{ problem: { message: 'Ann Lee' } }] }))
    writeFileSync(file(`${run}.json.part`), 'half of Ann Lee')
    for (const name of ['notes.txt', 'Ann Lee.json']) writeFileSync(file(name), 'Ann Lee')
    const erase = textEraser(['Ann Lee'])
    const expected = [file(`${run}.json`), state]
    expect([...eraseInReports(folder, false)(erase)].sort()).toEqual([...expected].sort())
    expect([...searchBytes(folder, ['Ann Lee']).values()].flat()).toHaveLength(5)
    expect([...eraseInReports(folder, true)(erase)].sort()).toEqual([...expected].sort())
    expect([...searchBytes(folder, ['Ann Lee']).values()].flat().sort()).toEqual(['Ann Lee.json', 'notes.txt'])
    expect(readState(state).open[0]?.message).toBe('such as "[erased]"')
    expect(eraseInReports(folder, true)(erase)).toEqual([])
    expect(eraseInReports(null, true)(erase)).toEqual([])
  })
})

describe('texts in reports', () => {
  const erase = textEraser(['Ann Lee', 'a@b.example', 'Ann', `O"Brien ${'x'.repeat(60)}`])

  test.each([
    [{ message: 'refused: "a@b.example" is odd' }, { message: 'refused: "[erased]" is odd' }],
    [{ message: 'ANN LEE and Annabel' }, { message: '[erased] and Annabel' }],
    // A name of three letters stands in too many words.
    [{ message: 'Ann' }, { message: 'Ann' }],
    [
      { stream: 'a@b.example', streams: [{ reason: 'a@b.example' }] },
      { stream: 'a@b.example', streams: [{ reason: '[erased]' }] },
    ],
    [{ undeclared: { 'of a@b.example': 2 } }, { undeclared: { 'of [erased]': 2 } }],
    [{ message: `cut short: "O\\"Brien ${'x'.repeat(47)}…` }, { message: `cut short: "[erased]${'x'.repeat(6)}…` }],
  ])('%j', (report, expected) => {
    expect(JSON.parse(erase(JSON.stringify(report)))).toEqual(expected)
  })

  test('a report without them stays byte for byte', () => {
    const report = '{ "n": 1.10, "message": "fine" }'
    expect(erase(report)).toBe(report)
  })

  test('all texts in JSON are found', () => {
    const texts = new Set<string>()
    addTexts('[{"a":"b","c":[1.10,null]}]', texts)
    addTexts('[not JSON', texts)
    expect([...texts]).toEqual(['b', '1.1', '[not JSON'])
  })
})
