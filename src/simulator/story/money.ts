/** Amounts are whole cents until they are written: sums then come out to the cent. */
export const amount = (cents: number): string => (cents / 100).toFixed(2)
