import { toMillis } from '../common/instant.ts'
import type { DecodedPage, Instant, Range, Scan, Segment, Window } from '../common/model.ts'
import { type NumberedPage, LARGEST as PAGE_SIZE, SHARED } from './numbered-page.ts'

/** A segment that is being read, or waits to be read. */
export interface Reader {
  range: Range
  /** The segment as it was when this run began to read it. */
  readonly from: Segment
  /**
   * Cursor of the first record of the newest page: every earlier record has been read. The last record of a page is not
   * safe for that, because it may be one that was just edited.
   */
  first: Instant | null
  /** Cursor of the last record of the newest page: about how far reading has come. */
  position: Instant | null
  /** Records read. */
  records: number
  /** Cursor of the first record read. */
  start: Instant | null
  /** No record came before an older one. */
  ordered: boolean
  /** The next page starts further back than reading had come. */
  restarted: boolean
  /**
   * Signature of the first record of the segment that follows. The segment ends with the page that has it: what comes before
   * that record has been read, and the segment that follows begins with it. Null: not known.
   */
  stopAt: string | null
  /** The end of the range is the time of a record, and not one that the API was asked for as a filter. */
  exact: boolean
  /** The reader of the segment that follows, if that begins with a page that was requested by its number; null: none does. */
  follower: Reader | null
  /** Its first page, requested by its number, has arrived, or never will. */
  readonly arrival: PromiseWithResolvers<void>
  /** The list that is read, and how far; null: it was begun by another run, so where its pages lie is not known. */
  list: PlaceInList | null
}

/** A place in the list that a request with these filters gives. Used only to decide where to split. */
export interface PlaceInList {
  /** Of the first request. */
  readonly filters: Readonly<Record<string, string>>
  /** The range that they ask for. */
  readonly bounds: Window
  /** It is the list of the whole window, which the API may have counted. */
  readonly isWhole: boolean
  /** The page that reading begins with; null: the first one. */
  readonly start: NumberedPage | null
  /** Records read from it. */
  read: number
  /** Records of the list before the end of the segment; null: not known. */
  end: number | null
  /** A segment has begun at the end. */
  isSure: boolean
}

/** Records of the list before the first page that has not been requested. One page is in flight. */
export const nextIn = ({ start, read }: PlaceInList): number =>
  start === null ? read + PAGE_SIZE : read === 0 ? start.offset + start.limit : start.offset + read + PAGE_SIZE

/** Records of the list before the end of the newest page; 0: none has arrived. */
export const readIn = ({ start, read }: PlaceInList): number => (read === 0 ? 0 : (start?.offset ?? 0) + read)

/** Whether so much was read that the last page should have what the segment that follows begins with. */
export const hasReachedEnd = ({ list }: Reader): boolean =>
  list !== null && list.end !== null && readIn(list) >= list.end + SHARED

export const readerOf = (from: Segment): Reader => {
  const { id, since, until, at, ordered } = from
  const start = at ?? since
  return {
    range: { id, since, until },
    from,
    first: at,
    position: at,
    records: 0,
    start,
    ordered,
    restarted: false,
    stopAt: null,
    exact: false,
    follower: null,
    arrival: Promise.withResolvers(),
    list: null,
  }
}

/** Records how far the segment has been read, and whether the API keeps the order. */
export function recordPage(reader: Reader, { cursors }: DecodedPage): void {
  reader.records += cursors.length
  if (reader.list !== null) reader.list.read += cursors.length
  let first: Instant | null = null
  let last: Instant | null = null
  for (const at of cursors) {
    if (at === null) continue
    first ??= at
    if (last !== null && at < last) reader.ordered = false
    last = at
  }
  if (first === null) return
  if (reader.first !== null && first < reader.first && !reader.restarted) reader.ordered = false
  reader.start ??= first
  reader.first = first
  reader.position = last
}

/** Finished segments: how many records they had, and how many milliseconds of the window they covered. */
export interface Covered {
  records: number
  millis: number
}

/** Milliseconds of the window that the reader has covered, at least one second. */
export const spanOf = ({ start, position }: Reader, end = position): number =>
  start === null || end === null ? 0 : Math.max(1000, toMillis(end) - toMillis(start))

/** Share of the window to read before the measured density predicts the rest better than the API's count does. */
const MIN_MEASURED = 0.1

/**
 * Expected records per millisecond of the rest of the window. It is measured over everything read so far, because a single
 * page may lie within a few seconds. At first the API's count is used too; the API may count more than it serves.
 * @param expected records that the API counts in the window; null: not known.
 */
export function density(covered: Covered, active: ReadonlySet<Reader>, scan: Scan, expected: number | null): number {
  let { records, millis } = covered
  let oldest = scan.window.since
  for (const reader of active) {
    if (reader.start !== null && (oldest === null || reader.start < oldest)) oldest = reader.start
    if (reader.position === null || reader.records === 0) continue
    records += reader.records
    millis += spanOf(reader)
  }
  const measured = millis === 0 ? 0 : records / millis
  const whole = oldest === null ? 0 : toMillis(scan.upperBound) - toMillis(oldest)
  if (expected === null || whole <= 0 || millis > MIN_MEASURED * whole) return measured
  return Math.max(measured, expected / whole)
}
