/**
 * SQL for `a / b` rounded half up to `digits`: the same in both databases, to the last digit. Null if `b` is 0.
 *
 * DuckDB divides decimals as floats: 7.77 / 40 is 0.19424999999999998 there, and 0.1942 when rounded, where Postgres has
 * 0.1943. A remainder is exact in both, and a float is exact enough for a division that has none.
 * @param a a whole number, or a decimal of at most 8 digits after the point. The text is repeated, so let it be short.
 * @param b the same; never negative.
 */
export function quotient(a: string, b: string, digits: 4 | 6 = 4): string {
  const divisor = `cast(2 * nullif(${b}, 0) as decimal(38, 8))`
  const twice = `(cast(${a} as decimal(38, 8)) * ${2 * 10 ** digits} + ${b})`
  const whole = `(${twice} - (${twice} % ${divisor} + ${divisor}) % ${divisor}) / ${divisor}`
  return `(cast(${whole} as decimal(28, 0)) * ${(10 ** -digits).toFixed(digits)})`
}
