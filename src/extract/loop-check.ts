import type { DecodedPage, Instant } from '../common/model.ts'

/** Detects a list without an end: its pointers come round, or lead to records again that it has shown already. */
export interface LoopCheck {
  /**
   * Takes note of a page and of its pointer to the next one.
   * @returns why the list has no end; null: nothing speaks for that.
   */
  add(page: Pick<DecodedPage, 'keys' | 'cursors'>, pointer: string): string | null
}

/**
 * Brent's algorithm: one page is kept, and each later page is compared with it. It is replaced when twice as many pages have
 * been read. So a loop is found within about three rounds, and the memory does not grow with the list.
 *
 * A record that is edited during the scan comes again with another cursor, so only the same key with the same cursor counts.
 * Even that may happen to a few records, where pages are offsets and records are added: half of the kept page has to come.
 */
export function createLoopCheck(): LoopCheck {
  let pages = 0
  let replaceAt = 1
  let keptPointer = ''
  const kept = new Map<string, Instant | null>()
  let metAgain = 0
  return {
    add({ keys, cursors }, pointer) {
      // An empty page may lead to itself, until the API serves its records.
      if (keys.length === 0) return null
      if (pages > 0 && pointer === keptPointer) return 'its pointers come round'
      for (const [i, key] of keys.entries()) if (kept.get(key) === cursors[i] && kept.has(key)) metAgain += 1
      if (kept.size > 0 && 2 * metAgain >= kept.size) return 'its pointers lead to the same records again and again'
      pages += 1
      if (pages === replaceAt) {
        replaceAt *= 2
        keptPointer = pointer
        metAgain = 0
        kept.clear()
        for (const [i, key] of keys.entries()) kept.set(key, cursors[i] ?? null)
      }
      return null
    },
  }
}
