import { DestinationError } from './errors.ts'

const TRIES = 8

/** Tries again what failed for a reason in the database that may pass: half a minute in all. */
export async function retryDestination<T>(
  work: (again: boolean) => Promise<T>,
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
