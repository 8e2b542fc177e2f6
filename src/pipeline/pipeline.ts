import type { Page, RowBatch } from '../common/model.ts'
import type { RetryOptions } from '../common/retry-destination.ts'
import type { Source } from '../extract/source.ts'
import type { RunDestination } from '../load/destination.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import type { Backlog } from './backlog.ts'
import { advance, isComplete, type ScanState } from './checkpoint.ts'
import { commit, type Step } from './commit.ts'
import { confirmDeletions } from './confirm-deletions.ts'
import { evidenceOf } from './deletion-evidence.ts'
import { evolve } from './evolve.ts'
import { type Counting, countExpected } from './expected-count.ts'
import { group } from './group.ts'
import { guard } from './guard.ts'
import { pageDecoders } from './page-decoders.ts'
import { prefetch } from './prefetch.ts'
import { nothingSeen, Silence } from './silence.ts'
import type { StreamStats } from './stream-stats.ts'

/*
 * A scan is a chain of stages. Each stage is an async iterable made from the one before it:
 *
 *   pages     extract requests pages. It gives each body to the decoder made by transform, so a page already holds rows.
 *   prefetch  collects the pages that arrive while a commit runs into one group
 *   evolve    with `drift: evolve`, adds columns for the unknown fields of a group
 *   group     merges the pages of a group into a batch in which each key occurs once
 *   guard     throws if a batch must not be loaded
 *   silence   finds a scan that read nothing although it should have
 *   commit    writes a batch and the checkpoint that it justifies in one transaction
 *
 * The consumer pulls, which is the backpressure: a stage reads only what the stage after it has asked for.
 */

export interface ScanOptions extends RetryOptions {
  readonly source: Source
  readonly destination: RunDestination
  readonly readable: Readable
  /** Whether every version of the stream's records is kept. */
  readonly isVersioned: (stream: Stream) => boolean
  /** What waits for a commit, of all streams. Default: each stream has a bound of its own. */
  readonly backlog?: Backlog
  /** Rejected records that a stream may have in one run. */
  readonly maxRejects: number
  /** Resolves when the streams that report deletions of this one have ended: its records are requested after that. Absent: none does. */
  readonly reported?: Promise<unknown>
}

/** Reads a stream from `start` to the end of the scan and commits it batch by batch. */
export async function scanStream(
  start: ScanState,
  options: ScanOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<void> {
  stats.began(start)
  const counting = countExpected(start, options.source, stats, signal)
  let state = start
  let unconfirmed: Parameters<typeof confirmDeletions>[1] | null = null
  try {
    const pages = (stop: AbortSignal): AsyncIterable<Page> => readPages(start, options, stats, counting, stop)
    const groups = prefetch(pages, signal, options.backlog)
    const evolved = evolve(groups, start.stream, { ...options, run: start.run }, stats, signal)
    const batches = guard(group(evolved, options), options, stats)
    const silence = new Silence(start, options)
    const step = (from: ScanState, batch: RowBatch) => stepOf(from, batch, silence.missed === 0)
    for await (const committed of commit(silence.watch(batches, signal), start, step, options, signal)) {
      state = committed.state
      stats.committed(committed.batch, committed.result, state)
      const { deletionSkipped } = committed.result
      if (deletionSkipped?.toConfirm) unconfirmed = { ...deletionSkipped, toConfirm: deletionSkipped.toConfirm }
    }
    if (unconfirmed !== null) {
      const { requestStats } = stats
      const confirming = { ...options, requestStats }
      stats.deletions(await confirmDeletions(state.stream, unconfirmed, state.checkpoint, confirming, signal))
    }
    if (silence.missed > 0) stats.requestStats.warnings.push(nothingSeen(silence.missed, start))
  } finally {
    await counting.stop()
  }
  if (!isComplete(state)) throw new Error(`${start.stream.name}: the scan ended before it was complete`)
}

async function* readPages(
  { stream, scan, newestFirst }: ScanState,
  { source, readable, backlog, reported }: ScanOptions,
  stats: StreamStats,
  counting: Counting,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const { requestStats } = stats
  await reported
  const expected = (): number | null => stats.expected
  const ready = backlog ? { ready: backlog.room } : {}
  const reading = { readable, decoderOf: pageDecoders(), newestFirst, expected, requestStats, signal, ...ready }
  for await (const page of source.pages(stream, scan, reading)) {
    counting.arrived()
    yield page
  }
}

/** What the commit of a batch moves the scan to. The batch may be of a stream that has got columns since the start. */
function stepOf(state: ScanState, batch: RowBatch, proves: boolean): Step<ScanState> {
  const before = { ...state, stream: batch.stream }
  const after = advance(before, batch, proves)
  return {
    from: before.checkpoint,
    to: after.checkpoint,
    evidence: evidenceOf(before, after, batch, proves),
    state: after,
  }
}
