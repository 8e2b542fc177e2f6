import { Random } from '../../src/simulator/story/random.ts'

/** Randomness that depends on these parts and on nothing else (FNV-1a): what one place draws moves no draw of another. */
export function randomOf(...parts: readonly (string | number)[]): Random {
  let hash = 0x811c9dc5
  for (const character of parts.join('/')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return new Random(hash)
}

/** One of the list, in proportion to its weight; null for an empty list. */
export function weighted<T extends { readonly weight: number }>(random: Random, list: readonly T[]): T | null {
  let left = random.next() * list.reduce((sum, { weight }) => sum + weight, 0)
  for (const entry of list) {
    left -= entry.weight
    if (left < 0) return entry
  }
  return list.at(-1) ?? null
}

export function oneOf<T>(random: Random, list: readonly T[]): T | undefined {
  return list[random.between(0, list.length - 1)]
}

/** Some of the list, each at most once, in a random order. */
export function someOf<T>(random: Random, list: readonly T[], count: number): T[] {
  const rest = [...list]
  const taken: T[] = []
  while (taken.length < count && rest.length > 0) taken.push(...rest.splice(random.between(0, rest.length - 1), 1))
  return taken
}

/** One of the records; more often one of the few that both bends and changes prefer, so that they meet. */
export function favoured<T extends { readonly id?: unknown }>(random: Random, records: readonly T[]): T | undefined {
  const few = records.filter(({ id }) => Number(id) % 9 === 0)
  return oneOf(random, few.length > 0 && random.chance(0.6) ? few : records)
}

export type { Random }
