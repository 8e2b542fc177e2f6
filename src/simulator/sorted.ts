import { compare, type Position, type Row } from './row.ts'

export type Direction = 'asc' | 'desc'

const CHUNK = 512

/**
 * The rows of a table in one order. Chunks keep an edit cheap: tests change a record between any
 * two pages, and moving one entry of a million must not mean moving the others.
 */
export class SortedRows {
  readonly #field: string
  #chunks: Entry[][] = []

  constructor(field: string, rows: Iterable<Row>) {
    this.#field = field
    const all = Array.from(rows, row => this.#entry(row))
    if (!inOrder(all)) all.sort(compare)
    for (let i = 0; i < all.length; i += CHUNK) this.#chunks.push(all.slice(i, i + CHUNK))
  }

  add(row: Row): void {
    const entry = this.#entry(row)
    const at = Math.min(this.#chunkOf(entry), this.#chunks.length - 1)
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([entry])
      return
    }
    chunk.splice(rank(chunk, entry), 0, entry)
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK))
  }

  remove(row: Row): void {
    const entry = this.#entry(row)
    const at = this.#chunkOf(entry)
    const chunk = this.#chunks[at]
    const index = chunk ? rank(chunk, entry) : 0
    if (chunk?.[index]?.row !== row) throw new Error(`row ${row.id} is not in the order by ${this.#field}`)
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Rows strictly after a position, in the direction asked for. */
  *after(from: Position | undefined, direction: Direction): Generator<Row, void, undefined> {
    const step = direction === 'asc' ? 1 : -1
    let at = direction === 'asc' ? 0 : this.#chunks.length - 1
    let index: number | undefined
    if (from) {
      at = Math.min(this.#chunkOf(from), this.#chunks.length - 1)
      const chunk = this.#chunks[at] ?? []
      const first = rank(chunk, from)
      const entry = chunk[first]
      if (direction === 'desc') index = first - 1
      else index = entry && compare(entry, from) === 0 ? first + 1 : first
    }
    for (; at >= 0 && at < this.#chunks.length; at += step, index = undefined) {
      const chunk = this.#chunks[at] ?? []
      for (let i = index ?? (step === 1 ? 0 : chunk.length - 1); i >= 0 && i < chunk.length; i += step) {
        const entry = chunk[i]
        if (entry) yield entry.row
      }
    }
  }

  /** The first chunk whose last entry is not before the position. */
  #chunkOf(position: Position): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const last = this.#chunks[middle]?.at(-1)
      if (last && compare(last, position) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #entry(row: Row): Entry {
    return { value: row.value(this.#field), id: row.id, row }
  }
}

interface Entry extends Position {
  readonly row: Row
}

function rank(chunk: readonly Entry[], position: Position): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = chunk[middle]
    if (entry && compare(entry, position) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Ids are handed out in order, so the order by id is usually there already. */
const inOrder = (entries: readonly Entry[]): boolean =>
  entries.every((entry, i) => {
    const before = entries[i - 1]
    return !before || compare(before, entry) <= 0
  })
