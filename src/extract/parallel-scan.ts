import { asFilter, fromMillis, minus, toMillis, ZONE_UNCERTAINTY } from '../common/instant.ts'
import type { Instant, Page, Range, Scan } from '../common/model.ts'
import { createChannel } from './channel.ts'
import { isDeadCursor, type ListPage, PAGE_SIZE, paginate, type ReadContext } from './pagination.ts'
import { minPagesToSplit, usefulReaders } from './parallelism.ts'
import { type Covered, density, type Reader, readerOf, recordPage, spanOf } from './segment-reader.ts'

export interface ParallelScanOptions {
  /** Segments read in parallel at most. */
  readonly readers: number
  /** Records that the API counts in the window; null: not known. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/**
 * Pages of a sorted stream, read by as many readers in parallel as the rate limit has room for. While it has room, the
 * segment with the most left to read is split at the middle of its rest. So a slow API gets as many requests in flight as
 * its rate allows, and a fast one few. Bounds are inclusive: two neighbours share one second, and the upsert accepts
 * records that are read twice.
 */
export async function* parallelScan(
  context: ReadContext,
  scan: Scan,
  options: ParallelScanOptions,
): AsyncGenerator<Page> {
  const { api, signal } = context
  const channel = createChannel<Page>()
  const waiting = scan.segments.filter(({ done }) => !done).map(readerOf)
  if (options.newestFirst) waiting.reverse()
  const active = new Set<Reader>()
  const stop = new AbortController()
  const inner: ReadContext = { ...context, signal: AbortSignal.any([signal, stop.signal]) }
  let failure: { error: unknown } | null = null
  const unfinished = new Set(waiting)
  /** Pages share one list until it changes, which saves memory. */
  let ranges: readonly Range[] = waiting.map(reader => reader.range)
  let nextId = 1 + Math.max(...scan.segments.map(({ id }) => id))
  let uncertainty = ZONE_UNCERTAINTY
  const covered: Covered = { records: 0, millis: 0 }

  const startReaders = (): void => {
    if (failure) return
    const most = Math.min(options.readers, usefulReaders(api.latencyMs(), api.rateLimit.tier.perSecond))
    for (let room = api.rateLimit.room(); active.size < most; room--) {
      if (active.size > 0 && room < 1) return
      const next = waiting.shift() ?? splitLargest()
      if (!next) return
      active.add(next)
      void run(next)
    }
  }

  /** Splits the segment with the most left to read, if that is enough. */
  const splitLargest = (): Reader | null => {
    const rests = [...active].flatMap(reader => restOf(reader, scan))
    const perMilli = density(covered, active, scan, options.expected())
    const largest = rests.sort((a, b) => b.millis - a.millis)[0]
    const minPages = minPagesToSplit(api.latencyMs(), api.rateLimit.tier.perSecond)
    if (!largest || (perMilli * largest.millis) / PAGE_SIZE < minPages) return null
    const { reader, middle } = largest
    const range: Range = { id: nextId++, since: middle, until: reader.range.until }
    reader.range = { ...reader.range, until: middle }
    const next = readerOf({ ...range, at: null, highest: null, resume: null, ordered: true, done: false })
    unfinished.add(next)
    ranges = [...unfinished].map(unread => unread.range)
    return next
  }

  const run = async (reader: Reader): Promise<void> => {
    try {
      for await (const listed of listPages(inner, reader)) {
        recordPage(reader, listed.decoded)
        if (reader.records === listed.decoded.keys.length && provesZone(reader, listed)) uncertainty = 0
        // If the segment was split while it was read, its cursor leads past its new end. It is read a little past that end,
        // in case the segment that starts there starts later than requested.
        const past = reader.ordered && isPast(reader.first, reader.range.until, uncertainty)
        const { decoded, receivedAt, resume } = listed
        const last = listed.last || past
        const { restarted } = reader
        const page = { decoded, receivedAt, resume, last, restarted, range: reader.range.id, ranges }
        reader.restarted = false
        if (last) {
          covered.records += reader.records
          covered.millis += spanOf(reader, reader.range.until ?? scan.upperBound)
          unfinished.delete(reader)
          ranges = [...unfinished].map(unread => unread.range)
        }
        await channel.put(page)
        if (last || stop.signal.aborted) break
        startReaders()
      }
    } catch (error) {
      failure ??= { error }
      stop.abort()
    } finally {
      active.delete(reader)
      startReaders()
      if (active.size === 0) channel.close()
    }
  }

  const tick = async (): Promise<void> => {
    while (!inner.signal.aborted && active.size > 0) {
      startReaders()
      await options.pause(inner.signal).catch(() => {})
    }
  }

  startReaders()
  const ticking = tick()
  try {
    for (let page = await channel.take(); page !== null; page = await channel.take()) yield page
    const failed = failure as { error: unknown } | null
    if (failed) throw failed.error
  } finally {
    stop.abort()
    channel.close()
    await ticking
  }
}

/** The remaining pages of one segment. If the API refuses the saved cursor, the segment is requested by its filters. */
async function* listPages(context: ReadContext, reader: Reader): AsyncGenerator<ListPage> {
  const { stream, requestStats } = context
  const { from } = reader
  const { sync } = stream
  // The filters of the first request. Its cursors keep them, even if the segment is split later.
  const requested: { since: Instant | null; until: Instant | null } = { since: null, until: null }
  const parameters = (): Record<string, string> => {
    if (sync.mode === 'full') return {}
    requested.since = reader.first === null ? reader.range.since : minus(reader.first, ZONE_UNCERTAINTY)
    requested.until = reader.range.until
    const { since, until } = requested
    return {
      ...(since === null ? {} : { [sync.since]: asFilter(since) }),
      ...(until === null ? {} : { [sync.until]: asFilter(until) }),
    }
  }
  try {
    yield* paginate(context, { path: stream.path, parameters, resume: from.resume, bounds: requested, owner: null })
  } catch (error) {
    if (!isDeadCursor(error) || from.resume === null || reader.records > 0) throw error
    requestStats.warnings.push({
      code: 'cursor_refused',
      message: `the API refused a saved cursor (${error.message}); its range was read again from ${from.at ?? 'its start'}`,
      next: 'The pages after it were read all the same.',
    })
    reader.restarted = true
    yield* paginate(context, { path: stream.path, parameters, resume: null, bounds: requested, owner: null })
  }
}

const isPast = (first: Instant | null, until: Instant | null, uncertainty: number): boolean =>
  first !== null && until !== null && toMillis(first) > toMillis(until) + uncertainty

/** Milliseconds: less than the 4 hours that US Eastern time is behind UTC at least. */
const LESS_THAN_EASTERN = 3.5 * 3_600_000

/** The first record lies near the start of the range. If the API read the filter as Eastern time, it would lie hours later. */
function provesZone({ from, range }: Reader, { decoded }: ListPage): boolean {
  const at = from.resume === null && from.at === null ? (decoded.cursors[0] ?? null) : null
  if (at === null || range.since === null || at < range.since) return false
  return toMillis(at) < toMillis(range.since) + LESS_THAN_EASTERN
}

interface Rest {
  readonly reader: Reader
  readonly middle: Instant
  readonly millis: number
}

/** What is left to read of a segment; empty if it cannot be split. */
function restOf(reader: Reader, scan: Scan): Rest[] {
  const from = reader.position ?? reader.start
  if (!reader.ordered || from === null) return []
  const until = reader.range.until ?? scan.upperBound
  const millis = toMillis(until) - toMillis(from)
  const middle = fromMillis(Math.floor((toMillis(from) + millis / 2) / 1000) * 1000)
  return middle <= from || middle >= until ? [] : [{ reader, middle, millis }]
}
