import { toMillis } from '../common/instant.ts'
import type { DecodedPage, Instant, Range, Scan, Segment } from '../common/model.ts'

/** A segment that is being read, or waits for it. */
export interface Reader {
  range: Range
  readonly from: Segment
  /** First record of the newest page: all before it has been read. Its last could be one that was just edited. */
  first: Instant | null
  /** Last record of the newest page: about how far the reading has come. */
  position: Instant | null
  /** Records and milliseconds behind it: how dense the range is. */
  records: number
  began: Instant | null
  ordered: boolean
  /** The page that comes next begins further back than the range had come. */
  restarted: boolean
}

export const readerOf = (from: Segment): Reader => {
  const { id, since, until, at, ordered } = from
  const began = at ?? since
  return { range: { id, since, until }, from, first: at, position: at, records: 0, began, ordered, restarted: false }
}

/** Follows how far the segment has been read, and whether the API keeps the order. */
export function note(reader: Reader, { cursors }: DecodedPage): void {
  reader.records += cursors.length
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
  reader.began ??= first
  reader.first = first
  reader.position = last
}

/** What has been read: how many records, over how many milliseconds of the window. */
export interface Covered {
  records: number
  millis: number
}

export const spanOf = ({ began, position }: Reader, end = position): number =>
  began === null || end === null ? 0 : Math.max(1000, toMillis(end) - toMillis(began))

/** Of the window, read before a density says more about the rest than the API's count does. */
const TELLING = 0.1

/**
 * Records in a millisecond, of what is still to be read. Over all that has been read, because a single page may lie in
 * a few seconds; and at first as the API counts them, which may be more than it serves.
 */
export function density(covered: Covered, active: ReadonlySet<Reader>, scan: Scan, expected: number | null): number {
  let { records, millis } = covered
  let oldest = scan.window.since
  for (const reader of active) {
    if (reader.began !== null && (oldest === null || reader.began < oldest)) oldest = reader.began
    if (reader.position === null || reader.records === 0) continue
    records += reader.records
    millis += spanOf(reader)
  }
  const seen = millis === 0 ? 0 : records / millis
  const whole = oldest === null ? 0 : toMillis(scan.upperBound) - toMillis(oldest)
  if (expected === null || whole <= 0 || millis > TELLING * whole) return seen
  return Math.max(seen, expected / whole)
}
