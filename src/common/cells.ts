/*
 * Rows as bytes. A few large buffers cost much less memory, and much less time to send to a database, than millions of
 * small objects. The fingerprint of a record is the hash of its bytes.
 *
 * A cell is its length as a 32-bit integer, -1 for null, and its bytes. Everything is big-endian:
 *
 *   int      64 bits                          day      32 bits, days since 2000-01-01
 *   flag     one byte                         text     UTF-8
 *   instant  64 bits, microseconds since 2000-01-01T00:00:00Z
 *   json     a byte 1, then UTF-8
 *   decimal  four 16-bit integers: number of digits in base 10,000, weight of the first of them, sign (0, or 0x4000
 *            for a negative number), decimals to show; then the digits, 16 bits each, without zeros at either end
 */

/** Days from 1970-01-01 to 2000-01-01. */
export const EPOCH_DAYS = 10_957
const HIGH = 2 ** 32

/** Rows. Each is the number of its cells as a 16-bit integer, and the cells. */
export interface Block {
  readonly bytes: Buffer
  /** Number of rows. */
  readonly count: number
}

/** Offset of the cell that is `index` cells after the one at `start`. */
export function cellAt(bytes: Buffer, start: number, index: number): number {
  let at = start
  for (let i = 0; i < index; i++) at = cellEnd(bytes, at)
  return at
}

/** Offset behind the cell at `at`. */
export const cellEnd = (bytes: Buffer, at: number): number => at + 4 + Math.max(0, bytes.readInt32BE(at))

/** The int cell at `at` as text. */
export function intAt(bytes: Buffer, at: number): string {
  const number = bytes.readInt32BE(at + 4) * HIGH + bytes.readUInt32BE(at + 8)
  return Number.isSafeInteger(number) ? String(number) : bytes.readBigInt64BE(at + 4).toString()
}

export const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at + 4, cellEnd(bytes, at))

/** The JSON cell at `at` as text; null: the cell is null. */
export function jsonAt(bytes: Buffer, at: number): string | null {
  const length = bytes.readInt32BE(at)
  return length === -1 ? null : bytes.toString('utf8', at + 5, at + 4 + length)
}
