import { Interrupted } from '../common/errors.ts'
import type { Backlog } from './backlog.ts'

/** How many records, and bytes of rows, wait for a commit at most. Reading then pauses, which bounds the memory. */
const MOST_RECORDS = 10_000
const MOST_BYTES = 32 * 1024 * 1024
/** A group of at least this share of the largest is large: pages arrive faster than they are committed. */
const LARGE = 1 / 10
/** After a large group, the milliseconds that the next one waits at most for more pages. */
const LONGEST_WAIT = 500

/** What prefetch needs to know of a page. */
export interface Arrival {
  readonly decoded: { readonly keys: readonly unknown[]; readonly bytes: number }
}

/**
 * Reads ahead while a commit runs and yields all pages that arrived meanwhile as one group. After a large group it waits
 * until the next one is full. So pages of a slow API are committed one by one, and those of a fast API by ten thousand
 * records. Before it throws an error of `read`, it yields the pages that arrived before the error. Once `signal` is
 * aborted it yields nothing more, and throws: the pages that wait then are dropped, and a consumer must not take the end of
 * the groups for the end of the pages.
 */
export async function* prefetch<T extends Arrival>(
  read: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
  backlog: Backlog | null = null,
): AsyncGenerator<[T, ...T[]]> {
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
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
      for await (const page of read(stopped)) {
        backlog?.add(page.decoded.keys.length, page.decoded.bytes)
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
  const unlisten = backlog?.onFull(() => full.resolve())
  let wasLarge = false
  try {
    for (;;) {
      await arrived.promise
      if (wasLarge && !backlog?.isFull) await atMost(LONGEST_WAIT, full.promise)
      arrived = Promise.withResolvers()
      full = Promise.withResolvers()
      wasLarge = records >= LARGE * MOST_RECORDS || bytes >= LARGE * MOST_BYTES
      const [first, ...rest] = pages
      const committed = first && backlog?.commit(records, bytes)
      pages = []
      records = 0
      bytes = 0
      taken.resolve()
      taken = Promise.withResolvers()
      try {
        if (signal.aborted) break
        if (first) yield [first, ...rest]
      } finally {
        committed?.()
      }
      if (ended && pages.length === 0) break
      if (ended || pages.length > 0) arrived.resolve()
    }
    const failed = failure as { error: unknown } | null
    if (failed) throw failed.error
    if (signal.aborted) throw new Interrupted()
  } finally {
    stop.abort()
    taken.resolve()
    unlisten?.()
    await pumping
    // What was read and not taken is given up.
    backlog?.dropped(records, bytes)
  }
}

/** Waits for the event, but not longer than `millis`. */
async function atMost(millis: number, event: Promise<void>): Promise<void> {
  const waited = Promise.withResolvers<void>()
  const timer = setTimeout(waited.resolve, millis)
  await Promise.race([event, waited.promise])
  clearTimeout(timer)
}
