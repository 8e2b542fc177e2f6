import { DestinationError } from './errors.ts'

const TRIES = 8

/**
 * Retries after a `DestinationError` that may pass by itself. The waits add up to half a minute.
 * @param work gets true when an earlier try has failed.
 */
export async function retryDestination<T>(
  work: (isRetry: boolean) => Promise<T>,
  { sleep }: { readonly sleep: (ms: number, signal: AbortSignal) => Promise<void> },
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work(tries > 1)
    } catch (error) {
      if (!(error instanceof DestinationError) || error.reaction !== 'retry' || tries >= TRIES) throw error
      await sleep(125 * 2 ** tries, signal)
    }
  }
}
