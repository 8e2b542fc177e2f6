import { SourceError } from '../common/errors.ts'
import type { Traffic } from '../common/model.ts'

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

/** What has failed so far in this request, for a caller that can ask for less. */
export interface Failed {
  readonly tries: number
  readonly tooLarge: number
}

/**
 * Tries again what may pass: exponential waits with jitter, never shorter than a Retry-After. With eight tries from
 * one second it gives up after about two minutes.
 * @throws {SourceError} the last one.
 */
export async function retry<T>(
  attempt: (failed: Failed) => Promise<T>,
  { sleep, random, firstWaitMs, tries }: RetryOptions,
  traffic: Traffic,
  signal: AbortSignal,
): Promise<T> {
  for (let failed: Failed = { tries: 0, tooLarge: 0 }; ; ) {
    try {
      return await attempt(failed)
    } catch (error) {
      if (!(error instanceof SourceError) || error.reaction !== 'retry') throw error
      if (error.kind === 'throttled') traffic.throttled += 1
      failed = { tries: failed.tries + 1, tooLarge: failed.tooLarge + (error.tooLarge ? 1 : 0) }
      if (failed.tries >= tries || (error.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER) throw error
      traffic.retries += 1
      const backoff = Math.min(LONGEST_WAIT, firstWaitMs * 2 ** (failed.tries - 1)) * (0.5 + random() / 2)
      const wait = Math.max(backoff, error.retryAfterMs ?? 0)
      traffic.waitedMs += wait
      await sleep(wait, signal)
    }
  }
}
