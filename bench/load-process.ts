import declared from '../schemas/charges.ts'
import type { Instant, Page } from '../src/common/model.ts'
import type { Destination } from '../src/load/destination.ts'
import { type DestinationConfig, openDestination } from '../src/load/open.ts'
import { prefetch } from '../src/pipeline/prefetch.ts'
import { allTables } from '../src/schema/table.ts'
import { mergePages, singlePage } from '../src/transform/batch.ts'
import { decodeRecords, pageDecoder } from '../src/transform/decode-page.ts'
import { withTestSalt } from '../test/support/salt.ts'
import { charge } from './charges.ts'
import { readPages } from './pages.ts'

/** When every page counts as received. */
const NOW = '2026-01-01T00:00:00.000000Z' as Instant
/** The same for what an hourly run reads after the first load. */
const LATER = '2026-02-01T00:00:00.000000Z' as Instant

/*
 * One measurement in a process of its own, which shares neither memory nor compiled code with another one. It gets a job and
 * sends what the job took.
 */
export type Job =
  | { readonly kind: 'parse'; readonly file: string; readonly pages: number }
  | ({ readonly kind: 'load'; readonly file: string; readonly pages: number } & Into)
  | ({ readonly kind: 'commits'; readonly groups: readonly (readonly Edited[])[] } & Into)
  | ({ readonly kind: 'hour'; readonly records: readonly Edited[] } & Into)

interface Into {
  readonly into: DestinationConfig
  /** Default: true. */
  readonly indexes?: boolean
}

/** A record by its number, and how often it has been edited. */
export type Edited = readonly [id: number, edits: number]

export interface Took {
  readonly seconds: number
  /** CPU seconds of this process, all its threads included. */
  readonly cpu: number
  /** Peak resident size. */
  readonly megabytes: number
  readonly counts: { readonly added: number; readonly changed: number; readonly unchanged: number }
  /** Duration of each commit. */
  readonly millis: readonly number[]
}

/** With the default policies: credentials are stored as salted hashes. */
const charges = withTestSalt(declared)

async function run(job: Job): Promise<Omit<Took, 'cpu' | 'megabytes' | 'seconds'>> {
  const counts = { added: 0, changed: 0, unchanged: 0 }
  const millis: number[] = []
  if (job.kind === 'parse') {
    // Like the body of an answer.
    const decoder = new TextDecoder()
    for (const page of readPages(job.file, job.pages)) JSON.parse(decoder.decode(page))
    return { counts, millis }
  }
  const { into, indexes = true } = job
  await using destination = await openDestination(into, { mode: 'write', connections: 4, indexes })
  await destination.prepare(allTables(charges))
  if (job.kind === 'hour') await destination.missingRows(charges)
  const commit = await committer(destination, counts)
  if (job.kind === 'load') {
    for await (const pages of prefetch(() => arriving(job.file, job.pages), new AbortController().signal))
      await commit(pages)
  } else if (job.kind === 'hour') await commit([edited(job.records, LATER)])
  else
    for (const group of job.groups) {
      const page = edited(group, NOW)
      const began = performance.now()
      await commit([page])
      millis.push(performance.now() - began)
    }
  if (job.kind !== 'commits') await destination.createIndexes(allTables(charges), new AbortController().signal)
  await destination.finalize()
  return { counts, millis }
}

function edited(records: readonly Edited[], at: Instant): Page {
  return singlePage(
    decodeRecords(
      charges,
      records.map(([id, edits]) => charge(id, edits)),
    ),
    at,
  )
}

async function* arriving(file: string, pages: number): AsyncGenerator<Page> {
  const decode = pageDecoder(charges)
  for (const body of readPages(file, pages)) yield singlePage(await decode(body), NOW)
}

async function committer(destination: Destination, sum: { added: number; changed: number; unchanged: number }) {
  let at = await destination.checkpoint('charges')
  return async (pages: readonly [Page, ...Page[]]): Promise<void> => {
    const to = { ...at, version: at.version + 1 }
    const { added, changed, unchanged } = await destination.commit(mergePages(charges, pages), at, to)
    at = to
    sum.added += added
    sum.changed += changed
    sum.unchanged += unchanged
  }
}

process.once('message', async (job: Job) => {
  const before = process.cpuUsage()
  const began = performance.now()
  const result = await run(job)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(before)
  const took: Took = {
    ...result,
    seconds,
    cpu: (user + system) / 1e6,
    megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  }
  process.send?.(took, () => process.exit())
})
