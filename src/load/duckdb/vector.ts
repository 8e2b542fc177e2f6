import { type DuckDBDataChunk, type DuckDBType, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

/** Rows in a vector of DuckDB. */
export const VECTOR_ROWS = 2048
const HIGH = 2 ** 32
/** Powers of ten, for the difference between a cell's decimals and the column's. */
const POWERS = Array.from({ length: 64 }, (_, power) => 10 ** power)

/**
 * A column of a data chunk. Values are collected in memory of our own and copied into the chunk in one call: a call into
 * the library for each value would cost more than all other work on it. The layout is that of the library's public C header.
 */
export abstract class Vector {
  readonly type: DuckDBType
  protected readonly data: DataView
  readonly #width: number
  readonly #valid = new Uint8Array(VECTOR_ROWS / 8)

  /** @param width of a value in bytes. */
  constructor(type: DuckDBType, width: number) {
    this.type = type
    this.#width = width
    this.data = new DataView(new ArrayBuffer(VECTOR_ROWS * width))
  }

  /** Sets a row to a cell of `common/cells.ts`, whose `length` bytes begin at `at`. */
  abstract set(row: number, cells: DataView, at: number, length: number): void

  /** Records that the row is not null. */
  protected setValid(row: number): void {
    const byte = row >> 3
    this.#valid[byte] = (this.#valid[byte] as number) | (1 << (row & 7))
  }

  /** Copies the rows into column `index` of a chunk and starts again without rows. */
  flush(chunk: DuckDBDataChunk, index: number, rows: number): void {
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, index)
    this.beforeCopy(vector)
    duckdb.copy_data_to_vector(vector, 0, this.data.buffer as ArrayBuffer, 0, rows * this.#width)
    duckdb.vector_ensure_validity_writable(vector)
    duckdb.copy_data_to_vector_validity(vector, 0, this.#valid.buffer, 0, this.#valid.byteLength)
    this.#valid.fill(0)
  }

  protected beforeCopy(_vector: duckdb.Vector): void {}
}

/** A column that no declaration has any more: null in every row. */
export class NullVector extends Vector {
  constructor(type: DuckDBType) {
    super(type, 0)
  }

  set(): void {}
}

/** BIGINT, and TIMESTAMPTZ. */
export class WordVector extends Vector {
  readonly #add: bigint

  /** @param add to each value, for the difference between DuckDB's epoch and that of the cells. */
  constructor(type: DuckDBType, add = 0n) {
    super(type, 8)
    this.#add = add
  }

  set(row: number, cells: DataView, at: number): void {
    this.setValid(row)
    if (this.#add !== 0n) {
      this.data.setBigInt64(8 * row, cells.getBigInt64(at) + this.#add, true)
      return
    }
    this.data.setInt32(8 * row, cells.getInt32(at + 4), true)
    this.data.setInt32(8 * row + 4, cells.getInt32(at), true)
  }
}

/** DATE. */
export class DayVector extends Vector {
  readonly #add: number

  /** @param add to each value, for the difference between DuckDB's epoch and that of the cells. */
  constructor(type: DuckDBType, add: number) {
    super(type, 4)
    this.#add = add
  }

  set(row: number, cells: DataView, at: number): void {
    this.setValid(row)
    this.data.setInt32(4 * row, cells.getInt32(at) + this.#add, true)
  }
}

/** BOOLEAN. */
export class FlagVector extends Vector {
  constructor(type: DuckDBType) {
    super(type, 1)
  }

  set(row: number, cells: DataView, at: number): void {
    this.setValid(row)
    this.data.setUint8(row, cells.getUint8(at))
  }
}

/** DECIMAL in 64 or in 128 bits. */
export class DecimalVector extends Vector {
  readonly #scale: number
  readonly #wide: boolean

  constructor(type: DuckDBType, scale: number, wide: boolean) {
    super(type, wide ? 16 : 8)
    this.#scale = scale
    this.#wide = wide
  }

  set(row: number, cells: DataView, at: number): void {
    this.setValid(row)
    const digits = cells.getInt16(at)
    // The weight of the last digit of the cell as a power of ten, in units of the column's last decimal.
    const power = 4 * (cells.getInt16(at + 2) - digits + 1) + this.#scale
    let value = 0
    for (let i = 0; i < digits; i++) value = value * 10_000 + cells.getInt16(at + 8 + 2 * i)
    // Divided by a power of ten, because a float does not hold 0.1 exactly.
    value = power < 0 ? value / (POWERS[-power] as number) : value * (POWERS[power] as number)
    const negative = cells.getInt16(at + 4) !== 0
    if (digits > 3 || value > Number.MAX_SAFE_INTEGER) this.#putLarge(row, cells, at, power)
    else this.#putSmall(row, negative ? -value : value)
  }

  #putSmall(row: number, value: number): void {
    const to = (this.#wide ? 16 : 8) * row
    const high = Math.floor(value / HIGH)
    this.data.setUint32(to, value - high * HIGH, true)
    this.data.setInt32(to + 4, high, true)
    if (!this.#wide) return
    this.data.setInt32(to + 8, value < 0 ? -1 : 0, true)
    this.data.setInt32(to + 12, value < 0 ? -1 : 0, true)
  }

  #putLarge(row: number, view: DataView, at: number, power: number): void {
    let value = 0n
    for (let i = 0; i < view.getInt16(at); i++) value = value * 10_000n + BigInt(view.getInt16(at + 8 + 2 * i))
    value = power >= 0 ? value * 10n ** BigInt(power) : value / 10n ** BigInt(-power)
    if (view.getInt16(at + 4) !== 0) value = -value
    const to = (this.#wide ? 16 : 8) * row
    this.data.setBigInt64(to, BigInt.asIntN(64, value), true)
    if (this.#wide) this.data.setBigInt64(to + 8, value >> 64n, true)
  }
}

/** A text of at most this many bytes lies in the vector itself; for a longer one the vector has a pointer. */
const INLINE = 12

/** VARCHAR, and JSON, whose cells begin with a version byte. */
export class TextVector extends Vector {
  readonly #prefix: number
  /** The long texts, one after the other; below, the rows that point to them. */
  #heap = Buffer.allocUnsafeSlow(4 * VECTOR_ROWS)
  #view = new DataView(this.#heap.buffer)
  #used = 0
  readonly #rows = new Uint16Array(VECTOR_ROWS)
  readonly #offsets = new Uint32Array(VECTOR_ROWS)
  #long = 0

  /** @param prefix bytes before the text in a cell. */
  constructor(prefix: number) {
    super(VARCHAR, 16)
    this.#prefix = prefix
  }

  set(row: number, cells: DataView, cellAt: number, cellLength: number): void {
    this.setValid(row)
    const { data } = this
    const at = cellAt + this.#prefix
    const length = cellLength - this.#prefix
    const to = 16 * row
    data.setUint32(to, length, true)
    if (length <= INLINE) {
      for (let i = 4; i < 16; i += 4) data.setInt32(to + i, 0)
      for (let i = 0; i < length; i++) data.setUint8(to + 4 + i, cells.getUint8(at + i))
      return
    }
    data.setInt32(to + 4, cells.getInt32(at, true), true)
    this.#reserve(length)
    this.#rows[this.#long] = row
    this.#offsets[this.#long] = this.#used
    this.#long += 1
    this.#copyToHeap(cells, at, at + length)
  }

  /** In a loop: for the length of nearly all texts a call to `copy` costs more. */
  #copyToHeap(from: DataView, start: number, end: number): void {
    const to = this.#view
    let used = this.#used
    let next = start
    for (; next + 4 <= end; next += 4, used += 4) to.setInt32(used, from.getInt32(next, true), true)
    for (; next < end; next++, used++) to.setUint8(used, from.getUint8(next))
    this.#used = used
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#heap.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#heap.length, this.#used + length))
    this.#heap.copy(grown, 0, 0, this.#used)
    this.#heap = grown
    this.#view = new DataView(grown.buffer)
  }

  /** Has the library copy all long texts as one into memory of the vector, and sets the pointers to where that is. */
  protected override beforeCopy(vector: duckdb.Vector): void {
    if (this.#long > 0) {
      duckdb.vector_assign_string_element_len(vector, 0, this.#heap.subarray(0, this.#used))
      const first = duckdb.vector_get_data(vector, 16)
      const base = Number(new DataView(first.buffer, first.byteOffset, 16).getBigUint64(8, true))
      for (let i = 0; i < this.#long; i++) {
        const to = 16 * (this.#rows[i] as number) + 8
        const address = base + (this.#offsets[i] as number)
        this.data.setUint32(to, address % HIGH, true)
        this.data.setUint32(to + 4, Math.floor(address / HIGH), true)
      }
    }
    this.#long = 0
    this.#used = 0
  }
}
