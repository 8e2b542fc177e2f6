import { justBefore } from '../common/instant.ts'
import type { Instant, PageRead, Range, Scan, Segment, Window } from '../common/model.ts'

/** A scan that has read nothing yet. @param cuts instants at which its window is divided into segments. */
export function newScan(window: Window, upperBound: Instant, cuts: readonly Instant[] = []): Scan {
  const bounds = [window.since, ...cuts, window.until]
  const segments = bounds.slice(0, -1).map((since, id) => newSegment({ id, since, until: bounds[id + 1] ?? null }))
  return { window, upperBound, segments, keysRecorded: true }
}

const newSegment = (range: Range): Segment => ({
  ...range,
  at: null,
  highest: null,
  resume: null,
  ordered: true,
  done: false,
})

/**
 * The scan after the commit of these pages; null: it is complete.
 *
 * Each page carries all ranges into which the window was divided when the page arrived. Its own range would not be
 * enough: where a range has been divided and no page of the new part is committed yet, the scan would have a hole.
 */
export function advanceScan(scan: Scan, reads: readonly PageRead[]): Scan | null {
  const segments = new Map(scan.segments.map(segment => [segment.id, segment]))
  let divided: PageRead['ranges'] | null = null
  for (const read of reads) {
    if (read.ranges !== divided) for (const range of read.ranges) divide(segments, range)
    divided = read.ranges
    const segment = segments.get(read.range)
    if (!segment) throw new Error(`a page is of range ${read.range}, which this scan does not have`)
    segments.set(segment.id, advanceSegment(segment, read))
  }
  if ([...segments.values()].every(({ done }) => done)) return null
  return { ...scan, segments: mergeDone([...segments.values()].sort(byTime)) }
}

function divide(segments: Map<number, Segment>, range: Range): void {
  const segment = segments.get(range.id)
  segments.set(range.id, segment ? { ...segment, until: range.until } : newSegment(range))
}

function advanceSegment(before: Segment, page: PageRead): Segment {
  const { highest, lowest, inOrder, undated, resume, last, restarted } = page
  const segment = restarted ? { ...before, highest: null } : before
  const follows = segment.highest === null || lowest === null || lowest >= segment.highest
  const ordered = segment.ordered && inOrder && follows
  /*
   * The first record of the page counts, not the last. The API may choose a record for the page and serialise it after
   * an edit, and then it carries the time of the edit. As the last record of a page it would still look ordered.
   */
  const at = !ordered ? null : undated ? segment.at : (lowest ?? segment.at)
  return { ...segment, at, highest: highest ?? segment.highest, ordered, resume, done: last }
}

const byTime = (a: Segment, b: Segment): number => {
  if (a.since === b.since) return a.id - b.id
  return a.since === null || (b.since !== null && a.since < b.since) ? -1 : 1
}

/** Merges done segments that are neighbours, so that the stored scan stays small after thousands of pages. */
function mergeDone(segments: readonly Segment[]): readonly Segment[] {
  const merged: Segment[] = []
  for (const segment of segments) {
    const before = merged.at(-1)
    if (before?.done && segment.done) merged[merged.length - 1] = { ...before, until: segment.until }
    else merged.push(segment.done ? { ...segment, resume: null, at: null, highest: null } : segment)
  }
  return merged
}

/** The instant up to which everything has been read: through the done segments at the start and into the next one. */
export function completeUpTo({ segments }: Scan): Instant | null {
  const next = segments.find(({ done }) => !done)
  const at = next?.at ?? next?.since ?? null
  return at === null ? null : justBefore(at)
}
