import { asFilter, justBefore, minus } from '../../common/instant.ts'
import type { Page, Window } from '../../common/model.ts'
import { oldestServed } from '../../pipeline/checkpoint.ts'
import { prefetch } from '../../pipeline/prefetch.ts'
import { newWalk } from '../../pipeline/scan.ts'
import { type FlatPage, flattenInTurn, joined } from '../../transform/batch.ts'
import { type Comparing, servedOf } from './comparing.ts'
import type { Findings } from './findings.ts'
import { lastSecondOf, nextMonth, startOf } from './month.ts'

/** A filter may be read as US Eastern wall time [unknown]: asked this much further on both sides, in milliseconds. */
const ZONE_DOUBT = 5 * 3_600_000
/** Keys brought from the tables at once. */
const KEYS = 20_000

/** Everything that the source serves of the stream, beside its rows. */
export async function compareAll(comparing: Comparing, findings: Findings): Promise<void> {
  const { source, stream, readable, traffic, now, tally } = comparing
  const since = stream.forgets?.refuses ? oldestServed(stream.forgets.days, now) : null
  const walk = newWalk({ since, until: null }, justBefore(now))
  const remarks = traffic.remarks.length
  const pages = (signal: AbortSignal) =>
    source.pages(stream, walk, { readable, traffic, signal, expected: () => tally.expected, newestFirst: false })
  await comparePages(comparing, findings, pages)
  const refused = traffic.remarks.slice(remarks).find(({ code }) => code === 'partly_forbidden')
  if (refused) findings.partial = refused.message
  await lookForGone(comparing, findings, { since: null, until: null })
}

/** What was created in one month. The first known month reaches back without end, the last one forward. */
export async function compareMonth(
  comparing: Comparing,
  findings: Findings,
  month: string,
  known: readonly string[],
): Promise<void> {
  const { source, stream, traffic } = comparing
  const since = month === known[0] ? null : startOf(month)
  const until = month === known.at(-1) ? null : startOf(nextMonth(month))
  const filters = {
    ...(since === null ? {} : { created_at_min: asFilter(minus(since, ZONE_DOUBT)) }),
    ...(until === null ? {} : { created_at_max: asFilter(minus(lastSecondOf(month), -ZONE_DOUBT)) }),
  }
  await comparePages(comparing, findings, signal => source.listWhere(stream, filters, traffic, signal))
  await lookForGone(comparing, findings, { since, until })
}

async function comparePages(
  { stream, warehouse, watermark, now, writtenBy, tally, signal }: Comparing,
  findings: Findings,
  read: (signal: AbortSignal) => AsyncIterable<Page>,
): Promise<void> {
  async function* flattened(stop: AbortSignal): AsyncGenerator<FlatPage> {
    for await (const page of read(stop)) yield await flattenInTurn(stream, page)
  }
  for await (const pages of prefetch(flattened, signal)) {
    const batch = joined(stream, pages)
    for (const compared of await warehouse.compare(batch, now)) findings.add(compared, watermark, writtenBy)
    for (const { key } of batch.rejects)
      if (key !== null) findings.addRejected(key)
      else findings.partial ??= 'a record without a key was listed'
    tally.records += batch.read
  }
}

/** Rows that should have been listed, and were not. */
async function lookForGone(comparing: Comparing, findings: Findings, { since, until }: Window): Promise<void> {
  const rows = { ...servedOf(comparing), since, before: until }
  for (const [month, n] of await comparing.warehouse.served(rows)) findings.inWarehouse.set(month, n)
  if (findings.partial !== null) return
  for (let after: string | null = null; ; ) {
    const keys = await comparing.warehouse.servedKeys(rows, after, KEYS)
    for (const row of keys) if (!findings.seen.has(row.key)) findings.addGone(row)
    if (keys.length < KEYS) return
    after = keys.at(-1)?.key ?? null
  }
}
