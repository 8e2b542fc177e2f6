import { Interrupted, SourceError } from '../common/errors.ts'
import type { RequestStats } from '../common/model.ts'

/** Whether the API still accepts the token for anything. It is asked once in a run, and all streams share the answer. */
export type TokenCheck = (requestStats: RequestStats, signal: AbortSignal) => Promise<boolean>

/** @param ask sends the request that every token may send; rejects with `unauthorised` if the token is refused. */
export function createTokenCheck(
  ask: (requestStats: RequestStats, signal: AbortSignal) => Promise<unknown>,
): TokenCheck {
  let asked: Promise<boolean> | null = null
  return async (requestStats, signal) => {
    for (;;) {
      asked ??= ask(requestStats, signal).then(() => true, refused)
      const answer = asked
      try {
        return await answer
      } catch (error) {
        if (asked === answer) asked = null
        // If only the stream was stopped that asked, this one asks itself.
        if (!(error instanceof Interrupted) || signal.aborted) throw error
      }
    }
  }
}

function refused(error: unknown): false {
  if (error instanceof SourceError && error.kind === 'unauthorised') return false
  throw error
}
