import type { DeletionEvidence, Instant, RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { isComplete, type ScanState } from './checkpoint.ts'

/**
 * Collects the evidence; `load/sql/deletions.ts` judges it and marks rows.
 *
 * What the commit of `batch`, which moves a scan from `before` to `after`, records and concludes about deletions.
 * @param proves false: the end of the scan proves nothing.
 */
export function evidenceOf(before: ScanState, after: ScanState, batch: RowBatch, proves = true): DeletionEvidence {
  const { stream, backfill, scan, snapshotAt } = before
  const recordsKeys = stream.deletions.absence === 'scan' && !backfill && scan.keysRecorded === true
  const last = !backfill && proves && isComplete(after)
  const ended = recordsKeys ? scan.upperBound : snapshotAt
  return {
    ...keysIn(batch, recordsKeys ? scan.upperBound : null),
    // Of a list that is read from its start again, only what it shows now counts.
    first: recordsKeys && stream.sync.mode === 'full' && batch.reads.some(({ restarted }) => restarted),
    ended: last ? ended : null,
    last,
    gap: backfill ? null : before.gap,
  }
}

/**
 * The evidence of a page of a list snapshot. It concludes nothing: a record that left the list may have changed its kind,
 * and only the scan that follows shows that.
 */
export const evidenceOfSnapshot = (startedAt: Instant, first: boolean, batch: RowBatch): DeletionEvidence => ({
  ...keysIn(batch, startedAt),
  first,
  ended: null,
  last: false,
  gap: null,
})

function keysIn(
  { stream, records, rejects, reads }: RowBatch,
  scan: Instant | null,
): Pick<DeletionEvidence, 'scan' | 'keys' | 'unknown' | 'parts'> {
  const rejected = rejects.map(({ key }) => storedKey(key, stream))
  return {
    scan,
    keys: [...new Set([...records.keys(), ...rejected.filter(key => key !== null)])],
    unknown: rejected.includes(null),
    parts: reads.flatMap(({ ended }) => ended ?? []),
  }
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/

/**
 * The key of a rejected record as the tables would store it; null if that is not certain, because the key itself may be
 * why the record was rejected.
 */
function storedKey(key: string | null, stream: Stream): string | null {
  const parts = key?.split('\u001f') ?? []
  const certain =
    parts.length === stream.key.length &&
    parts.every((part, i) => part !== '' && (stream.columns[stream.key[i] ?? '']?.kind !== 'int' || INTEGER.test(part)))
  return certain ? key : null
}
