/**
 * Pages a second: more than any tier allows, and more than a destination loads of wide records [bench]. More readers than
 * this rate needs would only spread the writes over more pages of the destination's indexes.
 */
const MAX_PAGES_PER_SECOND = 100
/** Seconds in which the free part of the bucket is to be used. At a low rate it is a large part of a short read. */
const SECONDS_FOR_ROOM = 5

/** What the rate limit has to give. */
export interface Allowance {
  /** Of a response. */
  readonly latencyMs: number
  /** Requests that the rate limit allows. */
  readonly perSecond: number
  /** Requests that could be sent now without waiting. */
  readonly room: number
}

/** Requests that must be in flight at once to use the whole rate, and the room in the bucket besides. */
export const inFlight = ({ latencyMs, perSecond, room }: Allowance): number =>
  (latencyMs / 1000) * Math.min(perSecond + Math.max(0, room) / SECONDS_FOR_ROOM, MAX_PAGES_PER_SECOND)

/** Enough readers to use the whole rate; more would only wait. A quarter more evens out responses of different latency. */
export const usefulReaders = (allowance: Allowance): number => Math.ceil(1.25 * inFlight(allowance)) + 1

/**
 * Pages that a segment must still have to be worth splitting. A split costs a part of a request. It saves half of the time
 * that the remaining pages would take one after another. So few cursors read a fast API, and as many as its rate allows
 * read a slow one.
 */
export const minPagesToSplit = (allowance: Allowance): number => Math.max(2, 2 / inFlight(allowance))
