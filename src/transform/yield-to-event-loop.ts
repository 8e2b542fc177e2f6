import { setImmediate } from 'node:timers/promises'

/** Records between two moments at which other work gets its turn: about a millisecond. */
export const SLICE = 25

/** Work that comes in slices, all of it at once. */
export function runSync<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
  }
}

/** The same, slice by slice: the database's answers wait for a slice and not for a page, and a commit waits for many. */
export async function runSliced<T>(slices: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
    await setImmediate()
  }
}
