import type { CellWriter } from '../common/cell-writer.ts'
import type { DecodedPage, DecodeStats, FlatRecord, Instant, Reject } from '../common/model.ts'
import { countPaths } from './flatten.ts'
import type { Identity } from './record-identity.ts'

/** A record whose rows the scanner wrote. */
export interface ScannedRecord extends Identity {
  readonly record: FlatRecord
  /** Paths that are not declared and have a value; null: none. */
  readonly unknownFields: ReadonlySet<string> | null
}

/** Collects the records of one page. All rows go to one writer. */
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
    if (scanned.unknownFields !== null) countPaths(scanned.unknownFields, this.stats.unknownFields)
  }

  /** Copies the rows out of the writer, which the next page uses again. */
  finish(next: unknown, decodeAgain: DecodedPage['decodeAgain']): DecodedPage {
    const bytes = this.#writer.copyOfWritten()
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
      decodeAgain,
    }
  }
}
