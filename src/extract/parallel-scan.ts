import { asFilter, fromMillis, minus, toMillis } from '../common/instant.ts'
import type { Instant, Page, Range, Scan } from '../common/model.ts'
import { createChannel } from './channel.ts'
import { ZONE_UNCERTAINTY } from './page-check.ts'
import { isDeadCursor, type Listing, PAGE_SIZE, paginate, type Reading } from './pagination.ts'
import { usefulReaders, worthCutting } from './parallelism.ts'
import { type Covered, density, note, type Reader, readerOf, spanOf } from './segment-reader.ts'

export interface ParallelScanOptions {
  /** Segments read side by side at most. */
  readonly readers: number
  /** Records that the API counts in the window; null: not known. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/**
 * Pages of a sorted stream, from as many places at once as the rate limit has room for. While it has, the largest rest
 * of a segment is cut in two at its middle; so a slow API is read by as many api in flight as its rate allows,
 * and a fast one by few. Bounds are inclusive: two segments share the second between them, and the upsert
 * takes what is read twice.
 */
export async function* parallelScan(reading: Reading, scan: Scan, options: ParallelScanOptions): AsyncGenerator<Page> {
  const { api, signal } = reading
  const channel = createChannel<Page>()
  const waiting = scan.segments.filter(({ done }) => !done).map(readerOf)
  if (options.newestFirst) waiting.reverse()
  const active = new Set<Reader>()
  const stop = new AbortController()
  const inner: Reading = { ...reading, signal: AbortSignal.any([signal, stop.signal]) }
  let failure: { error: unknown } | null = null
  const unfinished = new Set(waiting)
  /** One list for all pages until it changes, so that many pages share it. */
  let ranges: readonly Range[] = waiting.map(reader => reader.range)
  let nextId = 1 + Math.max(...scan.segments.map(({ id }) => id))
  let uncertainty = ZONE_UNCERTAINTY
  const covered: Covered = { records: 0, millis: 0 }

  const fill = (): void => {
    if (failure) return
    const most = Math.min(options.readers, usefulReaders(api.latencyMs(), api.rateLimit.tier.perSecond))
    for (let room = api.rateLimit.room(); active.size < most; room--) {
      if (active.size > 0 && room < 1) return
      const next = waiting.shift() ?? divide()
      if (!next) return
      active.add(next)
      void run(next)
    }
  }

  /** Cuts the largest rest, if it is large enough. */
  const divide = (): Reader | null => {
    const rests = [...active].flatMap(reader => restOf(reader, scan))
    const usual = density(covered, active, scan, options.expected())
    const largest = rests.sort((a, b) => b.millis - a.millis)[0]
    const least = worthCutting(api.latencyMs(), api.rateLimit.tier.perSecond)
    if (!largest || (usual * largest.millis) / PAGE_SIZE < least) return null
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
      for await (const listing of listings(inner, reader)) {
        note(reader, listing.decoded)
        // Cut off while it was read: its own cursor knows nothing of the new end. A little is read twice, in case the
        // segment that begins there begins later than asked for.
        if (reader.records === listing.decoded.keys.length && provesZone(reader, listing)) uncertainty = 0
        const past = reader.ordered && isPast(reader.first, reader.range.until, uncertainty)
        const { decoded, receivedAt, resume } = listing
        const last = listing.last || past
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
        fill()
      }
    } catch (error) {
      failure ??= { error }
      stop.abort()
    } finally {
      active.delete(reader)
      fill()
      if (active.size === 0) channel.close()
    }
  }

  const tick = async (): Promise<void> => {
    while (!inner.signal.aborted && active.size > 0) {
      fill()
      await options.pause(inner.signal).catch(() => {})
    }
  }

  fill()
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

/** Pages of one segment, from where it stands. A cursor that the API no longer takes is replaced by the filters. */
async function* listings(reading: Reading, reader: Reader): AsyncGenerator<Listing> {
  const { stream, requestStats } = reading
  const { from } = reader
  const { sync } = stream
  // As the first request says it: a cursor carries its filters, whatever is cut later.
  const asked: { since: Instant | null; until: Instant | null } = { since: null, until: null }
  const parameters = (): Record<string, string> => {
    if (sync.mode === 'full') return {}
    asked.since = reader.first === null ? reader.range.since : minus(reader.first, ZONE_UNCERTAINTY)
    asked.until = reader.range.until
    const { since, until } = asked
    return {
      ...(since === null ? {} : { [sync.since]: asFilter(since) }),
      ...(until === null ? {} : { [sync.until]: asFilter(until) }),
    }
  }
  try {
    yield* paginate(reading, { path: stream.path, parameters, resume: from.resume, bounds: asked, owner: null })
  } catch (error) {
    if (!isDeadCursor(error) || from.resume === null || reader.records > 0) throw error
    requestStats.warnings.push({
      code: 'cursor_refused',
      message: `the API no longer takes a saved cursor (${error.message}); its range was read again from ${from.at ?? 'its start'}`,
      next: 'Nothing is missing.',
    })
    reader.restarted = true
    yield* paginate(reading, { path: stream.path, parameters, resume: null, bounds: asked, owner: null })
  }
}

const isPast = (first: Instant | null, until: Instant | null, uncertainty: number): boolean =>
  first !== null && until !== null && toMillis(first) > toMillis(until) + uncertainty

/** The least that US Eastern wall time is behind UTC, less a little. */
const SURELY_UTC = 3.5 * 3_600_000

/** A range whose first record lies at its beginning: read as Eastern, the filter would have begun hours later. */
function provesZone({ from, range }: Reader, { decoded }: Listing): boolean {
  const at = from.resume === null && from.at === null ? (decoded.cursors[0] ?? null) : null
  if (at === null || range.since === null || at < range.since) return false
  return toMillis(at) < toMillis(range.since) + SURELY_UTC
}

interface Rest {
  readonly reader: Reader
  readonly middle: Instant
  readonly millis: number
}

/** What is left of a segment; nothing where it cannot be cut. */
function restOf(reader: Reader, scan: Scan): Rest[] {
  const from = reader.position ?? reader.began
  if (!reader.ordered || from === null) return []
  const until = reader.range.until ?? scan.upperBound
  const millis = toMillis(until) - toMillis(from)
  const middle = fromMillis(Math.floor((toMillis(from) + millis / 2) / 1000) * 1000)
  return middle <= from || middle >= until ? [] : [{ reader, middle, millis }]
}
