/**
 * Pages a second, more than any tier allows and than a destination takes of wide records [bench]: readers for a rate
 * beyond it would only spread what arrives over more places of its indexes.
 */
const MOST_TAKEN = 100

/**
 * ApiClient that have to be under way at once for the rate to be used.
 * @param latencyMs of an answer. @param perSecond api that the rate limit allows.
 */
const inFlight = (latencyMs: number, perSecond: number): number => (latencyMs / 1000) * Math.min(perSecond, MOST_TAKEN)

/** Readers beyond what keeps the rate busy would only wait; a quarter more makes up for uneven answers. */
export const usefulReaders = (latencyMs: number, perSecond: number): number =>
  Math.ceil(1.25 * inFlight(latencyMs, perSecond)) + 1

/**
 * The rest of a segment, in pages, from which on it is worth a cut. A cut costs about one request, which is the time in
 * which one drains from the bucket; it saves half of the time that the rest would take one page after another. So a
 * fast API is read by few cursors, and a slow one by as many as its rate allows.
 */
export const worthCutting = (latencyMs: number, perSecond: number): number =>
  Math.max(2, 2 / inFlight(latencyMs, perSecond))
