import { earlier, later, latestPast } from '../common/instant.ts'
import type { DecodedPage, DecodeStats, FlatRecord, Instant, Page, PageRead, RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/**
 * Merges pages into one batch in which each key occurs once: Postgres refuses to merge two rows into one, and DuckDB keeps
 * either of them. Of two versions of a record, the newer by cursor is kept, and of two with an equal cursor the later read.
 * A cursor in the future counts for nothing, as in the merge with the tables.
 */
export function mergePages(stream: Stream, pages: readonly [Page, ...Page[]]): RowBatch {
  const records = new Map<string, FlatRecord>()
  const stats: DecodeStats = { cleaned: 0, unknownFields: new Map(), mismatched: new Map() }
  let repeated = 0
  let read = 0
  let receivedAt = pages[0].receivedAt
  for (const page of pages) {
    const { decoded } = page
    receivedAt = later(receivedAt, page.receivedAt)
    const latest = latestPast(page.receivedAt)
    read += decoded.keys.length
    stats.cleaned += decoded.stats.cleaned
    addCounts(decoded.stats.unknownFields, stats.unknownFields)
    addCounts(decoded.stats.mismatched, stats.mismatched)
    for (const record of decoded.records) {
      const { key } = record
      const known = records.get(key)
      if (known) repeated += 1
      if (known && isOlder(record, known, latest)) continue
      // A map keeps a replaced key in its old position, so it is deleted before it is set again.
      if (known) records.delete(key)
      records.set(key, record)
    }
  }
  const rejects = pages.flatMap(({ decoded }) => decoded.rejects)
  return { stream, records, rejects, reads: pages.map(page => readOf(stream, page)), read, repeated, receivedAt, stats }
}

/** How the page moves its range forward. Rejected records do not count. */
function readOf(stream: Stream, { decoded, receivedAt: _, ...position }: Page): PageRead {
  let lowest: Instant | null = null
  let highest: Instant | null = null
  let inOrder = true
  let undated = false
  for (const { cursor } of decoded.records) {
    if (cursor === null) {
      undated = true
      continue
    }
    if (highest !== null && cursor < highest) inOrder = false
    lowest = lowest === null ? cursor : earlier(lowest, cursor)
    highest = highest === null ? cursor : later(highest, cursor)
  }
  const isDated = stream.sync.mode === 'full' || !undated
  return { ...position, lowest, highest, inOrder, ...(isDated ? {} : { undated: true }) }
}

function addCounts(counts: ReadonlyMap<string, number>, to: Map<string, number>): void {
  for (const [path, n] of counts) to.set(path, (to.get(path) ?? 0) + n)
}

/** @param latest the latest cursor that is not in the future. */
const isOlder = (a: FlatRecord, b: FlatRecord, latest: Instant): boolean =>
  a.cursor !== null && b.cursor !== null && a.cursor < b.cursor && b.cursor <= latest

/** Records that do not come from a scan, as the only page of one. */
export function singlePage(decoded: DecodedPage, receivedAt: Instant): Page {
  const range = { id: 0, since: null, until: null }
  return { decoded, receivedAt, range: 0, ranges: [range], resume: null, last: true, restarted: false }
}
