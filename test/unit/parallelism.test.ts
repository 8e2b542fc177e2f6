import { expect, test } from 'vitest'
import { usefulReaders, worthCutting } from '../../src/extract/parallelism.ts'

test('a rate is used at any latency: as many readers as it has requests under way, and a little more', () => {
  for (const perSecond of [1, 2, 8, 40])
    for (const latencyMs of [50, 500, 2_000, 8_000]) {
      const inFlight = (latencyMs / 1000) * perSecond
      expect(usefulReaders(latencyMs, perSecond)).toBeGreaterThanOrEqual(inFlight + 1)
      expect(usefulReaders(latencyMs, perSecond)).toBeLessThanOrEqual(1.25 * inFlight + 2)
    }
})

test('a quarter more than that, for uneven answers, and one', () => {
  expect([usefulReaders(2_000, 8), usefulReaders(500, 2), usefulReaders(8_000, 2)]).toEqual([21, 3, 21])
})

test('before the API has answered there is one reader, and nothing is cut', () => {
  expect(usefulReaders(0, 2)).toBe(1)
  expect(worthCutting(0, 2)).toBe(Infinity)
})

test('a rate beyond what a destination takes brings no more readers', () => {
  expect(usefulReaders(10, 100_000)).toBe(usefulReaders(10, 100))
  expect(usefulReaders(10, 100_000)).toBeLessThanOrEqual(3)
  expect(worthCutting(10, 100_000)).toBe(worthCutting(10, 100))
})

test('the faster the API, the more has to be left for a cut', () => {
  expect(worthCutting(10, 2)).toBe(100)
  expect(worthCutting(100, 2)).toBe(10)
  expect(worthCutting(8_000, 2)).toBe(2)
})
