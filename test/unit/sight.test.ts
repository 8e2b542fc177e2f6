import { describe, expect, test } from 'vitest'
import charges from '../../schemas/charges.ts'
import customers from '../../schemas/customers.ts'
import orders from '../../schemas/orders.ts'
import { ScannedRecord } from '../../src/common/flat-record.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { flattenPage, toBatch } from '../../src/transform/batch.ts'
import { bodyReader } from '../../src/transform/scanner/page.ts'
import { pageOf } from '../support/page.ts'
import { sealed } from '../support/salt.ts'

const AT = '2025-01-15T10:00:00+00:00'
const BASE = { id: 1, updated_at: AT }
const SECRET = '0fd760b0bccb64df'

async function read(stream: Stream, records: readonly unknown[]): Promise<readonly unknown[]> {
  const body = Buffer.from(JSON.stringify({ [stream.list]: records }))
  return ((await bodyReader(stream)?.(body))?.[stream.list] ?? []) as readonly unknown[]
}

/** That they are rows already, and the same ones as of objects. */
async function atSight(stream: Stream, records: readonly unknown[]) {
  const found = await read(stream, records)
  expect(found.map(record => record instanceof ScannedRecord)).toEqual(records.map(() => true))
  const [flat, parsed] = [flattenPage(stream, pageOf(found)), flattenPage(stream, pageOf(records))]
  const rows = ({ records }: typeof flat) =>
    records.map(e => [e.key, e.hash, e.bytes.toString('latin1', e.start, e.end)])
  expect(rows(flat)).toEqual(rows(parsed))
  expect(flat.undeclared).toEqual(parsed.undeclared)
  return flat
}

describe('undeclared members do not make a record an object', () => {
  test.each([
    ['of the record', { ...BASE, tier: 'gold', none: null }, ['tier']],
    ['of an object in it', { ...BASE, customer: { id: 5, tier: { level: 1 } } }, ['customer.tier']],
    ['of a row of a list', { ...BASE, line_items: [{ sku: 'a' }, { sku: 'b', tier: 1 }] }, ['line_items[].tier']],
    [
      'of an object in a row',
      { ...BASE, line_items: [{ external_variant_id: { ecommerce: '1', tier: [] } }] },
      ['line_items[].external_variant_id.tier'],
    ],
    [
      'of nothing but the rows of a list in an object',
      { ...BASE, analytics_data: { utm_params: [{ tier: 1 }] } },
      ['analytics_data.utm_params[].tier'],
    ],
    ['of an object in place of a list', { ...BASE, line_items: { tier: 1 } }, ['line_items[].tier']],
  ])('%s', async (_, record, paths) => {
    const { undeclared } = await atSight(sealed(charges), [record, BASE])
    expect([...undeclared]).toEqual(paths.map(path => [path, 1]))
  })

  test('a protected value is taken out of them', async () => {
    const record = { ...BASE, customer: { hash: SECRET }, portal: `https://shop.example/portal/${SECRET}` }
    const { records } = await atSight(sealed(charges), [record])
    expect(records[0]?.bytes.toString('latin1')).not.toContain(SECRET)
    expect(records[0]?.bytes.toString('latin1')).toContain('shop.example/portal/')
  })

  test('where rows of lists are protected, the record has to be an object first', async () => {
    const stream = sealed(charges, { columns: { charges__line_items: { sku: 'hash' } } })
    const records = [{ ...BASE, line_items: [{ sku: SECRET }], copy: SECRET }]
    expect((await read(stream, records))[0]).toEqual(records[0])
    await atSight(stream, [{ ...BASE, line_items: [{ sku: SECRET }] }])
  })
})

test('what would be rejected is an object, and what stands beside it is rows', async () => {
  const records = [BASE, { ...BASE, id: 2, total_price: 'much' }, { ...BASE, id: 3 }, { id: 4 }]
  const found = await read(sealed(charges), records)
  expect(found.map(record => record instanceof ScannedRecord)).toEqual([true, false, true, false])
  const { records, rejects } = toBatch(sealed(charges), [pageOf(found)])
  expect([...records.keys()]).toEqual(['1', '3'])
  expect(rejects.map(({ key, path }) => [key, path])).toEqual([
    ['2', 'total_price'],
    ['4', 'updated_at'],
  ])
})

test('bodies that are read at the same time do not meet', async () => {
  const stream = sealed(customers)
  const bodies = ['a', 'b', 'c'].map(letter =>
    Array.from({ length: 90 }, (_, i) => ({ ...BASE, id: i, first_name: letter.repeat(1 + i), last_name: 'Müller' })),
  )
  const reader = bodyReader(stream)
  await reader?.(Buffer.from('{"customers":[]}'))
  const lists = await Promise.all(
    bodies.map(async records => (await reader?.(Buffer.from(JSON.stringify({ customers: records }))))?.customers),
  )
  for (const [i, records] of bodies.entries()) {
    const rows = (list: unknown) =>
      flattenPage(stream, pageOf(list as unknown[])).records.map(e => e.bytes.toString('latin1', e.start, e.end))
    expect(rows(lists[i])).toEqual(rows(records))
  }
})

test('where columns may still be made of what records have, all are objects', () => {
  expect(bodyReader(sealed(orders))).not.toBeNull()
  expect(bodyReader(sealed(orders, { drift: 'evolve' }))).toBeNull()
})
