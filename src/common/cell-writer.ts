import { EPOCH_DAYS } from './cells.ts'
import { daysOf, toSeconds } from './instant.ts'
import type { Instant } from './model.ts'

const HIGH = 2 ** 32
const NEGATIVE = 0x4000
/** Powers of ten, by exponent. */
const POWERS = [1, 10, 100, 1000]
/** Up to this many characters or bytes are copied by a loop, which is faster than a call for so few. */
const SHORT = 40

/** Writes cells one after the other into a buffer that grows as needed. */
export class CellWriter {
  bytes: Buffer
  /** Where the next byte is written. */
  at = 0
  #view: DataView

  constructor(capacity = 16_384) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
    this.#view = new DataView(this.bytes.buffer)
  }

  /** The bytes written so far; valid until the next write. */
  written(): Buffer {
    return this.bytes.subarray(0, this.at)
  }

  /** A copy of the bytes written so far. */
  copyOfWritten(): Buffer {
    const bytes = Buffer.allocUnsafeSlow(this.at)
    bytes.set(this.bytes.subarray(0, this.at))
    return bytes
  }

  /** Grows the buffer if fewer than `bytes` are free. */
  reserve(bytes: number): void {
    const needed = this.at + bytes
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  /** 16 bits without a length in front. */
  short(value: number): void {
    this.reserve(2)
    this.#view.setInt16(this.at, value)
    this.at += 2
  }

  /** 32 bits without a length in front. */
  word(value: number): void {
    this.reserve(4)
    this.#view.setInt32(this.at, value)
    this.at += 4
  }

  /** Overwrites a `word` that was written at `at`. */
  setWord(at: number, value: number): void {
    this.#view.setInt32(at, value)
  }

  /** Whether the cell at `at` is null. */
  isNull(at: number): boolean {
    return this.#view.getInt32(at) === -1
  }

  /** Copies cells from another buffer. */
  copy(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    this.reserve(length)
    // Without `subarray`: a view for each row would be a kilobyte of garbage for each record.
    if (length > SHORT) bytes.copy(this.bytes, this.at, start, end)
    else for (let i = 0; i < length; i++) this.bytes[this.at + i] = bytes[start + i] as number
    this.at += length
  }

  null(): void {
    this.word(-1)
  }

  /** @param value a safe integer. */
  int(value: number): void {
    this.reserve(12)
    const high = Math.floor(value / HIGH)
    this.#view.setInt32(this.at, 8)
    this.#view.setInt32(this.at + 4, high)
    this.#view.setUint32(this.at + 8, value - high * HIGH)
    this.at += 12
  }

  /** @param value fits into 64 bits. */
  bigint(value: bigint): void {
    this.reserve(12)
    this.#view.setInt32(this.at, 8)
    this.#view.setBigInt64(this.at + 4, value)
    this.at += 12
  }

  flag(value: boolean): void {
    this.reserve(5)
    this.#view.setInt32(this.at, 1)
    this.bytes[this.at + 4] = value ? 1 : 0
    this.at += 5
  }

  /** Writes a short text of ASCII characters other than NUL. @returns false, and writes nothing, for any other text. */
  asciiText(value: string): boolean {
    const { length } = value
    if (length > SHORT) return false
    this.reserve(4 + length)
    const { bytes } = this
    const start = this.at + 4
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at)
      if (code > 127 || code === 0) return false
      bytes[start + at] = code
    }
    this.#view.setInt32(this.at, length)
    this.at = start + length
    return true
  }

  /** @param value without NUL and without half of a surrogate pair. */
  text(value: string): void {
    this.#utf8(value, 0)
  }

  /** A text cell whose bytes are copied from `start` to `end` of another buffer. */
  textOf(from: DataView, start: number, end: number): void {
    this.reserve(4 + end - start)
    this.#view.setInt32(this.at, end - start)
    this.at += 4
    this.#copyWords(from, start, end)
  }

  /** A JSON cell whose text is copied from `start` to `end` of another buffer. */
  jsonOf(from: DataView, start: number, end: number): void {
    this.reserve(5 + end - start)
    this.#view.setInt32(this.at, 1 + end - start)
    this.bytes[this.at + 4] = 1
    this.at += 5
    this.#copyWords(from, start, end)
  }

  /** Four bytes at a time. */
  #copyWords(from: DataView, start: number, end: number): void {
    const to = this.#view
    let { at } = this
    let next = start
    for (; next + 4 <= end; next += 4, at += 4) to.setInt32(at, from.getInt32(next, true), true)
    for (; next < end; next++, at++) to.setUint8(at, from.getUint8(next))
    this.at = at
  }

  /** @param value JSON text without NUL and without half of a surrogate pair. */
  json(value: string): void {
    this.#utf8(value, 1)
  }

  /** @param mark 1: a byte 1 is written before the text. */
  #utf8(value: string, mark: 0 | 1): void {
    const { length } = value
    this.reserve(4 + mark + 3 * length)
    const start = this.at + 4 + mark
    const size = this.bytes.write(value, start)
    if (mark === 1) this.bytes[start - 1] = 1
    this.#view.setInt32(this.at, size + mark)
    this.at = start + size
  }

  instant(value: Instant): void {
    this.seconds(toSeconds(value), value.endsWith('.000000Z') ? 0 : Number(value.slice(20, 26)))
  }

  /** An instant cell. @param seconds since 1970. @param micros to add. */
  seconds(seconds: number, micros = 0): void {
    const since = seconds - EPOCH_DAYS * 86_400
    const all = since * 1_000_000 + micros
    if (Number.isSafeInteger(all)) this.int(all)
    else this.bigint(BigInt(since) * 1_000_000n + BigInt(micros))
  }

  /** @param value YYYY-MM-DD. */
  day(value: string): void {
    this.reserve(8)
    this.#view.setInt32(this.at, 4)
    this.#view.setInt32(this.at + 4, daysOf(value) - EPOCH_DAYS)
    this.at += 8
  }

  /**
   * The decimal `mantissa` / 10 ^ `decimals`.
   * @param mantissa a safe integer, also after it is multiplied to give a multiple of four decimals.
   * @param decimals how many; the last one is not zero.
   */
  decimal(mantissa: number, decimals: number): void {
    const scale = 4 * Math.ceil(decimals / 4)
    let rest = Math.abs(mantissa) * (POWERS[scale - decimals] as number)
    let weight = -scale / 4
    // A division and a multiplication: the remainder operator on floats takes ten times as long.
    for (let left = Math.floor(rest / 10_000); rest !== 0 && left * 10_000 === rest; left = Math.floor(rest / 10_000)) {
      rest = left
      weight += 1
    }
    let count = 0
    for (let left = rest; left > 0; left = Math.floor(left / 10_000)) count += 1
    this.#decimalHead(count, count === 0 ? 0 : weight + count - 1, mantissa < 0, decimals)
    for (let i = count - 1; i >= 0; i--) {
      const left = Math.floor(rest / 10_000)
      this.#view.setInt16(this.at + 2 * i, rest - left * 10_000)
      rest = left
    }
    this.at += 2 * count
  }

  /** @param value canonical: without needless zeros, `+` and exponent. */
  decimalText(value: string): void {
    const negative = value.startsWith('-')
    const [whole = '', fraction = ''] = (negative ? value.slice(1) : value).split('.')
    const digits: number[] = []
    const padded = whole.padStart(4 * Math.ceil(whole.length / 4), '0')
    for (let i = 0; i < padded.length; i += 4) digits.push(Number(padded.slice(i, i + 4)))
    let weight = digits.length - 1
    for (let i = 0; i < fraction.length; i += 4) digits.push(Number(fraction.slice(i, i + 4).padEnd(4, '0')))
    while (digits.length > 0 && digits.at(-1) === 0) digits.pop()
    while (digits.length > 0 && digits[0] === 0) {
      digits.shift()
      weight -= 1
    }
    this.#decimalHead(digits.length, digits.length === 0 ? 0 : weight, negative, fraction.length)
    for (const digit of digits) this.short(digit)
  }

  #decimalHead(digits: number, weight: number, negative: boolean, decimals: number): void {
    this.reserve(12 + 2 * digits)
    this.#view.setInt32(this.at, 8 + 2 * digits)
    this.#view.setInt16(this.at + 4, digits)
    this.#view.setInt16(this.at + 6, weight)
    this.#view.setInt16(this.at + 8, negative ? NEGATIVE : 0)
    this.#view.setInt16(this.at + 10, decimals)
    this.at += 12
  }
}
