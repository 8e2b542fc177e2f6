import { expect, test } from 'vitest'
import { refuseWrong, signature } from '../../src/extract/page.ts'
import { parcel, parcels } from '../support/samples.ts'

const records = [parcel(1, 1), parcel(2, 2), parcel(3, 2)]
const page = (of: readonly unknown[]) => () => refuseWrong({ parcels: of }, parcels, signature(records, parcels), null)

test('I2: the page before, served in place of the one asked for, is refused; one that begins or ends as it did is not', () => {
  expect(page(records)).toThrow('the page before came again')
  expect(page([records[0], records[1], parcel(4, 3)])).not.toThrow()
  expect(page([records[0]])).not.toThrow()
  expect(page([...records, parcel(4, 3)])).not.toThrow()
  expect(page([parcel(1, 9), records[1], records[2]])).not.toThrow()
  expect(page([])).not.toThrow()
})
