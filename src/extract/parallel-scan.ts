import { SyncError } from '../common/errors.ts'
import { asFilter, minus, toMillis, ZONE_UNCERTAINTY } from '../common/instant.ts'
import type { DecodedPage, Instant, Page, Range, Scan, Segment, Window } from '../common/model.ts'
import { createChannel } from './channel.ts'
import type { ListPage, ReadContext } from './list.ts'
import { firstSignature, hasRecord, placeOf } from './page-check.ts'
import { isDeadCursor, paginate } from './pagination.ts'
import type { Readers, SharedScan } from './readers.ts'
import {
  type Covered,
  hasReachedEnd,
  type PlaceInList,
  type Reader,
  readerOf,
  recordPage,
  spanOf,
} from './segment-reader.ts'
import { chooseSplit, type Split } from './split.ts'

export interface ParallelScanOptions {
  /** Those of all streams. */
  readonly readers: Readers
  /** Records that the API counts in the window; null: not known. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/**
 * Pages of a sorted stream, read by as many readers in parallel as the rate limit has room for. While it has room, the
 * segment with the most left to read is split at the middle of its rest. So a slow API gets as many requests in flight as
 * its rate allows, and a fast one few.
 *
 * Where a segment is split does not matter for what is read. Bounds are inclusive: two neighbours share one instant, and the
 * upsert accepts records that are read twice. A segment ends with the page that has the first record of its neighbour, or
 * with one that lies behind its end.
 */
export async function* parallelScan(
  context: ReadContext,
  scan: Scan,
  options: ParallelScanOptions,
): AsyncGenerator<Page> {
  const { signal, requestStats } = context
  const { readers } = options
  const channel = createChannel<Page>()
  const waiting = scan.segments.filter(({ done }) => !done).map(readerOf)
  if (options.newestFirst) waiting.reverse()
  const active = new Set<Reader>()
  /** Of those, the ones whose first page, requested by its number, has not arrived: they have no range yet. */
  const pending = new Set<Reader>()
  const stop = new AbortController()
  const inner: ReadContext = { ...context, signal: AbortSignal.any([signal, stop.signal]) }
  let failure: { error: unknown } | null = null
  const unfinished = new Set(waiting)
  /** Pages share one list until it changes, which saves memory. */
  let ranges: readonly Range[] = waiting.map(reader => reader.range)
  let nextId = 1 + Math.max(...scan.segments.map(({ id }) => id))
  let uncertainty = ZONE_UNCERTAINTY
  /** No page has shown another order of records of one instant than that of their ids. */
  let tiesById = true
  const covered: Covered = { records: 0, millis: 0 }
  /** For each list, by its filters: where pages begin, by their first records. */
  const beginnings = new Map<PlaceInList['filters'], Map<string, number>>()

  const shared: SharedScan = {
    get size() {
      return active.size
    },
    start() {
      const next = failure ? null : (waiting.shift() ?? split())
      if (next === null) return false
      active.add(next)
      void run(next)
      return true
    },
  }

  const startReaders = (): void => {
    // One reads in any case.
    if (active.size === 0) shared.start()
    readers.start()
  }

  const split = (): Reader | null => {
    const { allowance, servesNumbers: numbers, mustSpread: spread } = readers
    const expected = options.expected()
    const chosen = chooseSplit({ active, scan, covered, expected, allowance, numbers, spread, pending })
    if (chosen === null) return null
    return chosen.kind === 'page' ? atPage(chosen) : atInstant(chosen)
  }

  const atInstant = ({ reader, at }: Split & { kind: 'instant' }): Reader => {
    const next = newReader(at, reader)
    reader.range = { ...reader.range, until: at }
    reader.stopAt = null
    reader.exact = false
    // Where in its list the instant lies is not known.
    if (reader.list !== null) reader.list = { ...reader.list, end: null, isSure: false }
    begun(next)
    return next
  }

  /** The page is requested. Only its first record tells where the segment is split. */
  const atPage = ({ reader, page }: Split & { kind: 'page' }): Reader => {
    const next = newReader(null, reader)
    const list = reader.list as PlaceInList
    next.list = { ...list, start: page, read: 0 }
    list.end = page.offset
    next.follower = reader.follower
    reader.follower = next
    pending.add(next)
    return next
  }

  const newReader = (since: Instant | null, { range: { until }, stopAt, exact }: Reader): Reader => {
    const range: Range = { id: nextId++, since, until }
    const segment: Segment = { ...range, at: null, highest: null, resume: null, ordered: true, done: false }
    return { ...readerOf(segment), stopAt, exact }
  }

  const begun = (reader: Reader): void => {
    unfinished.add(reader)
    ranges = [...unfinished].map(unread => unread.range)
  }

  /** Two places in a list at which the same record stands: the API ignores the numbers of pages. */
  const noteBeginning = ({ filters, start }: PlaceInList, page: DecodedPage): void => {
    const first = firstSignature(page)
    const places = beginnings.get(filters) ?? new Map<string, number>()
    const place = start?.offset ?? 0
    if (first !== '' && (places.get(first) ?? place) !== place) readers.servesNumbers = false
    beginnings.set(filters, places.set(first, place))
  }

  /**
   * The first page of a reader that was requested by its number has arrived: the segment in which it begins is split there.
   * @returns false: the page is of no use. It lies beyond the end of the list, or its place has been read meanwhile.
   */
  const placed = (reader: Reader, { keys, cursors, zoned }: DecodedPage): boolean => {
    settle(reader)
    const cut = cursors[0] ?? null
    const { list } = reader
    if (keys.length === 0 && list?.start) endsBefore(list, list.start.offset)
    // Where pages are counted in another order than cursors go, what lies before and behind a page is not known.
    if (!orderedById({ keys, cursors })) readers.servesNumbers = false
    if (cut === null || !zoned || !inOrder(cursors) || !readers.servesNumbers) return false
    const parent = [...unfinished].find(other => holds(other, cut))
    if (parent === undefined) return false
    const { id } = reader.range
    reader.range = { id, since: cut, until: parent.range.until }
    reader.stopAt = parent.stopAt
    reader.exact = parent.exact
    parent.range = { ...parent.range, until: cut }
    parent.stopAt = firstSignature({ keys, cursors })
    parent.exact = true
    if (parent.list !== null) parent.list.isSure = true
    begun(reader)
    return true
  }

  /** The first page of the reader is no longer waited for. */
  const settle = (reader: Reader): boolean => {
    reader.arrival.resolve()
    return pending.delete(reader)
  }

  /** The reader has begun no segment, so the segment before it goes on to the next one. */
  const drop = (reader: Reader): void => {
    for (const other of active)
      if (other.follower === reader) {
        other.follower = reader.follower
        if (other.list !== null && reader.list !== null) other.list.end = reader.list.end
      }
    settle(reader)
  }

  /**
   * Whether a segment that is read in order has been read to its end. If it was split while it was read, its cursor leads past
   * its new end. The page with the first record of its neighbour ends it. If the API does not order records of one instant by
   * their id, a later one has to follow: pages requested by their number might have another order. It may not be the last
   * one, which may have been edited just now. Without the neighbour's record, the segment is read a little past an end that
   * was a filter, in case the neighbour starts later than requested.
   */
  const isRead = ({ first, range: { until }, stopAt, exact }: Reader, page: DecodedPage): boolean => {
    if (first === null || until === null) return false
    const beforeLast = page.cursors.at(-2) ?? null
    const isPast = tiesById || (beforeLast !== null && beforeLast > until)
    if (stopAt !== null && isPast && hasRecord(page, stopAt)) return true
    return toMillis(first) > toMillis(until) + (exact ? 0 : uncertainty)
  }

  /**
   * Whether the page is the last one of its segment. A reader that should have come to the segment that follows waits for its
   * first page, and does not request what that has.
   */
  const isLast = async (reader: Reader, { decoded, last }: ListPage): Promise<boolean> => {
    if (last) return true
    if (!reader.ordered) return false
    while (!isRead(reader, decoded)) {
      const { follower } = reader
      if (follower === null || !pending.has(follower) || !hasReachedEnd(reader)) return false
      await follower.arrival.promise
    }
    return true
  }

  /** The list has no more than so many records. */
  const endsBefore = ({ filters }: PlaceInList, records: number): void => {
    for (const { list } of active)
      if (list?.filters === filters && (list.end === null || list.end >= records)) list.end = Math.max(records, 0)
  }

  /** The segment before this one may end where this one begins, wherever that is. */
  const tellNeighbour = (reader: Reader, { keys, cursors, zoned }: DecodedPage): void => {
    const { since } = reader.range
    const first = cursors[0] ?? null
    if (since === null || first === null || first < since || !zoned || !inOrder(cursors)) return
    for (const other of unfinished)
      if (other !== reader && other.range.until === since) other.stopAt ??= firstSignature({ keys, cursors })
  }

  const run = async (reader: Reader): Promise<void> => {
    const ended = readers.begin()
    try {
      for await (const listed of listPages(inner, reader, scan)) {
        const { decoded, receivedAt, resume } = listed
        const isFirst = reader.records === 0
        if (isFirst && reader.list !== null) noteBeginning(reader.list, decoded)
        if (pending.has(reader) && !placed(reader, decoded)) {
          requestStats.readAgain += decoded.keys.length
          drop(reader)
          break
        }
        recordPage(reader, decoded)
        tiesById &&= orderedById(decoded)
        // The list goes on from the time of a record, so places in it are others.
        if (resume === null && !listed.last) reader.list = null
        if (isFirst && provesZone(reader, listed)) uncertainty = 0
        if (isFirst && reader.from.resume === null) tellNeighbour(reader, decoded)
        const last = await isLast(reader, listed)
        requestStats.readAgain += sharedWithNext(reader, decoded)
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
      if (pending.has(reader) && isNoAnswer(error)) {
        // Nothing rests on this page: its records are read by the reader before it.
        readers.servesNumbers = false
      } else {
        failure ??= { error }
        stop.abort()
      }
    } finally {
      ended()
      active.delete(reader)
      if (pending.has(reader)) drop(reader)
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

  const leave = readers.join(shared)
  startReaders()
  const ticking = tick()
  try {
    for (let page = await channel.take(); page !== null; page = await channel.take()) yield page
    const failed = failure as { error: unknown } | null
    if (failed) throw failed.error
  } finally {
    leave()
    stop.abort()
    channel.close()
    await ticking
  }
}

/** How many records of the page the segment that follows has too. */
function sharedWithNext({ stopAt, range: { until } }: Reader, page: DecodedPage): number {
  const at = stopAt === null ? -1 : placeOf(page, stopAt)
  if (at >= 0) return page.keys.length - at
  return until === null ? 0 : page.cursors.filter(cursor => cursor !== null && cursor > until).length
}

/** The API did not serve a page by its number. Anything that would end the run is thrown by another request too. */
const isNoAnswer = (error: unknown): boolean => error instanceof SyncError && error.reaction !== 'stop'

/** The remaining pages of one segment. If the API refuses the saved cursor, the segment is requested by its filters. */
async function* listPages(context: ReadContext, reader: Reader, scan: Scan): AsyncGenerator<ListPage> {
  const { stream, requestStats } = context
  const { from } = reader
  const { path } = stream
  if (reader.list?.start) {
    const { filters, bounds, start } = reader.list
    return yield* paginate(context, { path, parameters: () => filters, resume: null, bounds, owner: null, start })
  }
  // The filters of the first request. Its cursors keep them, even if the segment is split later.
  const requested: { since: Instant | null; until: Instant | null } = { since: null, until: null }
  const parameters = (): Record<string, string> => {
    requested.since = reader.first === null ? reader.range.since : minus(reader.first, ZONE_UNCERTAINTY)
    requested.until = reader.range.until
    const filters = filtersOf(context, requested)
    const isWhole = requested.since === scan.window.since && requested.until === null
    reader.list = { filters, bounds: requested, isWhole, start: null, read: 0, end: null, isSure: false }
    return filters
  }
  try {
    yield* paginate(context, { path, parameters, resume: from.resume, bounds: requested, owner: null })
  } catch (error) {
    if (!isDeadCursor(error) || from.resume === null || reader.records > 0) throw error
    requestStats.warnings.push({
      code: 'cursor_refused',
      message: `the API refused a saved cursor (${error.message}); its range was read again from ${from.at ?? 'its start'}`,
      next: 'The pages after it were read all the same.',
    })
    reader.restarted = true
    yield* paginate(context, { path, parameters, resume: null, bounds: requested, owner: null })
  }
}

function filtersOf({ stream: { sync } }: ReadContext, { since, until }: Window): Record<string, string> {
  if (sync.mode === 'full') return {}
  return {
    ...(since === null ? {} : { [sync.since]: asFilter(since) }),
    ...(until === null ? {} : { [sync.until]: asFilter(until) }),
  }
}

/** Whether the segment lies around an instant, and reading has not come past it. */
const holds = ({ range: { since, until }, position, ordered }: Reader, at: Instant): boolean =>
  ordered && position !== null && position <= at && (since === null || since <= at) && (until === null || at < until)

function inOrder(cursors: readonly (Instant | null)[]): boolean {
  let last: Instant | null = null
  for (const at of cursors) {
    if (at === null || (last !== null && at < last)) return false
    last = at
  }
  return true
}

/** Whether no record of the same instant comes before one with a smaller id. */
function orderedById({ keys, cursors }: Pick<DecodedPage, 'keys' | 'cursors'>): boolean {
  for (let i = 1; i < keys.length; i++)
    if (cursors[i] === cursors[i - 1] && !isSmaller(keys[i - 1] ?? '', keys[i] ?? '')) return false
  return true
}

const isSmaller = (a: string, b: string): boolean => a.length < b.length || (a.length === b.length && a < b)

/** Milliseconds: less than the 4 hours that US Eastern time is behind UTC at least. */
const LESS_THAN_EASTERN = 3.5 * 3_600_000

/** The first record lies near the start of the range. If the API read the filter as Eastern time, it would lie hours later. */
function provesZone({ from, range }: Reader, { decoded }: ListPage): boolean {
  const at = from.resume === null && from.at === null ? (decoded.cursors[0] ?? null) : null
  if (at === null || range.since === null || at < range.since) return false
  return toMillis(at) < toMillis(range.since) + LESS_THAN_EASTERN
}
