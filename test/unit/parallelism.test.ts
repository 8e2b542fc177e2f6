import { expect, test } from 'vitest'
import { minPagesToSplit, usefulReaders } from '../../src/extract/parallelism.ts'

test('at any latency there are as many readers as the rate needs requests in flight, and a few more', () => {
  for (const perSecond of [1, 2, 8, 40])
    for (const latencyMs of [50, 500, 2_000, 8_000]) {
      const inFlight = (latencyMs / 1000) * perSecond
      expect(usefulReaders(latencyMs, perSecond)).toBeGreaterThanOrEqual(inFlight + 1)
      expect(usefulReaders(latencyMs, perSecond)).toBeLessThanOrEqual(1.25 * inFlight + 2)
    }
})

test('it is a quarter more, for responses of different latency, and one', () => {
  expect([usefulReaders(2_000, 8), usefulReaders(500, 2), usefulReaders(8_000, 2)]).toEqual([21, 3, 21])
})

test('before the first response there is one reader, and no segment is split', () => {
  expect(usefulReaders(0, 2)).toBe(1)
  expect(minPagesToSplit(0, 2)).toBe(Infinity)
})

test('a rate above what a destination can load brings no more readers', () => {
  expect(usefulReaders(10, 100_000)).toBe(usefulReaders(10, 100))
  expect(usefulReaders(10, 100_000)).toBeLessThanOrEqual(3)
  expect(minPagesToSplit(10, 100_000)).toBe(minPagesToSplit(10, 100))
})

test('the faster the API, the more pages a segment must have to be split', () => {
  expect(minPagesToSplit(10, 2)).toBe(100)
  expect(minPagesToSplit(100, 2)).toBe(10)
  expect(minPagesToSplit(8_000, 2)).toBe(2)
})
