import { expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { parseInstant } from '../../src/common/instant.ts'
import { type Reader, readerOf, recordPage } from '../../src/extract/segment-reader.ts'
import { decodeRecords } from '../../src/transform/decode-page.ts'
import { withTestSalt } from '../support/salt.ts'

const customers = withTestSalt(STREAMS.find(({ name }) => name === 'customers') as (typeof STREAMS)[number])
const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}+00:00`
const page = (...seconds: readonly number[]) => seconds.map((second, id) => ({ id, updated_at: at(second) }))

function reading(...pages: readonly (readonly unknown[])[]): Reader {
  const range = { id: 0, since: null, until: null }
  const reader = readerOf({ ...range, at: null, highest: null, resume: null, ordered: true, done: false })
  for (const records of pages) recordPage(reader, decodeRecords(customers, records))
  return reader
}

test('a reader knows the first and last cursor of its newest page, and how many records it has read', () => {
  const { first, position, start, records, ordered } = reading(page(1, 2, 3), page(3, 5), [])
  const [one, three, five] = [1, 3, 5].map(second => parseInstant(at(second), 'UTC'))
  expect({ first, position, start, records, ordered }).toEqual({
    first: three,
    position: five,
    start: one,
    records: 5,
    ordered: true,
  })
})

test('records of the same second are in order; a record that is older than the one before it is not', () => {
  expect(reading(page(1, 1, 1)).ordered).toBe(true)
  expect(reading(page(1, 3, 2)).ordered).toBe(false)
})

test('a page that starts before the previous one did breaks the order, unless its range was restarted', () => {
  expect(reading(page(4, 5), page(3, 6)).ordered).toBe(false)
  expect(reading(page(2, 5), page(3, 6)).ordered).toBe(true)
  const reader = reading(page(4, 5))
  reader.restarted = true
  recordPage(reader, decodeRecords(customers, page(3, 6)))
  expect(reader.ordered).toBe(true)
})

test('records without a cursor are ignored', () => {
  expect(reading([{ id: 1 }, { id: 2, updated_at: null }])).toMatchObject({ first: null, position: null, records: 2 })
  expect(reading([{ id: 1 }, ...page(2, 3)])).toMatchObject({ ordered: true, records: 3 })
})
