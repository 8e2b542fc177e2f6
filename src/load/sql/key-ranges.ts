/** Both ends belong to it. */
export interface KeyRange {
  readonly least: bigint
  readonly greatest: bigint
}

/** Ranges at most. */
const MOST = 256

/**
 * Ranges that hold all of the keys and little else: they end where the next key is far off, because what a commit holds
 * was read in several places at once.
 * @param keys integers of 64 bits, as text.
 */
export function rangesOf(keys: readonly string[]): KeyRange[] {
  const sorted = new BigInt64Array(keys.length)
  for (const [i, key] of keys.entries()) sorted[i] = BigInt(key)
  sorted.sort()
  const [first, last] = [sorted.at(0), sorted.at(-1)]
  if (first === undefined || last === undefined) return []
  // No more than so many steps of that length fit between the ends.
  const far = (last - first) / BigInt(MOST)
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
