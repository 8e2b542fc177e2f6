import { SourceError } from '../common/errors.ts'
import type { RequestStats } from '../common/model.ts'

/** Resolves after `ms` milliseconds. Rejects with `Interrupted` if the signal aborts first. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

export interface RetryOptions {
  readonly sleep: Sleep
  /** 0 to 1. */
  readonly random: () => number
  /** Wait before the second try, in milliseconds. It doubles with each further try. */
  readonly firstWaitMs: number
  readonly tries: number
}

export const PATIENCE = { firstWaitMs: 1000, tries: 8 } as const
/** Milliseconds. */
const LONGEST_WAIT = 60_000
/** Milliseconds. If the API demands a longer wait, the stream fails: the next scheduled run tries it again, and this run has the lock. */
const LONGEST_RETRY_AFTER = 10 * 60_000

/** Failures of one request so far. The caller can make the request smaller. */
export interface Failures {
  readonly tries: number
  /** Of those, how many a smaller page may avoid. */
  readonly tooLarge: number
}

export const NO_FAILURES: Failures = { tries: 0, tooLarge: 0 }

/**
 * Waits after a failure that may be temporary: exponentially longer with jitter, never shorter than a Retry-After. With
 * eight tries from one second it gives up after about two minutes.
 * @returns `before` and this failure.
 * @throws `error` itself if waiting does not help, or after too many tries.
 */
export async function waitAfter(
  error: unknown,
  before: Failures,
  { sleep, random, firstWaitMs, tries }: RetryOptions,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<Failures> {
  if (!(error instanceof SourceError) || error.reaction !== 'retry') throw error
  if (error.kind === 'throttled') requestStats.throttled += 1
  const failures = { tries: before.tries + 1, tooLarge: before.tooLarge + (error.tooLarge ? 1 : 0) }
  if (failures.tries >= tries || (error.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER) throw error
  requestStats.retries += 1
  const backoff = Math.min(LONGEST_WAIT, firstWaitMs * 2 ** (failures.tries - 1)) * (0.5 + random() / 2)
  const wait = Math.max(backoff, error.retryAfterMs ?? 0)
  requestStats.waitedMs += wait
  await sleep(wait, signal)
  return failures
}

/**
 * Repeats the attempt while its failure may be temporary.
 * @param before failures of this request so far.
 * @throws the error of the last attempt.
 */
export async function retryRequest<T>(
  attempt: (failures: Failures) => Promise<T>,
  options: RetryOptions,
  requestStats: RequestStats,
  signal: AbortSignal,
  before: Failures = NO_FAILURES,
): Promise<{ readonly value: T; readonly failures: Failures }> {
  for (let failures = before; ; ) {
    try {
      return { value: await attempt(failures), failures }
    } catch (error) {
      failures = await waitAfter(error, failures, options, requestStats, signal)
    }
  }
}
