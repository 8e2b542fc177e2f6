import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Interrupted } from '../../src/common/errors.ts'
import { createRateLimit, type RateLimit, STANDARD, type Tier, tierOf } from '../../src/extract/rate-limit.ts'

/** A clock that moves only by `sleep` and by hand. */
class Clock {
  ms = 1000
  readonly sleep = async (ms: number): Promise<void> => {
    this.ms += ms
  }
}

const { signal } = new AbortController()

function rateLimitOf(tier: Tier, budget = 1): { clock: Clock; rateLimit: RateLimit } {
  const clock = new Clock()
  return { clock, rateLimit: createRateLimit({ tier, budget, monotonic: () => clock.ms, sleep: clock.sleep }) }
}

/** The API's bucket as documented: a request that does not fit gets a 429. */
class Bucket {
  readonly #tier: Tier
  #level = 0
  #at = 0
  #used = false

  constructor(tier: Tier) {
    this.#tier = tier
  }

  /** @returns the level with one more request, or null if it does not fit. */
  arrive(ms: number): number | null {
    if (this.#used) this.#level = Math.max(0, this.#level - ((ms - this.#at) / 1000) * this.#tier.perSecond)
    this.#used = true
    this.#at = ms
    // Tolerates rounding errors of the clock.
    if (this.#level + 1 > this.#tier.bucket + 1e-6) return null
    this.#level += 1
    return this.#level
  }
}

const tier = fc.record({ bucket: fc.integer({ min: 3, max: 80 }), perSecond: fc.integer({ min: 1, max: 10 }) })
const pauses = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 20_000 })), {
  minLength: 1,
  maxLength: 200,
})

/** When each request is sent, without any response. */
async function departures({ rateLimit, clock }: ReturnType<typeof rateLimitOf>, waits: readonly number[]) {
  const sent: number[] = []
  for (const pause of waits) {
    clock.ms += pause
    await rateLimit.acquire(signal)
    sent.push(clock.ms)
  }
  return sent
}

test('as the only user of its token it never overflows the bucket, even if requests arrive up to 100 ms late', async () => {
  const late = fc.infiniteStream(fc.integer({ min: 0, max: 100 }))
  await fc.assert(
    fc.asyncProperty(tier, pauses, late, async (limits, waits, delays) => {
      const sent = await departures(rateLimitOf(limits), waits)
      const bucket = new Bucket(limits)
      const arrivals = sent.map(at => at + (delays.next().value ?? 0)).sort((a, b) => a - b)
      for (const at of arrivals) expect(bucket.arrive(at)).not.toBeNull()
    }),
  )
})

describe('its share of the rate', () => {
  test('is never exceeded, over any period', async () => {
    const budget = fc.constantFrom(0.01, 0.1, 0.25, 0.5, 0.75, 1)
    await fc.assert(
      fc.asyncProperty(tier, budget, pauses, async (limits, share, waits) => {
        const { rateLimit, clock } = rateLimitOf(limits, share)
        const bucket = new Bucket(limits)
        const sent: number[] = []
        for (const pause of waits) {
          clock.ms += pause
          const { ticket } = await rateLimit.acquire(signal)
          sent.push(clock.ms)
          // The server's bucket drains faster than our share, so the level that it shows is lower and changes nothing.
          rateLimit.observe(ticket, `${Math.floor(bucket.arrive(clock.ms) ?? limits.bucket)}/${limits.bucket}`)
        }
        const burst = Math.max(1, limits.bucket * share)
        for (const [from, start] of sent.entries())
          for (const [more, end] of sent.slice(from).entries())
            expect(more + 1).toBeLessThanOrEqual(burst + (limits.perSecond * share * (end - start)) / 1000 + 1e-6)
      }),
    )
  })

  test.each([0.1, 0.25, 0.5, 1])('is used fully: %d', async share => {
    const { rateLimit, clock } = rateLimitOf(STANDARD, share)
    const sent = await departures({ rateLimit, clock }, Array(500).fill(0))
    const seconds = ((sent.at(-1) ?? 0) - (sent[0] ?? 0)) / 1000
    const rate = (500 - STANDARD.bucket * share) / seconds
    expect(rate).toBeGreaterThan(STANDARD.perSecond * share * 0.97)
    expect(rate).toBeLessThan(STANDARD.perSecond * share * 1.03)
  })
})

test('the time that it waited is returned', async () => {
  const { rateLimit, clock } = rateLimitOf({ bucket: 5, perSecond: 1 })
  for (let n = 0; n < 20; n++) {
    const before = clock.ms
    const { waitedMs } = await rateLimit.acquire(signal)
    expect(waitedMs).toBe(clock.ms - before)
  }
  expect(clock.ms).toBeGreaterThan(11_000)
})

