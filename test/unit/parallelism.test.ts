import { expect, test } from 'vitest'
import { minPagesToSplit, usefulReaders } from '../../src/extract/parallelism.ts'

const full = (latencyMs: number, perSecond: number) => ({ latencyMs, perSecond, room: 0 })

test('at any latency there are as many readers as the rate needs requests in flight, and a few more', () => {
  for (const perSecond of [1, 2, 8, 40])
    for (const latencyMs of [50, 500, 2_000, 8_000]) {
      const inFlight = (latencyMs / 1000) * perSecond
      expect(usefulReaders(full(latencyMs, perSecond))).toBeGreaterThanOrEqual(inFlight + 1)
      expect(usefulReaders(full(latencyMs, perSecond))).toBeLessThanOrEqual(1.25 * inFlight + 2)
    }
})

test('it is a quarter more, for responses of different latency, and one', () => {
  expect([full(2_000, 8), full(500, 2), full(8_000, 2)].map(usefulReaders)).toEqual([21, 3, 21])
})

test('the free part of the bucket is to be used within five seconds', () => {
  expect(usefulReaders({ latencyMs: 2_000, perSecond: 2, room: 40 })).toBe(usefulReaders(full(2_000, 10)))
  expect(usefulReaders({ latencyMs: 2_000, perSecond: 2, room: -3 })).toBe(usefulReaders(full(2_000, 2)))
})

test('before the first response there is one reader, and no segment is split', () => {
  expect(usefulReaders(full(0, 2))).toBe(1)
  expect(minPagesToSplit(full(0, 2))).toBe(Infinity)
})

test('a rate above what a destination can load brings no more readers', () => {
  expect(usefulReaders(full(10, 100_000))).toBe(usefulReaders(full(10, 100)))
  expect(usefulReaders(full(10, 100_000))).toBeLessThanOrEqual(3)
  expect(minPagesToSplit(full(10, 100_000))).toBe(minPagesToSplit(full(10, 100)))
})

test('the faster the API, the more pages a segment must have to be split', () => {
  expect(minPagesToSplit(full(10, 2))).toBe(100)
  expect(minPagesToSplit(full(100, 2))).toBe(10)
  expect(minPagesToSplit(full(8_000, 2))).toBe(2)
})
