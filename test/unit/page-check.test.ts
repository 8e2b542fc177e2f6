import { expect, test } from 'vitest'
import { createSeenPages, refuseWrongPage, signature } from '../../src/extract/page-check.ts'
import { decodeRecords } from '../../src/transform/decode-page.ts'
import { at, parcel, parcels } from '../support/samples.ts'

const records = [parcel(1, 1), parcel(2, 2), parcel(3, 2)]
const decoded = (of: readonly unknown[]) => decodeRecords(parcels, of)
/** A page of these records after one of `records`. */
const page = (of: readonly unknown[]) => () =>
  refuseWrongPage(decoded(of), parcels, signature(decoded(records)), null, undefined)

test('I2: a response that repeats the previous page is refused; a page that only starts or ends like it is not', () => {
  expect(page(records)).toThrow('the API returned the previous page again')
  expect(page([records[0], records[1], parcel(4, 3)])).not.toThrow()
  expect(page([records[0]])).not.toThrow()
  expect(page([...records, parcel(4, 3)])).not.toThrow()
  expect(page([parcel(1, 9), records[1], records[2]])).not.toThrow()
  expect(page([])).not.toThrow()
})

test('I2: a page with a record from outside of the range is refused, unless its cursor has no UTC offset', () => {
  const bounds = { since: at(0), until: at(10) }
  const within = (of: readonly unknown[]) => () => refuseWrongPage(decoded(of), parcels, '', bounds, undefined)
  const stray = parcel(9, 10 + 6 * 3600)
  expect(within(records)).not.toThrow()
  expect(within([...records, stray])).toThrow('the API returned a record changed at')
  const naive = { ...stray, updated_at: String(stray.updated_at).replace('Z', '') }
  expect(within([...records, naive])).not.toThrow()
})

test('I2: a page that begins like one of another list of the scan is refused; one of the same list or an empty one is not', () => {
  const others = createSeenPages()
  others('first').add(decoded(records))
  const refused = (of: readonly unknown[], list: string) => () =>
    refuseWrongPage(decoded(of), parcels, '', null, others(list))
  expect(refused([records[0]], 'second')).toThrow('the API returned a page of another list again')
  expect(refused([records[0]], 'first')).not.toThrow()
  expect(refused([records[1]], 'second')).not.toThrow()
  expect(refused([], 'second')).not.toThrow()
})
