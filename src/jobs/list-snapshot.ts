import { ContractError, Interrupted, SourceError } from '../common/errors.ts'
import { justBefore } from '../common/instant.ts'
import type { Checkpoint, Instant, RowBatch, RunId } from '../common/model.ts'
import type { Step } from '../pipeline/commit.ts'
import { evidenceOfSnapshot } from '../pipeline/deletion-evidence.ts'
import { commit, decoders, group, guard, type ScanOptions } from '../pipeline/pipeline.ts'
import { prefetch } from '../pipeline/prefetch.ts'
import { newScan } from '../pipeline/scan-progress.ts'
import type { DecodedGroup } from '../pipeline/schema-drift.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'
import type { Kind, Stream } from '../schema/stream.ts'

export interface ListSnapshot {
  readonly at: Checkpoint
  /** When it began; null: it did not come to its end, so nothing may be concluded. */
  readonly began: Instant | null
}

/**
 * Lists all records of a kind, such as queued charges, and records which are there. Every page is committed under the
 * stream's own checkpoint, whose watermark stays. What is gone is marked at the end of the scan that follows, which knows
 * what became of a record that left the list alive. One that is interrupted is begun again by the next run.
 */
export async function listSnapshot(
  stream: Stream,
  kind: Kind,
  from: Checkpoint,
  options: ScanOptions & { readonly run: RunId },
  stats: StreamStats,
  signal: AbortSignal,
): Promise<ListSnapshot> {
  const { source, readable, run } = options
  const began = justBefore(source.clock())
  // Read like a stream without a cursor: by id, because an id does not move while the pages are read.
  const listed: Stream = {
    ...stream,
    sync: { mode: 'full' },
    sort: 'id-asc',
    parameters: { ...stream.parameters, [kind.column]: kind.value },
  }
  const scan = newScan({ since: null, until: null }, began)
  const { requestStats } = stats
  // Its pages become rows of the stream, not of the list.
  const decode = decoders()(stream)
  const reading = { readable, decoderOf: () => decode, newestFirst: false, requestStats, expected: () => null }
  let at = from
  const step = (batch: RowBatch): Step => {
    const to = { ...at, version: at.version + 1, writer: run }
    return { from: at, to, evidence: evidenceOfSnapshot(began, at === from, batch) }
  }
  async function* groups(): AsyncGenerator<DecodedGroup> {
    const pages = (stop: AbortSignal) => source.pages(listed, scan, { ...reading, signal: stop })
    for await (const taken of prefetch(pages, signal)) yield { stream, pages: taken }
  }
  try {
    const batches = guard(group(groups(), { isVersioned: () => false }), options, stats)
    for await (const { batch, committed, step: done } of commit(batches, step, options, signal)) {
      stats.countRecords(batch, committed)
      at = done.to
    }
  } catch (error) {
    if (!isPassing(error)) throw error
    // The scan is worth more than the snapshot: what it reads is right without it.
    requestStats.warnings.push({
      code: 'sweep_failed',
      message: `the list of ${kind.column} ${kind.value} could not be read whole, so none of those is marked as deleted: ${error.message}`,
      next: 'The next run tries again; if it stays, please report it.',
    })
    return { at, began: null }
  }
  if (signal.aborted) throw new Interrupted()
  return { at, began }
}

/** Trouble with this one list, and with nothing else. */
const isPassing = (error: unknown): error is SourceError | ContractError =>
  (error instanceof SourceError && error.reaction !== 'stop') ||
  (error instanceof ContractError && error.code === 'stream_contract')
