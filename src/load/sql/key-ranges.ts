/** A range of integer keys; both ends belong to it. */
export interface KeyRange {
  readonly least: bigint
  readonly greatest: bigint
}

const MOST_RANGES = 256

/**
 * Groups keys into at most 256 ranges. A range ends where the next key is far away: a commit holds records of several
 * segments of a scan, which are far apart.
 * @param keys integers of 64 bits, as text, in any order.
 */
export function rangesOf(keys: readonly string[]): KeyRange[] {
  const sorted = new BigInt64Array(keys.length)
  for (const [i, key] of keys.entries()) sorted[i] = BigInt(key)
  sorted.sort()
  const [first, last] = [sorted.at(0), sorted.at(-1)]
  if (first === undefined || last === undefined) return []
  // At most MOST_RANGES steps longer than this fit between the first key and the last.
  const far = (last - first) / BigInt(MOST_RANGES)
  const ranges: KeyRange[] = []
  let least = first
  let greatest = first
  for (const key of sorted) {
    if (key - greatest > far) {
      ranges.push({ least, greatest })
      least = key
    }
    greatest = key
  }
  return [...ranges, { least, greatest }]
}
