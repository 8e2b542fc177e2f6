import leven from 'leven'

/** `; did you mean …?` with the most similar known word; empty where none is similar. */
export function nearest(word: string, known: readonly string[]): string {
  const best = known.map(k => ({ k, distance: leven(word, k) })).sort((a, b) => a.distance - b.distance)[0]
  return best && best.distance <= Math.max(2, word.length / 3) ? `; did you mean ${best.k}?` : ''
}
