/** A decimal number as the database writes it, such as `-12.3400`. */
export type Decimal = string

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/** Digits behind the point that sums are kept with. Views have four or six. */
const SCALE = 6

/** @throws {Error} if the text is no decimal number, or has more digits behind the point than sums keep. */
function scaled(text: Decimal): bigint {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined || fraction.length > SCALE) throw new Error(`${text} is not a decimal number`)
  const value = BigInt(whole + fraction.padEnd(SCALE, '0'))
  return sign === '-' ? -value : value
}

function written(value: bigint): Decimal {
  const digits = (value < 0n ? -value : value).toString().padStart(SCALE + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`
}

/** The exact sum; a null adds nothing. Null if all are null. */
export function sumOf(values: readonly (Decimal | null)[]): Decimal | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : written(known.reduce((sum, value) => sum + scaled(value), 0n))
}

/** The exact difference; null if one of the two is not known. */
export const minus = (left: Decimal | null, right: Decimal | null): Decimal | null =>
  left === null || right === null ? null : written(scaled(left) - scaled(right))

/** -1, 0 or 1. */
export function signOf(value: Decimal): -1 | 0 | 1 {
  const exact = scaled(value)
  return exact === 0n ? 0 : exact < 0n ? -1 : 1
}
