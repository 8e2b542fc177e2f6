import { asFilter, justBefore, minus } from '../../common/instant.ts'
import type { Page, Window } from '../../common/model.ts'
import { oldestServed } from '../../pipeline/checkpoint.ts'
import { decoders } from '../../pipeline/pipeline.ts'
import { prefetch } from '../../pipeline/prefetch.ts'
import { newScan } from '../../pipeline/scan-progress.ts'
import { mergePages } from '../../transform/batch.ts'
import { pageDecoder } from '../../transform/decode-page.ts'
import { type Comparing, servedOf } from './comparison.ts'
import type { Diff } from './diff.ts'
import { lastSecondOf, nextMonth, startOf } from './month.ts'

/** A filter may be read as US Eastern wall time [unknown]: asked this much further on both sides, in milliseconds. */
const ZONE_UNCERTAINTY = 5 * 3_600_000
/** Keys brought from the tables at once. */
const KEYS = 20_000

/** Everything that the source serves of the stream, beside its rows. */
export async function compareAll(comparing: Comparing, diff: Diff): Promise<void> {
  const { source, stream, readable, requestStats, now, stats } = comparing
  const since = stream.retention?.refuses ? oldestServed(stream.retention.days, now) : null
  const scan = newScan({ since, until: null }, justBefore(now))
  const warnings = requestStats.warnings.length
  const reading = { readable, decoderOf: decoders(), requestStats, expected: () => stats.expected, newestFirst: false }
  const pages = (signal: AbortSignal) => source.pages(stream, scan, { ...reading, signal })
  await comparePages(comparing, diff, pages)
  const refused = requestStats.warnings.slice(warnings).find(({ code }) => code === 'partly_forbidden')
  if (refused) diff.partial = refused.message
  await lookForGone(comparing, diff, { since: null, until: null })
}

/** What was created in one month. The first known month reaches back without end, the last one forward. */
export async function compareMonth(
  comparing: Comparing,
  diff: Diff,
  month: string,
  known: readonly string[],
): Promise<void> {
  const { source, stream, requestStats } = comparing
  const since = month === known[0] ? null : startOf(month)
  const until = month === known.at(-1) ? null : startOf(nextMonth(month))
  const filters = {
    ...(since === null ? {} : { created_at_min: asFilter(minus(since, ZONE_UNCERTAINTY)) }),
    ...(until === null ? {} : { created_at_max: asFilter(minus(lastSecondOf(month), -ZONE_UNCERTAINTY)) }),
  }
  await comparePages(comparing, diff, signal =>
    source.listWhere(stream, filters, pageDecoder(stream), { requestStats, signal }),
  )
  await lookForGone(comparing, diff, { since, until })
}

async function comparePages(
  { stream, warehouse, watermark, now, writtenBy, stats, signal }: Comparing,
  diff: Diff,
  read: (signal: AbortSignal) => AsyncIterable<Page>,
): Promise<void> {
  for await (const pages of prefetch(read, signal)) {
    const batch = mergePages(stream, pages)
    for (const compared of await warehouse.compare(batch, now)) diff.add(compared, watermark, writtenBy)
    for (const { key } of batch.rejects)
      if (key !== null) diff.addRejected(key)
      else diff.partial ??= 'a record without a key was listed'
    stats.records += batch.read
  }
}

/** Rows that should have been listed, and were not. */
async function lookForGone(comparing: Comparing, diff: Diff, { since, until }: Window): Promise<void> {
  const rows = { ...servedOf(comparing), since, before: until }
  for (const [month, n] of await comparing.warehouse.countComparable(rows)) diff.inWarehouse.set(month, n)
  if (diff.partial !== null) return
  for (let after: string | null = null; ; ) {
    const keys = await comparing.warehouse.comparableKeys(rows, after, KEYS)
    for (const row of keys) if (!diff.seen.has(row.key)) diff.addGone(row)
    if (keys.length < KEYS) return
    after = keys.at(-1)?.key ?? null
  }
}
