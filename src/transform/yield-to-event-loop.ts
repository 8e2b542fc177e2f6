import { setImmediate } from 'node:timers/promises'

/** Records in one slice: about a millisecond of work. */
export const SLICE = 25

/** Runs all slices without a pause. */
export function runSync<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
  }
}

/** Yields to the event loop after each slice: a commit needs many answers of the database, and each waits for one slice, not a page. */
export async function runSliced<T>(slices: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
    await setImmediate()
  }
}
