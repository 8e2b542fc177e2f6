import { ContractError } from '../common/errors.ts'
import type { Committed, Page, PageDecoder, RowBatch } from '../common/model.ts'
import type { Source } from '../extract/source.ts'
import type { Destination, InferredColumns } from '../load/destination.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { mergePages } from '../transform/batch.ts'
import { pageDecoder } from '../transform/decode-page.ts'
import { advance, isComplete, type ScanState } from './checkpoint.ts'
import { type CommitOptions, commitBatch, type Step } from './commit.ts'
import { evidenceOf } from './deletion-evidence.ts'
import { prefetch } from './prefetch.ts'
import { type DecodedGroup, evolve, refuseUnknownFields } from './schema-drift.ts'
import { problemOf, type StreamStats } from './stream-stats.ts'

/*
 * The stages of a scan, each an async iterable made from the one before:
 *
 *   pages    from the source; it hands each body to the decoder, so a page holds records that are rows already
 *   prefetch pages that arrived while the last commit ran, as one group
 *   evolve   with `drift: evolve`: columns for the fields that a group brings
 *   group    a group of pages as a batch, each key once
 *   guard    refuses a batch that may not be loaded
 *   commit   the batch, with the checkpoint that it justifies, in one transaction
 *
 * Pulling is backpressure: a stage reads no further than the one after it has taken.
 */

export interface ScanOptions {
  readonly source: Source
  readonly destination: Destination & InferredColumns
  readonly readable: Readable
  /** Every version of the stream is kept. */
  readonly isVersioned: (stream: Stream) => boolean
  /** Rejected records that a stream may have in one run. */
  readonly maxRejects: number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Reads a stream from where `first` stands to its end, and commits batch by batch. */
export async function scanStream(
  first: ScanState,
  options: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  let state = first
  let next = first
  const step = (batch: RowBatch): Step => {
    const before = { ...state, stream: batch.stream }
    next = advance(before, batch)
    return { from: before.at, to: next.at, evidence: evidenceOf(before, next, batch) }
  }
  stats.began(first)
  const counting = countExpected(first, options, stats, signal)
  try {
    const groups = prefetch(stop => pagesOf(first, options, stats, stop), signal)
    const evolved = evolve(groups, first.stream, { ...options, run: first.run }, stats, signal)
    const batches = guard(group(evolved, options), options, stats)
    for await (const { batch, committed } of commit(batches, step, options, signal)) {
      state = next
      stats.committed(batch, committed, state)
    }
  } finally {
    await counting.stop()
  }
  if (!isComplete(state)) throw new Error(`${first.stream.name}: the scan ended before it was complete`)
}

function pagesOf(
  { stream, scan, newestFirst }: ScanState,
  { source, readable }: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
): AsyncIterable<Page> {
  const { requestStats } = stats
  const expected = (): number | null => stats.expected
  return source.pages(stream, scan, { readable, decoderOf: decoders(), newestFirst, expected, requestStats, signal })
}

/** One decoder for each stream. */
export function decoders(): (stream: Stream) => PageDecoder {
  const made = new Map<Stream, PageDecoder>()
  return stream => {
    const decoder = made.get(stream) ?? pageDecoder(stream)
    made.set(stream, decoder)
    return decoder
  }
}

/** Batches in which each key appears once. Of a versioned stream each page is a batch: of two versions in one, one would be lost. */
export async function* group(
  groups: AsyncIterable<DecodedGroup>,
  { isVersioned }: Pick<ScanOptions, 'isVersioned'>,
): AsyncGenerator<RowBatch> {
  for await (const { stream, pages } of groups)
    if (isVersioned(stream)) for (const page of pages) yield mergePages(stream, [page])
    else yield mergePages(stream, pages)
}

/** Before the commit, so that the checkpoint stays and a later version of this program reads the records again. */
export async function* guard(
  batches: AsyncIterable<RowBatch>,
  { maxRejects }: Pick<ScanOptions, 'maxRejects'>,
  stats: StreamStats,
): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    refuseUnknownFields(batch)
    refuseTooManyRejects(batch, stats, maxRejects)
    yield batch
  }
}

/** A batch that stands in the tables. */
export interface CommittedBatch {
  readonly batch: RowBatch
  readonly committed: Committed
  readonly step: Step
}

/** Commits each batch with its step. */
export async function* commit(
  batches: AsyncIterable<RowBatch>,
  step: (batch: RowBatch) => Step,
  options: CommitOptions,
  signal: AbortSignal,
): AsyncGenerator<CommittedBatch> {
  for await (const batch of batches) {
    const done = step(batch)
    yield { batch, committed: await commitBatch(batch, done, options, signal), step: done }
  }
}

/** On a first scan, asks the API how much there is: for the time left, and for how finely to divide the window. */
function countExpected(
  { stream, base, resumed, scan }: ScanState,
  { source }: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
): { stop: () => Promise<void> } {
  if (base !== null || resumed || stream.count === null) return { stop: async () => {} }
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal])
  const asking = source.count(stream, scan.window.since, stats.requestStats, either).then(
    counted => {
      stats.expected = counted
    },
    error => {
      // Without a count the run only knows less beforehand; a bug is a bug all the same.
      if (!problemOf(error)) throw error
    },
  )
  return {
    stop: () => {
      enough.abort()
      return asking
    },
  }
}

/** @throws {ContractError} `too_many_rejects` */
function refuseTooManyRejects({ rejects }: RowBatch, stats: StreamStats, most: number): void {
  const [first] = rejects
  if (first === undefined || stats.counts.rejected + rejects.length <= most) return
  throw new ContractError(
    'too_many_rejects',
    `more than ${most} records cannot be loaded, such as ${first.key ?? 'one without a key'}: ${first.path}: ${first.reason}`,
    'The API changed a type. The checkpoint stands before these records. Please report it, or raise max_rejects.',
  )
}
