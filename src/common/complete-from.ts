import type { Stream } from '../schema/stream.ts'
import { fromMillis, type Instant, later, minus, ZONE_UNCERTAINTY } from './instant.ts'
import { oldestServed } from './oldest-served.ts'

/*
 * What `complete_from` promises, together with `complete_to`:
 *
 *   Every record that last changed at or before `complete_to`, and whose own time is at or after `complete_from`, is in
 *   the table of its stream.
 *
 * The own time of a record is
 *   - where the source has a retention and it applies to the record: the column whose age counts. For charges that is
 *     `processed_at`, of those in success, refunded or partially_refunded; for events `created_at`;
 *   - otherwise the cursor of the stream, such as `updated_at`. A stream without a cursor is read whole, so each of its
 *     records counts.
 *
 * Records to which the retention does not apply, such as queued charges, are complete from the beginning whatever
 * `complete_from` says, or from `recharge.start` if the first run had one: the source serves them at any age.
 *
 * Not promised are records in a gap (`_sync_gaps`), records that could not be loaded (`_sync_rejects`), records that were
 * deleted at the source before a run had read them, and rows that somebody deleted here. Nor is a change that the
 * source made to a record after it had stopped serving it: the row stays as it was last served.
 */

/**
 * `complete_from` of a stream that is complete from its first record on: a time before there were any. It is a time so
 * that `complete_from <= x` needs no exception, and so that null can say that nothing is known yet.
 */
export const BEGINNING: Instant = fromMillis(0)

/**
 * From when on a completed scan has read every record.
 *
 * A processed charge drops out of the lists while a long scan goes on, so what the source still served at the end of
 * the scan counts, not what it served at its start.
 * @param since where the window of the scan starts; null: open. The API may have read the filter as US Eastern wall
 * time [unknown], and then it showed records only from hours later on.
 * @param readAt when the last page was read, by the API's clock.
 */
export function completeFromOf({ retention }: Stream, since: Instant | null, readAt: Instant): Instant {
  const filtered = since === null ? BEGINNING : minus(since, -ZONE_UNCERTAINTY)
  return later(filtered, retention === null ? BEGINNING : oldestServed(retention.days, readAt))
}
