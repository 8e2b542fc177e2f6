/**
 * Values from several producers, one consumer. A producer waits until its value has been taken: what nobody wants yet
 * is not read yet.
 */
export interface Channel<T> {
  put(value: T): Promise<void>
  /** The next value; null once `close` was called and nothing is left. */
  take(): Promise<T | null>
  close(): void
}

export function createChannel<T>(): Channel<T> {
  const offered: { value: T; taken: () => void }[] = []
  let closed = false
  let wake = Promise.withResolvers<void>()
  return {
    put(value) {
      const { promise, resolve } = Promise.withResolvers<void>()
      offered.push({ value, taken: resolve })
      wake.resolve()
      return promise
    },
    async take() {
      for (;;) {
        const next = offered.shift()
        if (next) {
          next.taken()
          return next.value
        }
        if (closed) return null
        wake = Promise.withResolvers()
        await wake.promise
      }
    },
    close() {
      closed = true
      for (const { taken } of offered.splice(0)) taken()
      wake.resolve()
    },
  }
}
