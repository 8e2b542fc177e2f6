import type { DeletionEvidence, Instant, RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { isComplete, type ScanState } from './checkpoint.ts'

/** What the commit of `batch`, which takes a scan from `before` to `after`, notes down and concludes. */
export function evidenceOf(before: ScanState, after: ScanState, batch: RowBatch): DeletionEvidence {
  const { stream, backfill, scan, snapshotAt } = before
  const whole = stream.deletions.absence === 'scan' && !backfill && scan.keysRecorded === true
  const last = !backfill && isComplete(after)
  const ended = whole ? scan.upperBound : snapshotAt
  return {
    ...seen(whole ? scan.upperBound : null, batch),
    first: false,
    ended: last ? ended : null,
    last,
    gap: backfill ? null : before.gap,
  }
}

/** A page of a snapshotAt concludes nothing: what it did not see may have become something else, which the scan after it deletionEvents. */
export const evidenceOfSnapshot = (began: Instant, first: boolean, batch: RowBatch): DeletionEvidence => ({
  ...seen(began, batch),
  first,
  ended: null,
  last: false,
  gap: null,
})

function seen(
  scan: Instant | null,
  { stream, records, rejects, reads }: RowBatch,
): Pick<DeletionEvidence, 'scan' | 'keys' | 'unknown' | 'parts'> {
  const rejected = rejects.map(({ key }) => canonical(key, stream))
  return {
    scan,
    keys: [...new Set([...records.keys(), ...rejected.filter(key => key !== null)])],
    unknown: rejected.includes(null),
    parts: reads.flatMap(({ ended }) => ended ?? []),
  }
}

const WHOLE = /^(?:0|-?[1-9]\d*)$/

/** The key as the tables have it; null where it may be another's. A record is also rejected for its key. */
function canonical(key: string | null, stream: Stream): string | null {
  const parts = key?.split('\u001f') ?? []
  const sure =
    parts.length === stream.key.length &&
    parts.every((part, i) => part !== '' && (stream.columns[stream.key[i] ?? '']?.kind !== 'int' || WHOLE.test(part)))
  return sure ? key : null
}
