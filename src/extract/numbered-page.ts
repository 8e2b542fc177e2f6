/** The largest page that the API gives [documented]. */
export const LARGEST = 250
/** The smallest page that is requested in order to hit a place in a list. */
export const SMALLEST = 200
/** Records of the page that the segment before it reads too: the first one. */
export const SHARED = 1
/** Page numbers end here [documented]. */
export const LAST_PAGE = 100

/** A page requested by its number. Numbers count pages of one size, so the size says where the page begins. */
export interface NumberedPage {
  readonly page: number
  readonly limit: number
  /** Records of the list before it. */
  readonly offset: number
}

/**
 * The page that begins just before a place in a list: the segment that ends there then meets the first record of the page,
 * which proves that nothing is missing between the two. Of all pages that begin before the place, the one that costs least:
 * records that are read twice, and records that a smaller page leaves to later requests.
 * @param before records of the list before the place.
 * @param from the page does not begin before this.
 * @returns null: no page begins there, because numbers end at 100.
 */
export function pageJustBefore(before: number, from: number): NumberedPage | null {
  const latest = before - SHARED
  if (latest < 1) return null
  let best: NumberedPage | null = null
  let least = Number.POSITIVE_INFINITY
  for (let pages = Math.ceil(latest / LARGEST); pages <= LAST_PAGE - 1; pages++) {
    const limit = Math.floor(latest / pages)
    if (limit < SMALLEST) break
    if (limit > LARGEST) continue
    const offset = limit * pages
    const cost = latest - offset + (LARGEST - limit)
    if (offset >= from && cost < least) {
      best = { page: pages + 1, limit, offset }
      least = cost
    }
  }
  return best
}
