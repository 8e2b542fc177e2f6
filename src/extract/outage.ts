import { Interrupted, SourceError } from '../common/errors.ts'
import type { Sleep } from './retry.ts'

/** What is told of an outage. */
export interface Outage {
  /** The host and the error, in one sentence. */
  readonly message: string
  /** How long the run waits, in milliseconds. */
  readonly patienceMs: number
}

export interface BreakerOptions {
  readonly host: string
  /** How long the host may be gone, in milliseconds. */
  readonly patienceMs: number
  /** Wait before the second try, in milliseconds. */
  readonly firstWaitMs: number
  readonly monotonic: () => number
  readonly sleep: Sleep
  /** Called once in an outage that lasts. */
  readonly onOutage: (outage: Outage) => void
  /** Called when it is over, if it was told. @param lastedMs milliseconds. */
  readonly onRecovery: (lastedMs: number) => void
}

/** Milliseconds after which an outage is told. */
const TOLD_AFTER = 3_000
/** Milliseconds between two tries at most. */
const LONGEST_WAIT = 8_000

/**
 * One breaker for the host. While no connection to it can be made, one request at a time tries again, and all others wait
 * for it: they share one wait, one message and one patience.
 */
export interface Breaker {
  /**
   * Sends a request when the host is there.
   * @throws {SourceError} `gone` when it has been gone for too long. What `send` throws otherwise.
   */
  run<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T>
}

export function createBreaker(options: BreakerOptions): Breaker {
  const { host, patienceMs, firstWaitMs, monotonic, sleep, onOutage, onRecovery } = options
  /** Null: the host is there. */
  let outage: {
    readonly since: number
    tries: number
    told: boolean
    /** A request tries. */
    isTrying: boolean
    /** Resolved when none tries any more. */
    changed: PromiseWithResolvers<void>
  } | null = null

  const failed = (error: SourceError, sentAt: number): void => {
    outage ??= { since: sentAt, tries: 0, told: false, isTrying: false, changed: Promise.withResolvers() }
    const lasted = monotonic() - outage.since
    if (outage.told || lasted < Math.min(TOLD_AFTER, patienceMs / 2)) return
    outage.told = true
    onOutage({ message: `${host} cannot be reached: ${error.message}`, patienceMs })
  }

  const recovered = (): void => {
    if (outage === null) return
    const { since, told, changed } = outage
    outage = null
    changed.resolve()
    if (told) onRecovery(monotonic() - since)
  }

  /** Another request may try. */
  const pass = (): void => {
    if (outage === null) return
    outage.isTrying = false
    outage.changed.resolve()
    outage.changed = Promise.withResolvers()
  }

  /** Waits until the request may be sent. @returns whether it tries for all others. */
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    while (outage !== null) {
      if (signal.aborted) throw new Interrupted()
      if (outage.isTrying) {
        await untilAborted(outage.changed.promise, signal)
        continue
      }
      outage.isTrying = true
      const left = outage.since + patienceMs - monotonic()
      const wait = Math.min(LONGEST_WAIT, firstWaitMs * 2 ** outage.tries, Math.max(0, left))
      outage.tries += 1
      try {
        await sleep(wait, signal)
      } catch (error) {
        pass()
        throw error
      }
      return true
    }
    return false
  }

  return {
    async run(send, signal) {
      for (;;) {
        const tries = await turn(signal)
        const sentAt = monotonic()
        try {
          const value = await send()
          recovered()
          return value
        } catch (error) {
          const isUnreached = error instanceof SourceError && error.kind === 'unreached'
          if (isUnreached) failed(error, sentAt)
          // It answered, whatever it said. A request that was stopped says nothing.
          else if (error instanceof SourceError) recovered()
          if (tries) pass()
          if (!isUnreached) throw error
          const lastedMs = monotonic() - (outage?.since ?? sentAt)
          if (lastedMs >= patienceMs)
            throw new SourceError(
              'gone',
              `${host} could not be reached for ${Math.round(lastedMs / 1000)} s: ${error.message}`,
              { cause: error },
            )
        }
      }
    },
  }
}

/** @throws {Interrupted} as soon as the signal is aborted. */
async function untilAborted(event: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(new Interrupted())
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([event, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
