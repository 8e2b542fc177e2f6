import type { StoreRecord } from './record.ts'
import { Row } from './row.ts'
import { SortedRows } from './sorted.ts'

/** All rows of one resource. An order is built when first read and kept right from then on. */
export class Table {
  readonly #rows = new Map<number, Row>()
  readonly #orders = new Map<string, SortedRows>()
  #lastId = 0

  get size(): number {
    return this.#rows.size
  }

  get nextId(): number {
    return this.#lastId + 1
  }

  copy(): Table {
    const copy = new Table()
    for (const [id, row] of this.#rows) copy.#rows.set(id, row)
    copy.#lastId = this.#lastId
    return copy
  }

  row(id: number): Row | undefined {
    return this.#rows.get(id)
  }

  put(id: number, record: StoreRecord): void {
    const row = new Row(id, record)
    const before = this.#rows.get(id)
    for (const order of this.#orders.values()) {
      if (before) order.remove(before)
      order.add(row)
    }
    this.#rows.set(id, row)
    if (id > this.#lastId) this.#lastId = id
  }

  remove(id: number): StoreRecord | undefined {
    const row = this.#rows.get(id)
    if (!row) return undefined
    for (const order of this.#orders.values()) order.remove(row)
    this.#rows.delete(id)
    return row.record
  }

  by(field: string): SortedRows {
    let order = this.#orders.get(field)
    if (!order) {
      order = new SortedRows(field, this.#rows.values())
      this.#orders.set(field, order)
    }
    return order
  }
}
