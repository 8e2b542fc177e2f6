import type { CellWriter } from '../common/cell-writer.ts'
import type { DecodedPage, DecodeStats, FlatRecord, Instant, Reject } from '../common/model.ts'
import { count } from './flatten.ts'
import type { Identity } from './record-identity.ts'

/** A record that became rows without being an object first. */
export interface ScannedRecord extends Identity {
  readonly record: FlatRecord
  /** Paths that nothing is declared for and that have a value; null: none. */
  readonly unknownFields: ReadonlySet<string> | null
}

/** Collects the records of one page, whose rows go to one writer. */
export class PageBuilder {
  readonly stats: DecodeStats = { cleaned: 0, unknownFields: new Map(), mismatched: new Map() }
  readonly #writer: CellWriter
  readonly #records: FlatRecord[] = []
  readonly #rejects: Reject[] = []
  readonly #keys: string[] = []
  readonly #cursors: (Instant | null)[] = []
  #zoned = true

  constructor(writer: CellWriter) {
    this.#writer = writer
    writer.at = 0
  }

  add(result: FlatRecord | Reject, { key, zoned }: Identity): void {
    if ('reason' in result) this.#rejects.push(result)
    else this.#records.push(result)
    this.#keys.push(key)
    this.#cursors.push(result.cursor)
    if (!zoned) this.#zoned = false
  }

  addScanned(scanned: ScannedRecord): void {
    this.add(scanned.record, scanned)
    if (scanned.unknownFields !== null) count(scanned.unknownFields, this.stats.unknownFields)
  }

  finish(next: unknown, again: DecodedPage['again']): DecodedPage {
    const bytes = this.#writer.taken()
    for (const record of this.#records) record.bytes = bytes
    return {
      records: this.#records,
      rejects: this.#rejects,
      keys: this.#keys,
      cursors: this.#cursors,
      zoned: this.#zoned,
      next,
      stats: this.stats,
      bytes: bytes.length,
      again,
    }
  }
}
