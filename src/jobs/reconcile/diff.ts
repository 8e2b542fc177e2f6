import type { Instant } from '../../common/model.ts'
import type { ComparableKey, Compared, Month } from '../../load/destination.ts'

/** In what way a key differs. */
export type Difference = 'missing' | 'changed' | 'gone'

/** What a comparison of records has found so far. Mutable. */
export class Diff {
  /** Keys that differ, each with how, and with the month it was created in. */
  readonly differing = new Map<string, { readonly difference: Difference; readonly created: Month }>()
  readonly repaired = new Set<string>()
  /** Keys that the source listed. */
  readonly seen = new Set<string>()
  readonly atSource = new Map<Month, number>()
  readonly inWarehouse = new Map<Month, number>()
  /** Records that changed since the warehouse last read them: the next sync takes them. */
  readonly pending = new Set<string>()
  /** Why rows that the source did not list could not be looked for; null: they were. */
  partial: string | null = null

  /**
   * @param watermark what changed after it is for the next sync.
   * @param writtenBy rows written after it are newer than what was listed; null: none can be.
   */
  add(
    { key, created, changedAt, verdict, writtenAt, forgettable }: Compared,
    watermark: Instant,
    writtenBy: Instant | null,
  ): void {
    if (!this.seen.has(key) && !forgettable) this.atSource.set(created, (this.atSource.get(created) ?? 0) + 1)
    this.seen.add(key)
    if (verdict === 'same') return
    const moving = writtenBy !== null && writtenAt !== null && writtenAt > writtenBy
    if (moving || (changedAt !== null && changedAt > watermark)) this.pending.add(key)
    else this.differing.set(key, { difference: verdict, created })
  }

  /** Listed, and not to be loaded: a row of an older version is not gone. */
  addRejected(key: string): void {
    this.seen.add(key)
    this.atSource.set(null, (this.atSource.get(null) ?? 0) + 1)
  }

  addGone({ key, created }: ComparableKey): void {
    this.differing.set(key, { difference: 'gone', created })
  }

  /** Keys that differ in this way. @param created undefined: whenever created. */
  keys(difference: Difference, created?: Month): readonly string[] {
    return [...this.differing]
      .filter(([, found]) => found.difference === difference && (created === undefined || found.created === created))
      .map(([key]) => key)
  }

  get agrees(): boolean {
    return this.differing.size === 0
  }

  /** Nothing is left that differs. */
  get settled(): boolean {
    return this.differing.size === this.repaired.size
  }
}
