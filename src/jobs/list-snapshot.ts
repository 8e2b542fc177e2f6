import { ContractError, Interrupted, SourceError } from '../common/errors.ts'
import { justBefore } from '../common/instant.ts'
import type { Checkpoint, Instant, RowBatch, RunId } from '../common/model.ts'
import { commit, type Step } from '../pipeline/commit.ts'
import { evidenceOfSnapshot } from '../pipeline/deletion-evidence.ts'
import type { DecodedGroup } from '../pipeline/evolve.ts'
import { group } from '../pipeline/group.ts'
import { guard } from '../pipeline/guard.ts'
import { pageDecoders } from '../pipeline/page-decoders.ts'
import type { ScanOptions } from '../pipeline/pipeline.ts'
import { prefetch } from '../pipeline/prefetch.ts'
import { newScan } from '../pipeline/scan-progress.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Kind, Stream } from '../schema/stream.ts'

export interface ListSnapshot {
  /** The stream's checkpoint after the snapshot. */
  readonly checkpoint: Checkpoint
  /** When the snapshot started; null: it is not complete, so no deletion may be concluded from it. */
  readonly startedAt: Instant | null
}

/**
 * Reads the complete list of the records of a kind, such as queued charges, and records their keys. Each page is committed
 * with the stream's own checkpoint, whose watermark does not move. Rows that the list lacks are marked as deleted only at
 * the end of the scan that follows, because that scan finds the records that left the list by changing their kind. The next
 * run starts an interrupted snapshot again.
 */
export async function listSnapshot(
  stream: Stream,
  kind: Kind,
  start: Checkpoint,
  options: ScanOptions & { readonly run: RunId },
  stats: StreamStats,
  signal: AbortSignal,
): Promise<ListSnapshot> {
  const { source, readable, run, reported } = options
  await reported
  const startedAt = justBefore(source.clock())
  // Sorted by id, because the id of a record does not change while the pages are read.
  const listed: Stream = {
    ...stream,
    sync: { mode: 'full' },
    sort: 'id-asc',
    parameters: { ...stream.parameters, [kind.column]: kind.value },
  }
  const scan = newScan({ since: null, until: null }, startedAt)
  const { requestStats } = stats
  // The pages become rows of the stream itself.
  const decode = pageDecoders()(stream)
  const reading = { readable, decoderOf: () => decode, newestFirst: false, requestStats, expected: () => null }
  async function* groups(): AsyncGenerator<DecodedGroup> {
    const pages = (stop: AbortSignal) => source.pages(listed, scan, { ...reading, signal: stop })
    for await (const pagesRead of prefetch(pages, signal, options.backlog)) yield { stream, pages: pagesRead }
  }
  const stepOf = (from: Checkpoint, batch: RowBatch): Step<Checkpoint> => {
    const to = { ...from, version: from.version + 1, writer: run }
    return { from, to, evidence: evidenceOfSnapshot(startedAt, from === start, batch), state: to }
  }
  let checkpoint = start
  try {
    const batches = guard(group(groups(), { isVersioned: () => false }), options, stats)
    for await (const committed of commit(batches, start, stepOf, options, signal)) {
      stats.countRecords(committed.batch, committed.result)
      checkpoint = committed.state
    }
  } catch (error) {
    if (!concernsListOnly(error)) throw error
    // The scan that follows is right without the snapshot, so it still runs.
    requestStats.warnings.push({
      code: 'sweep_failed',
      message: `the list of records with ${kind.column} ${kind.value} could not be read to its end, so none of them is marked as deleted: ${error.message}`,
      next: 'The next run tries again. If this happens every time, please report it.',
    })
    return { checkpoint, startedAt: null }
  }
  if (signal.aborted) throw new Interrupted()
  return { checkpoint, startedAt }
}

/** Whether the error says nothing about other requests. */
const concernsListOnly = (error: unknown): error is SourceError | ContractError =>
  (error instanceof SourceError && error.reaction !== 'stop') ||
  (error instanceof ContractError && error.code === 'stream_contract')
