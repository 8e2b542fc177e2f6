/**
 * Pages a second: more than any tier allows, and more than a destination loads of wide records [bench]. More readers than
 * this rate needs would only spread the writes over more pages of the destination's indexes.
 */
const MAX_PAGES_PER_SECOND = 100

/**
 * Requests that must be in flight at once to use the whole rate.
 * @param latencyMs of a response. @param perSecond requests that the rate limit allows.
 */
const inFlight = (latencyMs: number, perSecond: number): number =>
  (latencyMs / 1000) * Math.min(perSecond, MAX_PAGES_PER_SECOND)

/** Enough readers to use the whole rate; more would only wait. A quarter more evens out responses of different latency. */
export const usefulReaders = (latencyMs: number, perSecond: number): number =>
  Math.ceil(1.25 * inFlight(latencyMs, perSecond)) + 1

/**
 * Pages that a segment must still have to be worth splitting. A split costs about one request, which is the time in which
 * one request drains from the bucket. It saves half of the time that the remaining pages would take one after another.
 * So few cursors read a fast API, and as many as its rate allows read a slow one.
 */
export const minPagesToSplit = (latencyMs: number, perSecond: number): number =>
  Math.max(2, 2 / inFlight(latencyMs, perSecond))
