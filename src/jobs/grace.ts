/** Milliseconds from the interruption of a run. The database rolls back what is not committed by then. */
export const GRACE = {
  /** How long it waits for open commits. */
  streams: 4000,
  /** For its report to be recorded, too. */
  report: 4400,
  /** For everything else, such as closing the destination: what hangs after that is left to end by itself. */
  all: 4800,
} as const

/** Waits for work. @returns null: the run was interrupted, and the work did not end within `ms` milliseconds of that. */
export type Within = <T>(work: PromiseLike<T>, ms: number) => Promise<T | null>

/** Waits for work until it is disposed of. */
export type Grace = Within & Disposable

export interface GraceOptions {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Milliseconds, from any moment on. */
  readonly monotonic: () => number
}

/**
 * The signal may live longer than the run, and keeps in memory whatever listens to it.
 * @param signal interrupts the run. The time counts from then, whatever is waited for, and in however many steps.
 */
export function graceOf(signal: AbortSignal, { sleep, monotonic }: GraceOptions): Grace {
  let interruptedAt = signal.aborted ? monotonic() : null
  const interrupt = (): void => {
    interruptedAt ??= monotonic()
  }
  signal.addEventListener('abort', interrupt)
  const within: Within = async (work, ms) => {
    const done = new AbortController()
    const tooLate = new Promise<null>((resolve, reject) => {
      const wait = (): void => {
        const now = monotonic()
        sleep(Math.max(0, (interruptedAt ?? now) + ms - now), done.signal).then(
          () => resolve(null),
          error => (done.signal.aborted ? resolve(null) : reject(error)),
        )
      }
      if (signal.aborted) wait()
      else signal.addEventListener('abort', wait, { once: true, signal: done.signal })
    })
    try {
      return await Promise.race([work, tooLate])
    } finally {
      done.abort()
    }
  }
  return Object.assign(within, { [Symbol.dispose]: () => signal.removeEventListener('abort', interrupt) })
}
