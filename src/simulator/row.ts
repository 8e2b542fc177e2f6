import type { StoreRecord } from './record.ts'
import { instant } from './time.ts'

export type SortValue = number | string

/** A point in an order: the value sorted by, and the id that breaks ties. */
export interface Position {
  readonly value: SortValue
  readonly id: number
}

/** One version of a record. An edit makes a new row, so cached text and sort values are never out of date. */
export class Row {
  readonly id: number
  readonly record: StoreRecord
  #text: (() => Buffer) | undefined
  #values: { [field: string]: SortValue } | undefined

  constructor(id: number, record: StoreRecord) {
    this.id = id
    this.record = record
  }

  value(field: string): SortValue {
    if (field === 'id') return this.id
    this.#values ??= {}
    const known = this.#values[field]
    if (known !== undefined) return known
    const value = sortValue(field, this.record)
    this.#values[field] = value
    return value
  }

  /** Serves this text. The record then needs only the members that lists filter and sort by. */
  serve(text: () => Buffer): void {
    this.#text = text
  }

  /** JSON in UTF-8. Kept after the first use only if asked: a million records of 3 kB would not fit twice. */
  text(keep: boolean): Buffer {
    if (this.#text !== undefined) return this.#text()
    const text = Buffer.from(JSON.stringify(this.record))
    if (keep) this.#text = () => text
    return text
  }
}

function sortValue(field: string, record: StoreRecord): SortValue {
  return field === 'title' ? String(record.title ?? '') : instant(record[field])
}

export function compare(a: Position, b: Position): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return a.id - b.id
}
