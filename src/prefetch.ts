import type { Page } from './model.ts'

/**
 * Records that wait for a commit at most. Beyond it, reading pauses: memory stays bounded. Ten thousand loaded no faster
 * and took a sixth more memory.
 */
const MOST_RECORDS = 2_500

/**
 * Reads ahead while a commit runs, and gives all pages that came meanwhile as one group. So a slow API is committed
 * page by page, and a fast one by the thousand. What was read before an error is given before the error is
 * thrown; after an interruption nothing more is.
 */
export async function* prefetch(
  read: (signal: AbortSignal) => AsyncIterable<Page>,
  signal: AbortSignal,
): AsyncGenerator<[Page, ...Page[]]> {
  const stop = new AbortController()
  let pages: Page[] = []
  let records = 0
  let ended = false
  let failure: { error: unknown } | null = null
  let arrived = Promise.withResolvers<void>()
  let taken = Promise.withResolvers<void>()

  const pump = async (): Promise<void> => {
    try {
      for await (const page of read(AbortSignal.any([signal, stop.signal]))) {
        pages.push(page)
        records += page.records.length
        arrived.resolve()
        if (records >= MOST_RECORDS) await taken.promise
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
