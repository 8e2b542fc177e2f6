import { type DuckDBDataChunk, type DuckDBType, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

/** Rows in a vector of DuckDB's. */
export const VECTOR = 2048
const HIGH = 2 ** 32
/** Of ten, as many as a cell's digits and a column's decimals may be apart. */
const POWERS = Array.from({ length: 64 }, (_, power) => 10 ** power)

/**
 * A column of a data chunk, backfilled in memory of our own and handed over in one piece: a call into the library for each
 * value costs more than all else that is done with it. The layout is that of the library's public C header.
 */
export abstract class Vector {
  readonly type: DuckDBType
  protected readonly data: DataView
  readonly #width: number
  readonly #valid = new Uint8Array(VECTOR / 8)

  /** @param width of a value in bytes. */
  constructor(type: DuckDBType, width: number) {
    this.type = type
    this.#width = width
    this.data = new DataView(new ArrayBuffer(VECTOR * width))
  }

  /** Puts a cell, see `src/cells.ts`, of `length` bytes that begin at `at` into a row. */
  abstract set(row: number, cells: DataView, at: number, length: number): void

  /** The row is not null. */
  protected mark(row: number): void {
    const byte = row >> 3
    this.#valid[byte] = (this.#valid[byte] as number) | (1 << (row & 7))
  }

  /** Hands the rows over as column `index` of a chunk, and is empty again. */
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

/** A column that nothing declares any more: null in every row. */
export class NullVector extends Vector {
  constructor(type: DuckDBType) {
    super(type, 0)
  }

  set(): void {}
}

/** BIGINT, and TIMESTAMPTZ with what its own epoch is away from that of the cells. */
export class WordVector extends Vector {
  readonly #add: bigint

  constructor(type: DuckDBType, add = 0n) {
    super(type, 8)
    this.#add = add
  }

  set(row: number, cells: DataView, at: number): void {
    this.mark(row)
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

  constructor(type: DuckDBType, add: number) {
    super(type, 4)
    this.#add = add
  }

  set(row: number, cells: DataView, at: number): void {
    this.mark(row)
    this.data.setInt32(4 * row, cells.getInt32(at) + this.#add, true)
  }
}

/** BOOLEAN. */
export class FlagVector extends Vector {
  constructor(type: DuckDBType) {
    super(type, 1)
  }

  set(row: number, cells: DataView, at: number): void {
    this.mark(row)
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
    this.mark(row)
    const digits = cells.getInt16(at)
    // Of the last digit, in decimal places of the column.
    const power = 4 * (cells.getInt16(at + 2) - digits + 1) + this.#scale
    let value = 0
    for (let i = 0; i < digits; i++) value = value * 10_000 + cells.getInt16(at + 8 + 2 * i)
    // Divided, not multiplied by a fraction, which no float holds.
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

/** A text of at most this many bytes lies in the vector itself, a longer one behind a pointer. */
const INLINE = 12

/** VARCHAR, and JSON, whose cells begin with a mark. */
export class TextVector extends Vector {
  readonly #mark: number
  /** The long texts, one after the other, and the rows that point to them. */
  #heap = Buffer.allocUnsafeSlow(4 * VECTOR)
  #view = new DataView(this.#heap.buffer)
  #used = 0
  readonly #rows = new Uint16Array(VECTOR)
  readonly #places = new Uint32Array(VECTOR)
  #long = 0

  /** @param mark bytes before the text. */
  constructor(mark: number) {
    super(VARCHAR, 16)
    this.#mark = mark
  }

  set(row: number, cells: DataView, cellAt: number, cellLength: number): void {
    this.mark(row)
    const { data } = this
    const at = cellAt + this.#mark
    const length = cellLength - this.#mark
    const to = 16 * row
    data.setUint32(to, length, true)
    if (length <= INLINE) {
      for (let i = 4; i < 16; i += 4) data.setInt32(to + i, 0)
      for (let i = 0; i < length; i++) data.setUint8(to + 4 + i, cells.getUint8(at + i))
      return
    }
    data.setInt32(to + 4, cells.getInt32(at, true), true)
    this.#room(length)
    this.#rows[this.#long] = row
    this.#places[this.#long] = this.#used
    this.#long += 1
    this.#keep(cells, at, at + length)
  }

  /** By a loop: a call into the engine that copies costs more than the texts of nearly all cells. */
  #keep(from: DataView, start: number, end: number): void {
    const to = this.#view
    let used = this.#used
    let next = start
    for (; next + 4 <= end; next += 4, used += 4) to.setInt32(used, from.getInt32(next, true), true)
    for (; next < end; next++, used++) to.setUint8(used, from.getUint8(next))
    this.#used = used
  }

  #room(length: number): void {
    if (this.#used + length <= this.#heap.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#heap.length, this.#used + length))
    this.#heap.copy(grown, 0, 0, this.#used)
    this.#heap = grown
    this.#view = new DataView(grown.buffer)
  }

  /** The library copies all long texts as one, into memory that the vector owns, and says where that is. */
  protected override beforeCopy(vector: duckdb.Vector): void {
    if (this.#long > 0) {
      duckdb.vector_assign_string_element_len(vector, 0, this.#heap.subarray(0, this.#used))
      const first = duckdb.vector_get_data(vector, 16)
      const base = Number(new DataView(first.buffer, first.byteOffset, 16).getBigUint64(8, true))
      for (let i = 0; i < this.#long; i++) {
        const to = 16 * (this.#rows[i] as number) + 8
        const address = base + (this.#places[i] as number)
        this.data.setUint32(to, address % HIGH, true)
        this.data.setUint32(to + 4, Math.floor(address / HIGH), true)
      }
    }
    this.#long = 0
    this.#used = 0
  }
}
