import { asFilter, justBefore, minus, ZONE_UNCERTAINTY } from '../../common/instant.ts'
import type { Page, RowBatch, Window } from '../../common/model.ts'
import { oldestServed } from '../../common/oldest-served.ts'
import { statedDeletion } from '../../common/stated-deletion.ts'
import type { Month } from '../../load/reconciliation.ts'
import { pageDecoders } from '../../pipeline/page-decoders.ts'
import { prefetch } from '../../pipeline/prefetch.ts'
import { newScan } from '../../pipeline/scan-progress.ts'
import { mergePages } from '../../transform/batch.ts'
import { pageDecoder } from '../../transform/decode-page.ts'
import { type Comparison, comparableRowsOf } from './comparison.ts'
import type { Diff } from './diff.ts'
import { lastSecondOf, nextMonth, startOf } from './month.ts'

/** Keys read from the tables by one query. */
const KEYS_IN_QUERY = 20_000

/** Compares every record that the source serves with its row. */
export async function compareAll(comparison: Comparison, diff: Diff): Promise<void> {
  const { source, stream, readable, requestStats, now, stats } = comparison
  const since = stream.retention?.refuses ? oldestServed(stream.retention.days, now) : null
  const scan = newScan({ since, until: null }, justBefore(now))
  const warnings = requestStats.warnings.length
  const reading = {
    readable,
    decoderOf: pageDecoders(),
    requestStats,
    expected: () => stats.expected,
    newestFirst: false,
  }
  const pages = (signal: AbortSignal) => source.pages(stream, scan, { ...reading, signal })
  await comparePages(comparison, diff, pages, () => true)
  const refused = requestStats.warnings.slice(warnings).find(({ code }) => code === 'partly_forbidden')
  if (refused) diff.partial = refused.message
  await findGone(comparison, diff, { since: null, until: null })
}

/** Compares the records created in one month. The first known month includes all earlier ones, the last one all later ones. */
export async function compareMonth(
  comparison: Comparison,
  diff: Diff,
  month: string,
  known: readonly string[],
): Promise<void> {
  const { source, stream, requestStats } = comparison
  const since = month === known[0] ? null : startOf(month)
  const until = month === known.at(-1) ? null : startOf(nextMonth(month))
  const filters = {
    ...(since === null ? {} : { created_at_min: asFilter(minus(since, ZONE_UNCERTAINTY)) }),
    ...(until === null ? {} : { created_at_max: asFilter(minus(lastSecondOf(month), -ZONE_UNCERTAINTY)) }),
  }
  const within = (created: Month): boolean =>
    created !== null && (since === null || created >= month) && (until === null || created <= month)
  await comparePages(
    comparison,
    diff,
    signal => source.listWhere(stream, filters, pageDecoder(stream), { requestStats, signal }),
    within,
  )
  await findGone(comparison, diff, { since, until })
}

async function comparePages(
  { stream, source, warehouse, watermark, now, writtenBy, stats, signal }: Comparison,
  diff: Diff,
  read: (signal: AbortSignal) => AsyncIterable<Page>,
  within: (month: Month) => boolean,
): Promise<void> {
  // A record that was rejected for its key has none that can be read.
  const keyPaths = new Set(stream.key.map(name => stream.columns[name]?.from ?? name))
  for await (const pages of prefetch(read, signal)) {
    const batch = mergePages(stream, pages)
    for (const compared of await warehouse.compare(withoutDeleted(batch), now))
      diff.add(compared, { watermark, clock: source.clock() }, writtenBy, within)
    for (const { key, path } of batch.rejects)
      if (key !== null && !keyPaths.has(path)) diff.addRejected(key)
      else {
        diff.keyless += 1
        diff.partial ??= 'a record without a key was listed'
      }
    stats.records += batch.read
  }
}

/** A record that says that it is deleted counts as one that is not listed, so its row is gone unless it is marked. */
function withoutDeleted(batch: RowBatch): RowBatch {
  const deletionIn = statedDeletion(batch.stream)
  if (deletionIn === null) return batch
  return { ...batch, records: new Map([...batch.records].filter(([, record]) => deletionIn(record) === -1)) }
}

/** Finds comparable rows whose records the source did not list. */
async function findGone(comparison: Comparison, diff: Diff, { since, until }: Window): Promise<void> {
  const rows = { ...comparableRowsOf(comparison), since, before: until }
  for (const [month, n] of await comparison.warehouse.countComparable(rows)) diff.inWarehouse.set(month, n)
  if (diff.partial !== null) return
  for (let after: string | null = null; ; ) {
    const keys = await comparison.warehouse.comparableKeys(rows, after, KEYS_IN_QUERY)
    for (const row of keys) if (!diff.seen.has(row.key)) diff.addGone(row)
    if (keys.length < KEYS_IN_QUERY) return
    after = keys.at(-1)?.key ?? null
  }
}
