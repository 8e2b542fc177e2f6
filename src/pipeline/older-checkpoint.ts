import { BEGINNING, completeFromOf } from '../common/complete-from.ts'
import { later } from '../common/instant.ts'
import type { Checkpoint, Instant } from '../common/model.ts'
import { oldestServed } from '../common/oldest-served.ts'
import type { OlderReport, OlderReports } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'

/**
 * A checkpoint with the `completeFrom` that its scans have proved. An older version did not store it, and the reports of
 * its runs say what those scans read. Without a report it stays null, and the next scan that ends says only from when on
 * that scan has read.
 */
export async function withCompleteFrom(
  checkpoint: Checkpoint,
  stream: Stream,
  destination: OlderReports,
): Promise<Checkpoint> {
  const completeFrom = knownCompleteFrom(checkpoint, stream)
  if (completeFrom !== null || checkpoint.watermark === null) return { ...checkpoint, completeFrom }
  // Without a retention no later scan can have missed anything, so the first one says it all.
  const reports = await destination.olderReports(stream.name, stream.retention === null ? 1 : Number.POSITIVE_INFINITY)
  return { ...checkpoint, completeFrom: provedBy(reports, stream) }
}

/** From when on a stream is complete, as far as its checkpoint says it; null: not known. */
export const knownCompleteFrom = (
  { completeFrom, watermark }: Pick<Checkpoint, 'completeFrom' | 'watermark'>,
  { sync }: Stream,
): Instant | null =>
  // A full scan reads every record, and its watermark is not set before it has ended.
  completeFrom ?? (sync.mode === 'full' && watermark !== null ? BEGINNING : null)

function provedBy(reports: readonly OlderReport[], stream: Stream): Instant | null {
  const { retention } = stream
  let from: Instant | null = null
  let reached: Instant | null = null
  for (const { window_from, complete_to, finished_at, gaps } of reports) {
    const readAt = later(finished_at, complete_to)
    const isLate = retention !== null && reached !== null && reached < oldestServed(retention.days, readAt)
    // After a `reset`, a run does not know up to when the stream had been read, so it found no gap.
    if (from === null || (isLate && gaps.length === 0)) from = completeFromOf(stream, window_from, readAt)
    reached = reached === null ? complete_to : later(reached, complete_to)
  }
  return from
}
