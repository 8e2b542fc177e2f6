import { SourceError } from '../common/errors.ts'
import type { RequestStats } from '../common/model.ts'

/** Resolves after `ms`. Rejects with `Interrupted` when the signal comes first. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

export interface RetryOptions {
  readonly sleep: Sleep
  /** 0 to 1. */
  readonly random: () => number
  /** Wait before the second try, in milliseconds; it doubles with each. */
  readonly firstWaitMs: number
  readonly tries: number
}

export const PATIENCE = { firstWaitMs: 1000, tries: 8 } as const
const LONGEST_WAIT = 60_000
/** Asked to wait longer, a run gives the stream up: the next one comes by itself, and this one holds the lock. */
const LONGEST_RETRY_AFTER = 10 * 60_000

/** What has failed so far in getting one answer, for a caller that can ask for less. */
export interface Failed {
  readonly tries: number
  readonly tooLarge: number
}

export const NOTHING_FAILED: Failed = { tries: 0, tooLarge: 0 }

/**
 * Waits after a failure that may pass: exponentially longer with jitter, never shorter than a Retry-After. With eight
 * tries from one second it gives up after about two minutes.
 * @returns the failures with this one.
 * @throws `error` itself, where it does not pass by waiting or has come too often.
 */
export async function waitAfter(
  error: unknown,
  before: Failed,
  { sleep, random, firstWaitMs, tries }: RetryOptions,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<Failed> {
  if (!(error instanceof SourceError) || error.reaction !== 'retry') throw error
  if (error.kind === 'throttled') requestStats.throttled += 1
  const failed = { tries: before.tries + 1, tooLarge: before.tooLarge + (error.tooLarge ? 1 : 0) }
  if (failed.tries >= tries || (error.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER) throw error
  requestStats.retries += 1
  const backoff = Math.min(LONGEST_WAIT, firstWaitMs * 2 ** (failed.tries - 1)) * (0.5 + random() / 2)
  const wait = Math.max(backoff, error.retryAfterMs ?? 0)
  requestStats.waitedMs += wait
  await sleep(wait, signal)
  return failed
}

/**
 * Tries again what may pass.
 * @param before what has failed already in getting this answer.
 * @throws {SourceError} the last one.
 */
export async function retryRequest<T>(
  attempt: (failed: Failed) => Promise<T>,
  options: RetryOptions,
  requestStats: RequestStats,
  signal: AbortSignal,
  before: Failed = NOTHING_FAILED,
): Promise<{ readonly value: T; readonly failed: Failed }> {
  for (let failed = before; ; ) {
    try {
      return { value: await attempt(failed), failed }
    } catch (error) {
      failed = await waitAfter(error, failed, options, requestStats, signal)
    }
  }
}
