/** Counts the pages of a list that are read by pointers, in case the API stops giving pointers: then it goes on by numbers. */
export interface PageNumbers {
  /** Takes note of a page. @param size its records. */
  add(size: number): void
  /**
   * The number of the next page, and the size of pages that it counts. Null: it is not known, because the first pages were
   * read by another run, or the pages had different sizes.
   */
  next(): { readonly page: number; readonly limit: number } | null
}

/** @param fromStart the list is read from its first page on. */
export function createPageNumbers(fromStart: boolean): PageNumbers {
  let regular = fromStart
  let pages = 0
  /** Size of every page but the last, which may be smaller. */
  let limit = 0
  let last = 0
  return {
    add(size) {
      if (size === 0) return
      if (pages > 0 && (last !== limit || size > limit)) regular = false
      pages += 1
      last = size
      if (pages === 1) limit = size
    },
    next: () => (regular && pages > 0 ? { page: pages + 1, limit } : null),
  }
}