describe('another program with the same token', () => {
  test.each(['floor', 'ceil'] as const)(
    'after a response that shows the level (%s), the next request fits',
    async rounding => {
      const turns = fc.array(
        fc.record({ pause: fc.integer({ min: 0, max: 5000 }), foreign: fc.integer({ min: 0, max: 10 }) }),
        { minLength: 1, maxLength: 60 },
      )
      await fc.assert(
        fc.asyncProperty(tier, turns, async (limits, given) => {
          const { rateLimit, clock } = rateLimitOf(limits)
          const bucket = new Bucket(limits)
          for (const { pause, foreign } of given) {
            clock.ms += pause
            for (let n = 0; n < foreign; n++) bucket.arrive(clock.ms)
            // The first request may find the bucket full, because no response has shown that yet. The second must fit.
            const first = await rateLimit.acquire(signal)
            const level = bucket.arrive(clock.ms) ?? limits.bucket
            rateLimit.observe(first.ticket, `${Math[rounding](level)}/${limits.bucket}`)
            const second = await rateLimit.acquire(signal)
            const next = bucket.arrive(clock.ms)
            expect(next).not.toBeNull()
            rateLimit.observe(second.ticket, `${Math[rounding](next ?? 0)}/${limits.bucket}`)
          }
        }),
      )
    },
  )

  const waitAfter = async (header: string | null): Promise<number> => {
    const { rateLimit } = rateLimitOf(STANDARD)
    const { ticket } = await rateLimit.acquire(signal)
    rateLimit.observe(ticket, header)
    return (await rateLimit.acquire(signal)).waitedMs
  }

  test.each(['40/40', '39/40', '40 / 40'])('%s slows it down', async header => {
    expect(await waitAfter(header)).toBeGreaterThan(400)
  })

  test('the fuller, the longer', async () => {
    expect(await waitAfter('40/40')).toBeGreaterThan(await waitAfter('39/40'))
  })

  test.each([null, '', '1/40', '0/40', '20/40', 'full', '40', '-1/40', '40/', '1.5/40', '40/40/40'])(
    '%j does not',
    async header => {
      expect(await waitAfter(header)).toBe(0)
    },
  )

  test('its requests are counted once, however many responses show them', async () => {
    const { rateLimit } = rateLimitOf(STANDARD)
    const tickets = []
    for (let n = 0; n < 10; n++) tickets.push((await rateLimit.acquire(signal)).ticket)
    // The other program has sent twenty requests before our first.
    for (const [at, ticket] of tickets.entries()) rateLimit.observe(ticket, `${21 + at}/40`)
    let free = 0
    while ((await rateLimit.acquire(signal)).waitedMs === 0) free += 1
    expect(free).toBeGreaterThanOrEqual(7)
    expect(free).toBeLessThanOrEqual(10)
  })

  test('its requests drain', async () => {
    const { rateLimit, clock } = rateLimitOf(STANDARD)
    const { ticket } = await rateLimit.acquire(signal)
    rateLimit.observe(ticket, '40/40')
    clock.ms += 20_000
    expect((await rateLimit.acquire(signal)).waitedMs).toBe(0)
  })
})

test('the size of the bucket is the one in the header', async () => {
  const { rateLimit } = rateLimitOf(STANDARD)
  const { ticket } = await rateLimit.acquire(signal)
  rateLimit.observe(ticket, '1/80')
  expect(rateLimit.tier).toEqual({ bucket: 80, perSecond: 2 })
  let free = 0
  while ((await rateLimit.acquire(signal)).waitedMs === 0) free += 1
  expect(free).toBeGreaterThan(70)
  rateLimit.observe(ticket, '1/0')
  expect(rateLimit.tier.bucket).toBe(80)
})

test('after a 429 it waits until a request has drained', async () => {
  const { rateLimit, clock } = rateLimitOf(STANDARD)
  await rateLimit.acquire(signal)
  rateLimit.onLost('throttled')
  const before = clock.ms
  await rateLimit.acquire(signal)
  expect(clock.ms - before).toBeGreaterThanOrEqual(500)
})

test('an abort ends the request that waits, and no other', async () => {
  const stop = new AbortController()
  const clock = new Clock()
  const sleep = async (ms: number, given: AbortSignal): Promise<void> => {
    if (given.aborted) throw new Interrupted()
    await clock.sleep(ms)
  }
  const rateLimit = createRateLimit({ tier: { bucket: 3, perSecond: 1 }, budget: 1, monotonic: () => clock.ms, sleep })
  for (let n = 0; n < 3; n++) await rateLimit.acquire(signal)
  stop.abort()
  const both = await Promise.allSettled([rateLimit.acquire(stop.signal), rateLimit.acquire(signal)])
  expect(both).toMatchObject([{ status: 'rejected', reason: expect.any(Interrupted) }, { status: 'fulfilled' }])
})

test('requests that are acquired at the same time are sent in their order', async () => {
  const { rateLimit } = rateLimitOf({ bucket: 3, perSecond: 1 })
  const order: number[] = []
  await Promise.all(Array.from({ length: 10 }, (_, n) => rateLimit.acquire(signal).then(() => order.push(n))))
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

describe('the tier in the prefix of a token', () => {
  test.each([
    ['sk_1x1_abc', 40, 2],
    ['sk_2x1_abc', 40, 4],
    ['sk_1x2_abc', 80, 2],
    ['sk_2x2_abc', 80, 4],
    ['sk_10x5_abc', 200, 20],
    ['sk_abc', 40, 2],
    ['abc', 40, 2],
    ['', 40, 2],
    ['sk_2x1', 40, 2],
    ['xsk_2x1_abc', 40, 2],
    ['SK_2x1_abc', 40, 2],
    ['sk_0x0_abc', 40, 2],
    ['sk_2x_abc', 40, 2],
    ['sk_100x1_abc', 40, 2],
    ['sk_1.5x1_abc', 40, 2],
  ])('%s: a bucket of %i, %i in a second', (token, bucket, perSecond) => {
    expect(tierOf(token)).toEqual({ bucket, perSecond })
  })
})
