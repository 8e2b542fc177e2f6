/** Records, and bytes of their rows, that wait for a commit at most. Beyond it, reading pauses: memory stays bounded. */
const MOST_RECORDS = 10_000
const MOST_BYTES = 32 * 1024 * 1024
/** A group that is at least this part of the largest was large: pages come faster than they are committed. */
const LARGE = 1 / 10
/** Milliseconds that the next one then waits at most for more. */
const PATIENCE = 1_000

/** What came with one request: its records, and the size of their rows. */
export interface Arrival {
  readonly decoded: { readonly keys: readonly unknown[]; readonly bytes: number }
}

/**
 * Reads ahead while a commit runs, and gives all that came meanwhile as one group; after a large one it waits until there
 * is no room for more. So a slow API is committed page by page, and a fast one by the ten thousand records. What was read
 * before an error is given before the error is thrown; after an interruption nothing more is.
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
  let full = Promise.withResolvers<void>()

  const pump = async (): Promise<void> => {
    try {
      for await (const page of read(AbortSignal.any([signal, stop.signal]))) {
        pages.push(page)
        records += page.decoded.keys.length
        bytes += page.decoded.bytes
        arrived.resolve()
        if (records >= MOST_RECORDS || bytes >= MOST_BYTES) {
          full.resolve()
          await taken.promise
        }
        if (stop.signal.aborted) return
      }
    } catch (error) {
      failure = { error }
    } finally {
      ended = true
      arrived.resolve()
      full.resolve()
    }
  }

  const pumping = pump()
  let wasLarge = false
  try {
    for (;;) {
      await arrived.promise
      if (wasLarge) await atMost(PATIENCE, full.promise)
      arrived = Promise.withResolvers()
      full = Promise.withResolvers()
      wasLarge = records >= LARGE * MOST_RECORDS || bytes >= LARGE * MOST_BYTES
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

/** Until it happens, but not for longer. */
async function atMost(millis: number, event: Promise<void>): Promise<void> {
  const waited = Promise.withResolvers<void>()
  const timer = setTimeout(waited.resolve, millis)
  await Promise.race([event, waited.promise])
  clearTimeout(timer)
}
