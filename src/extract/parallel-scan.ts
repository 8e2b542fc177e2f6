import { asFilter, fromMillis, minus, toMillis } from '../common/instant.ts'
import type { Instant, Page, Range, Walk } from '../common/model.ts'
import { createHandoff } from './channel.ts'
import { cursorOf, ZONE_DOUBT } from './page.ts'
import { isDeadCursor, type Listing, PAGE_SIZE, walk as pagesOf, type Reading } from './pagination.ts'
import { usefulReaders, worthCutting } from './parallelism.ts'
import { type Covered, density, note, type Reader, readerOf, spanOf } from './segment-reader.ts'

export interface SegmentOptions {
  /** Segments read side by side at most. */
  readonly readers: number
  /** Records that the API counts in the window; null: not known. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/**
 * Pages of a sorted stream, from as many places at once as the rate limit has room for. While it has, the largest rest
 * of a segment is cut in two at its middle; so a slow API is read by as many requests in flight as its rate allows,
 * and a fast one by few. Bounds are inclusive: two segments share the second between them, and the upsert
 * takes what is read twice.
 */
export async function* readSegments(reading: Reading, walk: Walk, options: SegmentOptions): AsyncGenerator<Page> {
  const { requests, signal } = reading
  const handoff = createHandoff<Page>()
  const waiting = walk.segments.filter(({ done }) => !done).map(readerOf)
  if (options.newestFirst) waiting.reverse()
  const active = new Set<Reader>()
  const stop = new AbortController()
  const inner: Reading = { ...reading, signal: AbortSignal.any([signal, stop.signal]) }
  let failure: { error: unknown } | null = null
  const unfinished = new Set(waiting)
  /** One list for all pages until it changes, so that many pages share it. */
  let ranges: readonly Range[] = waiting.map(reader => reader.range)
  let nextId = 1 + Math.max(...walk.segments.map(({ id }) => id))
  let doubt = ZONE_DOUBT
  const covered: Covered = { records: 0, millis: 0 }

  const fill = (): void => {
    if (failure) return
    const most = Math.min(options.readers, usefulReaders(requests.latencyMs(), requests.throttle.tier.perSecond))
    for (let room = requests.throttle.room(); active.size < most; room--) {
      if (active.size > 0 && room < 1) return
      const next = waiting.shift() ?? divide()
      if (!next) return
      active.add(next)
      void run(next)
    }
  }

  /** Cuts the largest rest, if it is large enough. */
  const divide = (): Reader | null => {
    const rests = [...active].flatMap(reader => restOf(reader, walk))
    const usual = density(covered, active, walk, options.expected())
    const largest = rests.sort((a, b) => b.millis - a.millis)[0]
    const least = worthCutting(requests.latencyMs(), requests.throttle.tier.perSecond)
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
        note(reader, listing.records, reading.stream)
        // Cut off while it was read: its own cursor knows nothing of the new end. A little is read twice, in case the
        // segment that begins there begins later than asked for.
        if (reader.records === listing.records.length && provesZone(reader, listing, reading)) doubt = 0
        const past = reader.ordered && isPast(reader.first, reader.range.until, doubt)
        const { records, receivedAt, resume } = listing
        const last = listing.last || past
        const { restarted } = reader
        const page = { records, receivedAt, resume, last, restarted, range: reader.range.id, ranges }
        reader.restarted = false
        if (last) {
          covered.records += reader.records
          covered.millis += spanOf(reader, reader.range.until ?? walk.ceiling)
          unfinished.delete(reader)
          ranges = [...unfinished].map(unread => unread.range)
        }
        await handoff.put(page)
        if (last || stop.signal.aborted) break
        fill()
      }
    } catch (error) {
      failure ??= { error }
      stop.abort()
    } finally {
      active.delete(reader)
      fill()
      if (active.size === 0) handoff.close()
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
    for (let page = await handoff.take(); page !== null; page = await handoff.take()) yield page
    const failed = failure as { error: unknown } | null
    if (failed) throw failed.error
  } finally {
    stop.abort()
    handoff.close()
    await ticking
  }
}

/** Pages of one segment, from where it stands. A cursor that the API no longer takes is replaced by the filters. */
async function* listings(reading: Reading, reader: Reader): AsyncGenerator<Listing> {
  const { stream, traffic } = reading
  const { from } = reader
  const { sync } = stream
  // As the first request says it: a cursor carries its filters, whatever is cut later.
  const asked: { since: Instant | null; until: Instant | null } = { since: null, until: null }
  const parameters = (): Record<string, string> => {
    if (sync.mode === 'full') return {}
    asked.since = reader.first === null ? reader.range.since : minus(reader.first, ZONE_DOUBT)
    asked.until = reader.range.until
    const { since, until } = asked
    return {
      ...(since === null ? {} : { [sync.since]: asFilter(since) }),
      ...(until === null ? {} : { [sync.until]: asFilter(until) }),
    }
  }
  try {
    yield* pagesOf(reading, { path: stream.path, parameters, resume: from.resume, bounds: asked })
  } catch (error) {
    if (!isDeadCursor(error) || from.resume === null || reader.records > 0) throw error
    traffic.remarks.push({
      code: 'cursor_refused',
      message: `the API no longer takes a saved cursor (${error.message}); its range was read again from ${from.at ?? 'its start'}`,
      next: 'Nothing is missing.',
    })
    reader.restarted = true
    yield* pagesOf(reading, { path: stream.path, parameters, resume: null, bounds: asked })
  }
}

const isPast = (first: Instant | null, until: Instant | null, doubt: number): boolean =>
  first !== null && until !== null && toMillis(first) > toMillis(until) + doubt

/** The least that US Eastern wall time is behind UTC, less a little. */
const SURELY_UTC = 3.5 * 3_600_000

/** A range whose first record lies at its beginning: read as Eastern, the filter would have begun hours later. */
function provesZone({ from, range }: Reader, { records }: Listing, { stream }: Reading): boolean {
  const at = from.resume === null && from.at === null ? cursorOf(records[0], stream) : null
  if (at === null || range.since === null || at < range.since) return false
  return toMillis(at) < toMillis(range.since) + SURELY_UTC
}

interface Rest {
  readonly reader: Reader
  readonly middle: Instant
  readonly millis: number
}

/** What is left of a segment; nothing where it cannot be cut. */
function restOf(reader: Reader, walk: Walk): Rest[] {
  const from = reader.position ?? reader.began
  if (!reader.ordered || from === null) return []
  const until = reader.range.until ?? walk.ceiling
  const millis = toMillis(until) - toMillis(from)
  const middle = fromMillis(Math.floor((toMillis(from) + millis / 2) / 1000) * 1000)
  return middle <= from || middle >= until ? [] : [{ reader, middle, millis }]
}
