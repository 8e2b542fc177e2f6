/**
 * Passes values from several producers to one consumer. A producer waits until its value is taken, so producers run no
 * further ahead than the consumer needs.
 */
export interface Channel<T> {
  put(value: T): Promise<void>
  /** The next value; null after `close`, once every value has been taken. */
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
