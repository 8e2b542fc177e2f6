import { fromMillis, toMillis } from '../common/instant.ts'
import type { Instant, Scan } from '../common/model.ts'
import { LARGEST, LAST_PAGE, type NumberedPage, pageJustBefore, SHARED, SMALLEST } from './numbered-page.ts'
import { type Allowance, minPagesToSplit } from './parallelism.ts'
import { type Covered, density, nextIn, type Reader, readIn } from './segment-reader.ts'

/** Where a segment is split: at the first record of a page, or at an instant. */
export type Split =
  | { readonly kind: 'page'; readonly reader: Reader; readonly page: NumberedPage }
  | { readonly kind: 'instant'; readonly reader: Reader; readonly at: Instant }

export interface SplitOptions {
  readonly active: ReadonlySet<Reader>
  readonly scan: Scan
  readonly covered: Covered
  /** Records that the API counts in the window; null: not known. */
  readonly expected: number | null
  readonly allowance: Allowance
  /** Whether pages are requested by their numbers. */
  readonly numbers: boolean
  /** Whether a list whose length is not known is tried to be longer than its density tells. */
  readonly spread: boolean
  /** Readers whose first page, requested by its number, has not arrived. */
  readonly pending: ReadonlySet<Reader>
}

/** Of a list that may end soon, so many pages are tried at a time at most. */
const MOST_TRIED = 6
/** A page in a list begins at most so many records before the place that it is meant for. */
const FURTHEST = LARGEST / 2

/** Splits the segment with the most left to read at the middle of its rest, if that is enough. */
export function chooseSplit(options: SplitOptions): Split | null {
  const { active } = options
  const perMilli = density(options.covered, active, options.scan, options.expected)
  const rests = [...active]
    .filter(({ ordered }) => ordered)
    .map(reader => ({ reader, pages: pagesLeft(reader, perMilli, options) }))
    .sort((a, b) => b.pages - a.pages)
  const least = minPagesToSplit(options.allowance)
  for (const { reader, pages } of rests) {
    // One page is in flight.
    if (pages + 1 < least || pages < 1) return null
    const split = splitOf(reader, pages, options)
    if (split !== null) return split
  }
  return null
}

/** Pages of a segment that have not been requested. */
function pagesLeft(reader: Reader, perMilli: number, options: SplitOptions): number {
  const end = endOf(reader, options)
  if (reader.list !== null && end !== null) return pagesFor(toRead(reader, end) - nextIn(reader.list))
  const estimate = Math.floor((perMilli * (restOf(reader, options.scan)?.millis ?? 0)) / LARGEST) - 1
  // A shop that grows has more than the density of its first pages tells.
  return triedOf(reader, options) > 0 ? Math.max(estimate, 1) : estimate
}

/**
 * How many pages may be tried at a time of a list that nobody has counted and that may end soon: as many as it has been read
 * already. A try beyond its end is a request in vain.
 */
function triedOf({ list }: Reader, { active, expected, numbers, spread }: SplitOptions): number {
  if (!numbers || !spread || list === null || !list.isWhole || expected !== null) return 0
  const read = [...active].map(other => (other.list?.filters === list.filters ? readIn(other.list) : 0))
  return Math.min(MOST_TRIED, Math.floor(Math.max(...read) / SMALLEST))
}

const pagesFor = (records: number): number => Math.max(0, Math.ceil(records / LARGEST))

/** Records of the list that the segment has to read. If another one follows, it reads the first records of that too. */
const toRead = ({ follower }: Reader, end: number): number => end + (follower === null ? 0 : SHARED)

/** Records of the list before the end of the segment; null: not known. */
function endOf({ list }: Reader, { expected }: SplitOptions): number | null {
  if (list === null || list.end !== null) return list?.end ?? null
  // The API may count fewer records than it serves.
  return list.isWhole && expected !== null && expected > nextIn(list) ? expected : null
}

function splitOf(reader: Reader, pages: number, options: SplitOptions): Split | null {
  const { list } = reader
  if (options.numbers && list !== null) {
    const end = endOf(reader, options)
    const next = nextIn(list)
    if (end === null) {
      // A page farther away is tried alone.
      const tried = pages <= MOST_TRIED ? triedOf(reader, options) : 0
      if (pendingOf(reader, options) >= Math.max(1, tried)) return null
      const page = pageAfter(next, tried > 0 ? 0 : Math.floor(pages / 2))
      if (page !== null) return { kind: 'page', reader, page }
    } else {
      const page = fittingPage(next, toRead(reader, end), pages)
      if (page !== null) return { kind: 'page', reader, page }
      if (end <= LARGEST * (LAST_PAGE - 1)) return null
    }
  }
  const rest = options.pending.has(reader) ? null : restOf(reader, options.scan)
  return rest === null ? null : { kind: 'instant', reader, at: rest.middle }
}

/** The page that begins just before the end of so many further pages of a segment. */
const pageAfter = (next: number, pages: number): NumberedPage | null =>
  pageJustBefore(next + LARGEST * pages, next + LARGEST * pages - FURTHEST)

/** A segment of at least so many pages may be split even if both parts together take one page more. */
const WORTH_A_PAGE = 4

/**
 * The page nearest to the middle of what is left of a segment with which both parts together take no page more. A page begins
 * a few records before the place that it is meant for, and may be smaller than others, so not every one is such.
 * @param next records of the list before what is left. @param end records before its end. @param pages that it takes.
 */
function fittingPage(next: number, end: number, pages: number): NumberedPage | null {
  const middle = Math.floor(pages / 2)
  let costly: NumberedPage | null = null
  for (let step = 0; step < 2 * pages; step++) {
    const before = middle + (step % 2 === 0 ? step / 2 : -(step + 1) / 2)
    if (before < 0 || before >= pages) continue
    const page = pageAfter(next, before)
    if (page === null) continue
    const more = before + 1 + pagesFor(end - page.offset - page.limit) - pages
    if (more <= 0) return page
    if (more === 1 && pages >= WORTH_A_PAGE) costly ??= page
  }
  return costly
}

/** How many pages of the same list are on their way that may lie beyond its end. */
const pendingOf = ({ list }: Reader, { pending }: SplitOptions): number =>
  [...pending].filter(other => other.list?.filters === list?.filters).length

/** What is left to read of a segment by time; null: it is not known, or too short. */
function restOf(reader: Reader, scan: Scan): { readonly middle: Instant; readonly millis: number } | null {
  const from = reader.position ?? reader.start
  if (from === null) return null
  const until = reader.range.until ?? scan.upperBound
  const millis = toMillis(until) - toMillis(from)
  const middle = fromMillis(Math.floor((toMillis(from) + millis / 2) / 1000) * 1000)
  return middle <= from || middle >= until ? null : { middle, millis }
}
