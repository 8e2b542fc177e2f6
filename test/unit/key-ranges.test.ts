import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rangesOf } from '../../src/load/sql/key-ranges.ts'

const texts = (keys: readonly number[]) => keys.map(String)

test('keys of several distant parts of a table make one range for each part', () => {
  const run = (first: number) => Array.from({ length: 250 }, (_, i) => first + 3 * i)
  const keys = [...run(5_000_000), ...run(1_000), ...run(9_000_000), 7]
  expect(rangesOf(texts(keys))).toEqual([
    { least: 7n, greatest: 1_747n },
    { least: 5_000_000n, greatest: 5_000_747n },
    { least: 9_000_000n, greatest: 9_000_747n },
  ])
})

test('no key, one key, and the same key twice', () => {
  expect(rangesOf([])).toEqual([])
  expect(rangesOf(['5'])).toEqual([{ least: 5n, greatest: 5n }])
  expect(rangesOf(['5', '5'])).toEqual([{ least: 5n, greatest: 5n }])
})

const key = fc.oneof(
  fc.bigInt(-(2n ** 62n), 2n ** 62n),
  fc.bigInt(0n, 2_000n),
  fc.bigInt(2n ** 60n, 2n ** 60n + 2_000n),
)

test('every key is in a range, ranges do not overlap, and there are at most 256', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 1_000, size: 'max' }), keys => {
      const ranges = rangesOf(keys.map(String))
      expect(ranges.length).toBeLessThanOrEqual(256)
      for (const key of keys) expect(ranges.some(({ least, greatest }) => least <= key && key <= greatest)).toBe(true)
      for (const [i, { least, greatest }] of ranges.entries()) {
        expect(greatest).toBeGreaterThanOrEqual(least)
        if (i > 0) expect(least).toBeGreaterThan(ranges[i - 1]?.greatest as bigint)
      }
    }),
  )
})
