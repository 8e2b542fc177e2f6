import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ContractError, Interrupted, SourceError, type SourceProblem } from '../../src/common/errors.ts'
import type { RequestStats } from '../../src/common/model.ts'
import { type Failures, PATIENCE, retryRequest } from '../../src/extract/retry.ts'

const requestStats = (): RequestStats => ({
  requests: 0,
  retries: 0,
  throttled: 0,
  waitedMs: 0,
  readAgain: 0,
  warnings: [],
})

interface Options {
  readonly tries?: number
  readonly firstWaitMs?: number
  readonly random?: () => number
}

/** Fails with these errors, then succeeds. Returns every attempt, every wait and the outcome. No time passes. */
async function run(errors: readonly unknown[], { tries = 8, firstWaitMs = 1000, random = () => 1 }: Options = {}) {
  const waits: number[] = []
  const seen: Failures[] = []
  const counted = requestStats()
  const { signal } = new AbortController()
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms)
  }
  const attempt = async (failures: Failures): Promise<string> => {
    seen.push(failures)
    if (seen.length <= errors.length) throw errors[seen.length - 1]
    return 'answer'
  }
  const end = await retryRequest(attempt, { sleep, random, firstWaitMs, tries }, counted, signal).then(
    ({ value }) => ({ value, error: null }),
    (error: unknown) => ({ value: null, error }),
  )
  return { ...end, waits, seen, attempts: seen.length, requestStats: counted }
}

const source = (kind: SourceProblem, retryAfterMs: number | null = null, tooLarge = false): SourceError =>
  new SourceError(kind, kind, { retryAfterMs, tooLarge })

const RETRIED: readonly SourceProblem[] = ['throttled', 'conflict', 'unavailable', 'timeout', 'truncated']

test('a first attempt that succeeds costs no wait', async () => {
  expect(await run([])).toMatchObject({ value: 'answer', attempts: 1, waits: [], requestStats: requestStats() })
})

test.each(RETRIED)('%s is retried', async kind => {
  expect(await run([source(kind)])).toMatchObject({ value: 'answer', attempts: 2, waits: [1000] })
})

describe('not retried', () => {
  const CASES: readonly (readonly [string, unknown])[] = [
    ...(['refused', 'unprocessable', 'missing', 'unauthorised', 'forbidden', 'unsupported'] as const).map(
      kind => [kind, source(kind, 1000, true)] as const,
    ),
    ['a contract error', new ContractError('stream_contract', 'm', 'n')],
    ['an interruption', new Interrupted()],
    ['a bug', new TypeError('m')],
    ['a value that is no error', 'text'],
  ]

  test.each(CASES)('%s', async (_what, error) => {
    const ran = await run([error])
    expect(ran).toMatchObject({ attempts: 1, waits: [], requestStats: requestStats() })
    expect(ran.error).toBe(error)
  })

  test.each(CASES)('%s, after a failure that was', async (_what, error) => {
    const ran = await run([source('unavailable'), error])
    expect(ran).toMatchObject({ attempts: 2, waits: [1000], requestStats: { retries: 1 } })
    expect(ran.error).toBe(error)
  })
})

test('waits double up to a minute', async () => {
  const { waits } = await run(Array(9).fill(source('unavailable')), { tries: 10 })
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

test('by default it gives up after about two minutes', async () => {
  const { waits } = await run(Array(20).fill(source('unavailable')), PATIENCE)
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(123_000)
})

test('jitter shortens a wait by half at most', async () => {
  const errors = Array(4).fill(source('unavailable'))
  expect((await run(errors, { random: () => 0 })).waits).toEqual([500, 1000, 2000, 4000])
  expect((await run(errors, { random: () => 0.5 })).waits).toEqual([750, 1500, 3000, 6000])
})

test.each([1, 2, 8])('gives up after %i tries, with the last error', async tries => {
  const errors = Array.from({ length: 20 }, (_, n) => new SourceError('unavailable', `error ${n}`))
  const ran = await run(errors, { tries })
  expect(ran).toMatchObject({ value: null, attempts: tries, requestStats: { retries: tries - 1 } })
  expect(ran.waits.length).toBe(tries - 1)
  expect(ran.error).toBe(errors[tries - 1])
})

test('the last attempt may succeed', async () => {
  expect(await run(Array(7).fill(source('truncated')))).toMatchObject({ value: 'answer', attempts: 8 })
})

test('each attempt gets the number of failures so far, and of those that a smaller page may avoid', async () => {
  const { seen } = await run([source('timeout', null, true), source('throttled'), source('truncated', null, true)])
  expect(seen).toEqual([
    { tries: 0, tooLarge: 0 },
    { tries: 1, tooLarge: 1 },
    { tries: 2, tooLarge: 1 },
    { tries: 3, tooLarge: 2 },
  ])
})

test('an interruption during a wait ends it', async () => {
  const interrupted = new Interrupted()
  let attempts = 0
  const attempt = async (): Promise<never> => {
    attempts += 1
    throw source('unavailable')
  }
  const sleep = async (): Promise<never> => {
    throw interrupted
  }
  const { signal } = new AbortController()
  const options = { ...PATIENCE, sleep, random: () => 1 }
  await expect(retryRequest(attempt, options, requestStats(), signal)).rejects.toBe(interrupted)
  expect(attempts).toBe(1)
})

test('each wait is at least Retry-After and half of its own wait, at most the longer of the two, and is counted', async () => {
  const failure = fc.record({
    kind: fc.constantFrom(...RETRIED),
    after: fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: null }),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(failure, { maxLength: 9 }),
      fc.integer({ min: 1, max: 5000 }),
      async (failures, firstWaitMs) => {
        let draw = 0
        const ran = await run(
          failures.map(({ kind, after }) => source(kind, after)),
          { firstWaitMs, random: () => failures[draw++]?.random ?? 0 },
        )
        expect(ran.waits.length).toBe(Math.min(7, failures.length))
        for (const [at, wait] of ran.waits.entries()) {
          const asked = failures[at]?.after ?? 0
          const own = Math.min(60_000, firstWaitMs * 2 ** at)
          expect(wait).toBeGreaterThanOrEqual(Math.max(asked, own / 2))
          expect(wait).toBeLessThanOrEqual(Math.max(asked, own))
        }
        expect(ran.requestStats.retries).toBe(ran.waits.length)
        expect(ran.requestStats.waitedMs).toBe(ran.waits.reduce((sum, ms) => sum + ms, 0))
        const throttled = failures.slice(0, ran.attempts).filter(({ kind }) => kind === 'throttled')
        expect(ran.requestStats.throttled).toBe(throttled.length)
      },
    ),
  )
})
