import { justBefore } from '../common/instant.ts'
import type { Instant, PageRead, Range, Scan, Segment, Window } from '../common/model.ts'

/** A scan that has read nothing yet. @param cuts instants at which the window is cut from the start. */
export function newScan(window: Window, upperBound: Instant, cuts: readonly Instant[] = []): Scan {
  const bounds = [window.since, ...cuts, window.until]
  const segments = bounds.slice(0, -1).map((since, id) => unread({ id, since, until: bounds[id + 1] ?? null }))
  return { window, upperBound, segments, keysRecorded: true }
}

const unread = (range: Range): Segment => ({
  ...range,
  at: null,
  highest: null,
  resume: null,
  ordered: true,
  done: false,
})

/**
 * The scan after these pages have been committed, or null when it has ended.
 *
 * Every page says how the window was divided when it came. Taking only the division that concerns the page itself
 * would leave a hole where another cut has been made but none of its pages committed yet.
 */
export function scanned(scan: Scan, reads: readonly PageRead[]): Scan | null {
  const segments = new Map(scan.segments.map(segment => [segment.id, segment]))
  let divided: PageRead['ranges'] | null = null
  for (const read of reads) {
    if (read.ranges !== divided) for (const range of read.ranges) divide(segments, range)
    divided = read.ranges
    const segment = segments.get(read.range)
    if (!segment) throw new Error(`a page of range ${read.range}, which is none of this scan`)
    segments.set(segment.id, after(segment, read))
  }
  if ([...segments.values()].every(({ done }) => done)) return null
  return { ...scan, segments: joined([...segments.values()].sort(byTime)) }
}

function divide(segments: Map<number, Segment>, range: Range): void {
  const segment = segments.get(range.id)
  segments.set(range.id, segment ? { ...segment, until: range.until } : unread(range))
}

function after(before: Segment, { highest, lowest, inOrder, resume, last, restarted }: PageRead): Segment {
  const segment = restarted ? { ...before, highest: null } : before
  const steps = segment.highest === null || lowest === null || lowest >= segment.highest
  const ordered = segment.ordered && inOrder && steps
  /*
   * From a page's first record, not from its last: a record edited between its choice and its serialisation carries
   * the time of the edit in the place of the old one, and at the end of a page nothing contradicts it.
   */
  const at = ordered ? (lowest ?? segment.at) : null
  return { ...segment, at, highest: highest ?? segment.highest, ordered, resume, done: last }
}

const byTime = (a: Segment, b: Segment): number => {
  if (a.since === b.since) return a.id - b.id
  return a.since === null || (b.since !== null && a.since < b.since) ? -1 : 1
}

/** What is done side by side is kept as one, so that a scan of thousands of pages stays a small value. */
function joined(segments: readonly Segment[]): readonly Segment[] {
  const kept: Segment[] = []
  for (const segment of segments) {
    const before = kept.at(-1)
    if (before?.done && segment.done) kept[kept.length - 1] = { ...before, until: segment.until }
    else kept.push(segment.done ? { ...segment, resume: null, at: null, highest: null } : segment)
  }
  return kept
}

/** Up to where everything has been read: the end of the done segments at the beginning, and a bit of the next. */
export function scannedUpTo({ segments }: Scan): Instant | null {
  const next = segments.find(({ done }) => !done)
  const at = next?.at ?? next?.since ?? null
  return at === null ? null : justBefore(at)
}
