/** Records, and bytes of their rows, that wait for a commit at most. Beyond it, reading pauses: memory stays bounded. */
const MOST_RECORDS = 10_000
const MOST_BYTES = 32 * 1024 * 1024

/** What came with one request. */
export interface Arrival {
  readonly records: number
  readonly bytes: number
}

/**
 * Reads ahead while a commit runs, and gives all that came meanwhile as one group. So a slow API is committed
 * page by page, and a fast one by the ten thousand records. What was read before an error is given before the error is
 * thrown; after an interruption nothing more is.
 */
export async function* prefetch<T extends Arrival>(
  read: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<[T, ...T[]]> {
  const stop = new AbortController()
  let pages: T[] = []
  let records = 0
  let bytes = 0
  let ended = false
  let failure: { error: unknown } | null = null
  let arrived = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()

  const pump = async (): Promise<void> => {
    try {
      for await (const page of read(AbortSignal.any([signal, stop.signal]))) {
        pages.push(page)
        records += page.records
        bytes += page.bytes
        arrived.resolve()
        if (records >= MOST_RECORDS || bytes >= MOST_BYTES) await taken.promise
        if (stop.signal.aborted) return
      }
    } catch (error) {
      failure = { error }
    } finally {
      ended = true
      arrived.resolve()
    }
  }

  const pumping = pump()
  try {
    for (;;) {
      await arrived.promise
      arrived = Promise.withResolvers()
      const [first, ...rest] = pages
      pages = []
      records = 0
      bytes = 0
      taken.resolve()
      taken = Promise.withResolvers()
      if (first && !signal.aborted) yield [first, ...rest]
      if (ended && pages.length === 0) break
      if (ended || pages.length > 0) arrived.resolve()
    }
    const failed = failure as { error: unknown } | null
    if (failed) throw failed.error
  } finally {
    stop.abort()
    taken.resolve()
    await pumping
  }
}
