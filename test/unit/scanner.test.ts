import { describe, expect, test } from 'vitest'
import charges from '../../schemas/charges.ts'
import customers from '../../schemas/customers.ts'
import orders from '../../schemas/orders.ts'
import { SyncError } from '../../src/common/errors.ts'
import type { DecodedPage } from '../../src/common/model.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { decodeRecords, pageDecoder } from '../../src/transform/decode-page.ts'
import { recordScanner } from '../../src/transform/scanner/record-scanner.ts'
import { withTestSalt } from '../support/salt.ts'
import { scanBody } from '../support/scan.ts'

const AT = '2025-01-15T10:00:00+00:00'
const BASE = { id: 1, updated_at: AT }
const SECRET = '0fd760b0bccb64df'

const bodyOf = (stream: Stream, records: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify({ [stream.list]: records }))

const scannedOf = (stream: Stream, records: readonly unknown[]): readonly boolean[] | undefined =>
  scanBody(stream, bodyOf(stream, records))?.scanned

const rows = ({ records }: DecodedPage) => records.map(r => [r.key, r.hash, r.bytes.toString('latin1', r.start, r.end)])

/** Checks that the records are scanned, and that the scanner writes the same rows as the parser. */
async function scan(stream: Stream, records: readonly unknown[]): Promise<DecodedPage> {
  expect(scannedOf(stream, records)).toEqual(records.map(() => true))
  const [scanned, parsed] = [await pageDecoder(stream)(bodyOf(stream, records)), decodeRecords(stream, records)]
  expect(rows(scanned)).toEqual(rows(parsed))
  expect(scanned.stats).toEqual(parsed.stats)
  return scanned
}

describe('a record with unknown members is scanned', () => {
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
    const { stats } = await scan(withTestSalt(charges), [record, BASE])
    expect([...stats.unknownFields]).toEqual(paths.map(path => [path, 1]))
  })

  test('a protected value is removed from unknown members', async () => {
    const record = { ...BASE, customer: { hash: SECRET }, portal: `https://shop.example/portal/${SECRET}` }
    const { records } = await scan(withTestSalt(charges), [record])
    expect(records[0]?.bytes.toString('latin1')).not.toContain(SECRET)
    expect(records[0]?.bytes.toString('latin1')).toContain('shop.example/portal/')
  })

  test('a protected value of a child row is removed from them too', async () => {
    const stream = withTestSalt(charges, { columns: { charges__line_items: { sku: 'hash' } } })
    const lines = [{ sku: 'other-0815' }, { sku: SECRET, copy: `x/${SECRET}` }]
    const { records } = await scan(stream, [
      { ...BASE, line_items: lines, copy: [SECRET, 'other-0815'] },
      { ...BASE, id: 2, line_items: { sku: SECRET, [SECRET]: 1 } },
      { ...BASE, id: 3, line_items: [], copy: 'x' },
      { ...BASE, id: 4, line_items: null, copy: 'x' },
    ])
    for (const { bytes, start, end } of records) {
      expect(bytes.toString('latin1', start, end)).not.toContain(SECRET)
      expect(bytes.toString('latin1', start, end)).not.toContain('other-0815')
    }
  })
})

test('a record that would be rejected is parsed, and the records beside it are scanned', async () => {
  const given = [BASE, { ...BASE, id: 2, total_price: 'much' }, { ...BASE, id: 3 }, { id: 4 }]
  const strict = withTestSalt(charges, { onMismatch: 'reject' })
  expect(scannedOf(strict, given)).toEqual([true, false, true, false])
  const { records, rejects, keys } = await pageDecoder(strict)(bodyOf(strict, given))
  // A record without a cursor is loaded: it counts as changed at the start of the scan.
  expect(records.map(({ key }) => key)).toEqual(['1', '3', '4'])
  expect(rejects.map(({ key, path }) => [key, path])).toEqual([['2', 'total_price']])
  expect(keys).toEqual(['1', '2', '3', '4'])
})

test('a record with a value that does not fit is parsed, and the records beside it are scanned', async () => {
  const given = [BASE, { ...BASE, id: 2, total_price: 'much' }, { ...BASE, id: 3 }, { ...BASE, id: 4, updated_at: 5 }]
  const stream = withTestSalt(charges)
  expect(scannedOf(stream, given)).toEqual([true, false, true, false])
  const { records, rejects, stats } = await pageDecoder(stream)(bodyOf(stream, given))
  expect(records.map(({ key, cursor }) => [key, cursor !== null])).toEqual([
    ['1', true],
    ['2', true],
    ['3', true],
    ['4', false],
  ])
  expect([rejects, Object.fromEntries(stats.mismatched)]).toEqual([[], { total_price: 1, updated_at: 1 }])
})

test('bodies that are decoded at the same time do not get mixed up', async () => {
  const stream = withTestSalt(customers)
  const bodies = ['a', 'b', 'c'].map(letter =>
    Array.from({ length: 90 }, (_, i) => ({ ...BASE, id: i, first_name: letter.repeat(1 + i), last_name: 'Müller' })),
  )
  const decode = pageDecoder(stream)
  await decode(Buffer.from('{"customers":[]}'))
  const pages = await Promise.all(bodies.map(records => decode(bodyOf(stream, records))))
  expect(pages.map(rows)).toEqual(bodies.map(records => rows(decodeRecords(stream, records))))
})

test('decoding yields to other work', async () => {
  const stream = withTestSalt(customers)
  // Every second record is parsed.
  const records = Array.from({ length: 200 }, (_, id) => (id % 2 === 0 ? { ...BASE, id } : { ...BASE, id, email: 5 }))
  let otherWork = 0
  let decoded = false
  const other = (): void => {
    otherWork += 1
    if (!decoded) setImmediate(other)
  }
  setImmediate(other)
  await pageDecoder(stream)(bodyOf(stream, records))
  decoded = true
  expect(otherWork).toBeGreaterThanOrEqual(5)
})

test('with drift: evolve nothing is scanned', () => {
  expect(recordScanner(withTestSalt(orders))).not.toBeNull()
  expect(recordScanner(withTestSalt(orders, { drift: 'evolve' }))).toBeNull()
})

test('of two lists of one name the last counts, as it does for JSON.parse', async () => {
  const stream = withTestSalt(charges)
  const list = (id: number): string => JSON.stringify([{ ...BASE, id }])
  const body = Buffer.from(`{"charges":${list(1)},"charges":${list(2)}}`)
  expect((await pageDecoder(stream)(body)).keys).toEqual(['2'])
})

test('a body that is cut anywhere is refused, and is no bug', async () => {
  const body = bodyOf(charges, [{ ...BASE, extra: { ab: 1, c: [{ de: 'x\\u00e9', number: 1.5e3 }], none: null } }])
  const decode = pageDecoder(withTestSalt(charges))
  for (let length = 1; length < body.length; length++) {
    // A buffer of its own: the decoder may read no byte behind the end.
    const cut = Buffer.from(new Uint8Array(body.subarray(0, length)).buffer)
    await expect(decode(cut), `after ${length} bytes`).rejects.toBeInstanceOf(SyncError)
  }
})
