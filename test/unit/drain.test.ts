import { describe, expect, test } from 'vitest'
import { createRateLimit, STANDARD } from '../../src/extract/rate-limit.ts'
import { useToken } from '../support/token-users.ts'

/* Time does not pass here: every request, answer and wait is an event of a model, so a slow machine changes nothing. */

/** Numbers from 0 to 1 in an order that looks like chance, always the same. */
function numbers(): () => number {
  let state = 20_261_129
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

const cases = [4, 10, 20].flatMap(perSecond =>
  [50, 500, 2000].flatMap(latencyMs =>
    (['counted', 'answered'] as const).map(shownWhen => ({ perSecond, latencyMs, shownWhen })),
  ),
)
const read = { believed: STANDARD, requests: 1000 } as const

describe.each(cases)(
  'a bucket that drains at $perSecond a second, levels of when a request was $shownWhen, $latencyMs ms',
  given => {
    test('is found by the first run and used by the second, without a 429', async () => {
      const first = await useToken({ ...read, ...given })
      expect(first.throttled).toBe(0)
      // At 20 a second a read of a thousand pages is over before much has been learnt from answers that come after two seconds.
      const late = given.perSecond === 20 && given.latencyMs === 2000 && given.shownWhen === 'counted'
      expect(first.share).toBeGreaterThan(late ? 0.85 : 0.9)
      expect(first.learnt / given.perSecond).toBeGreaterThan(0.9)
      expect(first.learnt / given.perSecond).toBeLessThan(1.1)
      const second = await useToken({ ...read, ...given, begin: first.learnt })
      expect(second.throttled).toBe(0)
      expect(second.share).toBeGreaterThan(0.97)
    })

    test('beside another user with half of the rate: at most 1 % are answered 429, and the other one is not starved', async () => {
      const others = given.perSecond / 2
      const seen = await useToken({ ...read, ...given, others, random: numbers() })
      expect(seen.throttled).toBeLessThanOrEqual(0.01 * read.requests)
      expect(seen.othersThrottled).toBeLessThanOrEqual(0.03 * seen.othersSent)
      expect(seen.share).toBeGreaterThan(0.9)
    })
  },
)

test.each([0.5, 1])('a bucket that drains at %d a second, slower than the token says, is found', async perSecond => {
  const seen = await useToken({ ...read, perSecond, latencyMs: 500, shownWhen: 'answered' })
  expect(seen.throttled).toBeLessThanOrEqual(0.01 * read.requests)
  expect(seen.learnt / perSecond).toBeLessThan(1.2)
})

test('the rate of the tier stays where it is right', async () => {
  for (const latencyMs of [50, 2000])
    for (const shownWhen of ['counted', 'answered'] as const) {
      const seen = await useToken({ ...read, perSecond: 2, latencyMs, shownWhen })
      expect(seen).toMatchObject({ learnt: 2, throttled: 0 })
    }
})

test('a 429 takes back a part of what was learnt, and nothing of what the token says', async () => {
  const limitOf = () =>
    createRateLimit({ tier: STANDARD, budget: 1, learns: true, monotonic: () => 0, sleep: async () => {} })
  const told = limitOf()
  told.onLost('throttled')
  expect(told.tier.perSecond).toBe(2)
  const learnt = limitOf()
  learnt.begin(20)
  learnt.onLost('throttled')
  expect(learnt.tier.perSecond).toBeCloseTo(18)
  for (let n = 0; n < 100; n++) learnt.onLost('throttled')
  expect(learnt.tier.perSecond).toBe(2)
})

test('a rate that the configuration names is not changed', () => {
  const limit = createRateLimit({ tier: STANDARD, budget: 1, monotonic: () => 0, sleep: async () => {} })
  limit.begin(20)
  expect(limit.tier).toEqual(STANDARD)
})
