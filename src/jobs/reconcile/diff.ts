import { minus } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import type { ComparableKey, Compared, Month } from '../../load/reconciliation.ts'

/** Milliseconds by which a time of the API may be ahead of its clock. */
const CLOCKS_DIFFER = 5 * 60_000

/** How a record and its row differ. */
export type Difference = 'missing' | 'changed' | 'gone'

/** What a comparison of records has found so far. Mutable. */
export class Diff {
  /** By key: how the record differs, and the month in which it was created. */
  readonly differing = new Map<string, { readonly difference: Difference; readonly created: Month }>()
  readonly repaired = new Set<string>()
  /** Keys that the source listed. */
  readonly seen = new Set<string>()
  readonly atSource = new Map<Month, number>()
  readonly inWarehouse = new Map<Month, number>()
  /** Keys of records that changed after the warehouse last read them. The next sync reads them. */
  readonly pending = new Set<string>()
  /** Keys that were met outside of the compared months only, so that they are counted on neither side. */
  readonly #outside = new Set<string>()
  /** Listed records that cannot be loaded, so they were not compared. */
  rejected = 0
  /** Listed records without a key that can be read: which rows they are of is not known. */
  keyless = 0
  /** Keys that the list of the source lacks, although the API serves the record by its id: the list is not whole. None is repaired. */
  readonly omitted = new Set<string>()
  /** Why the list of the source may be incomplete, so that no row counts as gone; null: it is complete. */
  partial: string | null = null

  /**
   * Counts at the source what the count of comparable rows counts in the warehouse: the difference of the two is then that
   * of the missing and the gone.
   * @param watermark records that changed after it are left to the next sync.
   * @param clock the API's. A record that changed later than that says nothing of when it changed: no sync is sure to read it.
   * @param writtenBy rows written after it may be newer than the listed records; null: no other run can write.
   * @param within whether the months that are compared include a month.
   */
  add(
    { key, created, changedAt, verdict, writtenAt, forgettable }: Compared,
    { watermark, clock }: { readonly watermark: Instant; readonly clock: Instant },
    writtenBy: Instant | null,
    within: (month: Month) => boolean,
  ): void {
    const isNew = !this.seen.has(key) || this.#outside.delete(key)
    this.seen.add(key)
    const isNewer = writtenBy !== null && writtenAt !== null && writtenAt > writtenBy
    const isLater = changedAt !== null && changedAt > watermark && changedAt <= minus(clock, -CLOCKS_DIFFER)
    const isPending = verdict !== 'same' && (isNewer || isLater)
    const differs = verdict !== 'same' && !isPending
    if (differs) this.differing.set(key, { difference: verdict, created })
    else if (isPending) this.pending.add(key)
    if (!isNew) return
    if (!within(created) && !differs) {
      this.#outside.add(key)
      return
    }
    // No comparable row stands for it.
    if (isNewer || (verdict === 'missing' && isPending) || (verdict !== 'missing' && forgettable)) return
    increase(this.atSource, created)
    // The rows of that month are not counted, unless it is compared too: then its count replaces this one.
    if (!within(created) && verdict === 'changed') increase(this.inWarehouse, created)
  }

  /** A listed record that cannot be loaded. Its row, of an older version, is not gone. */
  addRejected(key: string): void {
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.rejected += 1
    increase(this.atSource, null)
  }

  addGone({ key, created }: ComparableKey): void {
    this.differing.set(key, { difference: 'gone', created })
  }

  /** Keys that differ in this way. @param created only those created in this month; undefined: all. */
  keys(difference: Difference, created?: Month): readonly string[] {
    return [...this.differing]
      .filter(([, found]) => found.difference === difference && (created === undefined || found.created === created))
      .map(([key]) => key)
  }

  get agrees(): boolean {
    return this.differing.size === 0 && this.keyless === 0
  }

  /** Everything that differed has been repaired, and nothing shows that more differs. */
  get resolved(): boolean {
    return this.differing.size === this.repaired.size && this.keyless === 0
  }
}

function increase(counts: Map<Month, number>, month: Month): void {
  counts.set(month, (counts.get(month) ?? 0) + 1)
}
