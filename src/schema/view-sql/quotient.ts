/**
 * The SQL of `dividend / divisor` as DECIMAL(18, scale), rounded half away from zero; null if the divisor is 0. A decimal
 * divided by a decimal is a float in DuckDB, and a float may fall on the wrong side of a half: 0.60875 may become 0.6087.
 * So the quotient is corrected by what is left over, which is exact, and both databases give the same digits.
 * @param dividend a column, or a short expression, that is not negative. It is written four times.
 * @param divisor the same.
 */
export function quotient(dividend: string, divisor: string, scale: number): string {
  const unit = `0.${'1'.padStart(scale, '0')}`
  const near = `cast(1.0 * (${dividend}) / nullif(${divisor}, 0) as decimal(18, ${scale}))`
  const rest = `2 * ((${dividend}) - ${near} * (${divisor}))`
  return `(${near} + case when ${rest} >= ${unit} * (${divisor}) then ${unit} when ${rest} < -${unit} * (${divisor}) then -${unit} else 0 end)`
}
