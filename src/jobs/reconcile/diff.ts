import type { Instant } from '../../common/model.ts'
import type { ComparableKey, Compared, Month } from '../../load/destination.ts'

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
  /** Why the list of the source may be incomplete, so that no row counts as gone; null: it is complete. */
  partial: string | null = null

  /**
   * @param watermark records that changed after it are left to the next sync.
   * @param writtenBy rows written after it may be newer than the listed records; null: no other run can write.
   */
  add(
    { key, created, changedAt, verdict, writtenAt, forgettable }: Compared,
    watermark: Instant,
    writtenBy: Instant | null,
  ): void {
    if (!this.seen.has(key) && !forgettable) this.atSource.set(created, (this.atSource.get(created) ?? 0) + 1)
    this.seen.add(key)
    if (verdict === 'same') return
    const isNewer = writtenBy !== null && writtenAt !== null && writtenAt > writtenBy
    if (isNewer || (changedAt !== null && changedAt > watermark)) this.pending.add(key)
    else this.differing.set(key, { difference: verdict, created })
  }

  /** A listed record that cannot be loaded. Its row, of an older version, is not gone. */
  addRejected(key: string): void {
    this.seen.add(key)
    this.atSource.set(null, (this.atSource.get(null) ?? 0) + 1)
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
    return this.differing.size === 0
  }

  /** Everything that differed has been repaired. */
  get resolved(): boolean {
    return this.differing.size === this.repaired.size
  }
}
