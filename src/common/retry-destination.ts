import { DestinationError } from './errors.ts'
import type { Log } from './log.ts'

const TRIES = 8

export interface RetryOptions {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Says that the run waits for the destination, and why. */
  readonly log: Pick<Log, 'warn'>
}

/**
 * Retries after a `DestinationError` that may pass by itself. The waits add up to half a minute.
 * @param work gets true when an earlier try has failed.
 */
export async function retryDestination<T>(
  work: (isRetry: boolean) => Promise<T>,
  { sleep, log }: RetryOptions,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work(tries > 1)
    } catch (error) {
      if (!(error instanceof DestinationError) || error.reaction !== 'retry' || tries >= TRIES) throw error
      const waitMs = 125 * 2 ** tries
      const { code, message } = error
      log.warn({ event: 'destination_retry', code, message, tries, wait_ms: waitMs })
      await sleep(waitMs, signal)
    }
  }
}
