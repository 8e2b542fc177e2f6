import { asFilter, fromMillis, minus, toMillis } from '../instant.ts'
import type { Instant, Page, Range, Segment, Walk } from '../model.ts'
import { createHandoff } from './handoff.ts'
import { cursorOf, ZONE_DOUBT } from './page.ts'
import { isDeadCursor, type Listing, PAGE_SIZE, walk as pagesOf, type Reading } from './paging.ts'
import type { Requests } from './request.ts'

export interface SegmentOptions {
  /** Segments read side by side at most. */
  readonly readers: number
  /** Records that the API counts in the window; null: not known. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/**
 * The rest of a segment, in pages, from which on it is worth a cut. A cut costs about one request, which is the time in
 * which one drains from the bucket; it saves half of the time that the rest would take one page after another. So a
 * fast API is read by one cursor, and a slow one by as many as its rate allows.
 */
const worthCutting = (requests: Requests): number => Math.max(2, 2 / inFlight(requests))

/** Requests that have to be under way at once for the rate to be used. */
const inFlight = ({ latencyMs, throttle }: Requests): number => (latencyMs() / 1000) * throttle.tier.perSecond

/** Readers beyond what keeps the rate busy would only wait; a quarter more makes up for uneven answers. */
const usefulReaders = (requests: Requests): number => Math.ceil(1.25 * inFlight(requests)) + 1

/** A segment that is being read, or waits for it. */
interface Reader {
  range: Range
  readonly from: Segment
  /** First record of the newest page: all before it has been read. Its last could be one that was just edited. */
  first: Instant | null
  /** Last record of the newest page: about how far the reading has come. */
  position: Instant | null
  /** Records and milliseconds behind it: how dense the range is. */
  records: number
  readonly began: Instant | null
  ordered: boolean
  /** The page that comes next begins further back than the range had come. */
  restarted: boolean
}

/**
 * Pages of a sorted stream, from as many places at once as the rate limit has room for. While it has, the largest rest
 * of a segment is cut in two at its middle; so a slow API is read by as many requests in flight as its rate allows,
 * and a fast one by a single cursor. Bounds are inclusive: two segments share the second between them, and the upsert
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
  let read = 0
  let doubt = ZONE_DOUBT

  const fill = (): void => {
    if (failure) return
    const most = Math.min(options.readers, Math.max(1, usefulReaders(requests)))
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
    const rests = [...active].flatMap(reader => restOf(reader, walk, density(active), options.expected(), read))
    const largest = rests.sort((a, b) => b.pages - a.pages)[0]
    if (!largest || largest.pages < worthCutting(requests)) return null
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
        note(reader, listing, reading)
        read += listing.records.length
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

const readerOf = (from: Segment): Reader => {
  const { id, since, until, at, ordered } = from
  const began = at ?? since
  return { range: { id, since, until }, from, first: at, position: at, records: 0, began, ordered, restarted: false }
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

/** Follows how far the segment has been read, and whether the API keeps the order. */
function note(reader: Reader, { records }: Listing, { stream }: Reading): void {
  reader.records += records.length
  const times = records.map(record => cursorOf(record, stream)).filter(at => at !== null)
  const [first] = times
  if (first === undefined) return
  if (reader.first !== null && first < reader.first && !reader.restarted) reader.ordered = false
  for (const [i, at] of times.slice(1).entries()) if (at < (times[i] ?? at)) reader.ordered = false
  reader.first = first
  reader.position = times.at(-1) ?? first
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

/** Records in a millisecond, over all that is being read. */
function density(active: ReadonlySet<Reader>): number {
  let records = 0
  let span = 0
  for (const reader of active) {
    if (reader.position === null || reader.records === 0) continue
    records += reader.records
    span += Math.max(1000, toMillis(reader.position) - toMillis(reader.began ?? reader.position))
  }
  return span === 0 ? 0 : records / span
}

interface Rest {
  readonly reader: Reader
  readonly middle: Instant
  readonly pages: number
}

/** What is left of a segment, in pages as far as one can tell; nothing where it cannot be cut. */
function restOf(reader: Reader, walk: Walk, usual: number, expected: number | null, read: number): Rest[] {
  const from = reader.position ?? reader.began
  if (!reader.ordered || from === null) return []
  const until = reader.range.until ?? walk.ceiling
  const rest = toMillis(until) - toMillis(from)
  const middle = fromMillis(Math.floor((toMillis(from) + rest / 2) / 1000) * 1000)
  if (middle <= from || middle >= until) return []
  const whole = toMillis(walk.ceiling) - toMillis(walk.window.since ?? from)
  const share = expected === null || whole <= 0 ? 0 : (Math.max(0, expected - read) * rest) / whole
  return [{ reader, middle, pages: Math.max(usual * rest, share) / PAGE_SIZE }]
}
