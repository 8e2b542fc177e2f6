/** What one response showed of the bucket. */
interface Reading {
  /** Milliseconds of the monotonic clock. */
  readonly sentAt: number
  readonly receivedAt: number
  readonly level: number
  /** Our requests that the server had counted, if the level is that of when it counted this one. */
  readonly countedWhenSent: number
  /** The same, if the level is that of when it answered. */
  readonly countedWhenReceived: number
}

/** Milliseconds between two readings that are kept, and how long they are. */
const EVERY = 200
const KEPT_FOR = 60_000
/** A window is at least so long, in milliseconds, and has so many of our requests: the levels are in whole requests. */
const SHORTEST = 1_000
/** Milliseconds by which a response may be read later than another one, because this process was at work. */
const JITTER = 100
const FEWEST = 8
/** The same for what shows that less drains than was believed, which other users of the token show too. */
const SHORTEST_DOWN = 10_000
const FEWEST_DOWN = 20
/** At a lower level the bucket may have been empty in between: then less drains than could. */
const NOT_EMPTY = 2
/** Milliseconds that a request takes to the server at most, and the part of the latency that it takes. */
const TRANSIT = 100
const TRANSIT_SHARE = 0.5

/**
 * Estimates how many requests drain from the server's bucket in a second, from the levels that responses show. Between two
 * responses, what drained is what we sent less what the level has risen. Requests of other users raise the level too, and an
 * empty bucket does not drain, so the true drain is never below this. Whether a level is that of when the request was
 * counted or of when it was answered is not known [unknown]: both are tried, and the smaller result counts.
 */
export interface Drain {
  /** @returns the number of the request: how many have been sent with it. */
  sent(at: number): number
  /** Takes note of the level in a response to the request of this number. */
  read(number: number, sentAt: number, receivedAt: number, level: number): void
  /** Requests a second that drain at least; 0: not known. */
  least(): number
  /** Requests a second that drained at most lately; null: not known. */
  most(): number | null
  /** Our requests after the one of this number. */
  sentAfter(number: number): number
  /** What was sent is not what the server has counted: one request was refused, or got no answer. */
  forget(): void
}

export function createDrain(): Drain {
  let readings: Reading[] = []
  /** When our requests were sent, without those that were sent before all readings. */
  let sends: number[] = []
  let before = 0
  const countUntil = (at: number): number => {
    let [low, high] = [0, sends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sends[middle] ?? 0) <= at) low = middle + 1
      else high = middle
    }
    return before + low
  }
  const dropOld = (now: number): void => {
    const from = now - KEPT_FOR
    readings = readings.filter(({ receivedAt }) => receivedAt >= from)
    const oldest = Math.min(from, ...readings.map(({ sentAt }) => sentAt))
    const old = sends.findIndex(at => at >= oldest)
    if (old > 0) {
      before += old
      sends = sends.slice(old)
    }
  }
  return {
    sent(at) {
      sends.push(at)
      return before + sends.length
    },
    sentAfter: number => before + sends.length - number,
    read(number, sentAt, receivedAt, level) {
      const last = readings.at(-1)
      const transit = Math.min(TRANSIT, TRANSIT_SHARE * (receivedAt - sentAt))
      const reading = {
        sentAt,
        receivedAt,
        level,
        countedWhenSent: number,
        countedWhenReceived: countUntil(receivedAt - transit),
      }
      // The newest reading is always kept, and one for every interval before it.
      const beforeLast = readings.at(-2)
      if (last && beforeLast && last.receivedAt - beforeLast.receivedAt < EVERY) readings.pop()
      readings.push(reading)
      if (readings.length % 64 === 0) dropOld(receivedAt)
    },
    least() {
      const last = readings.at(-1)
      let most = 0
      for (const first of readings) {
        if (!last || last.sentAt - first.sentAt < SHORTEST || last.receivedAt - first.receivedAt < SHORTEST) continue
        if (last.countedWhenSent - first.countedWhenSent < FEWEST) continue
        // Levels are in whole requests.
        const risen = last.level - first.level + 1
        const whenSent = perSecond(
          last.countedWhenSent - first.countedWhenSent - risen,
          last.sentAt - first.sentAt + JITTER,
        )
        const whenReceived = perSecond(
          last.countedWhenReceived - first.countedWhenReceived - risen,
          last.receivedAt - first.receivedAt + JITTER,
        )
        most = Math.max(most, Math.min(whenSent, whenReceived))
      }
      return most
    },
    most() {
      const last = readings.at(-1)
      if (!last) return null
      let most: number | null = null
      for (let i = readings.length - 1; i >= 0; i--) {
        const first = readings[i] as Reading
        if (first.level < NOT_EMPTY) break
        if (last.sentAt - first.sentAt < SHORTEST_DOWN || last.receivedAt - first.receivedAt < SHORTEST_DOWN) continue
        if (last.countedWhenSent - first.countedWhenSent < FEWEST_DOWN) continue
        const risen = last.level - first.level - 1
        const whenSent = perSecond(last.countedWhenSent - first.countedWhenSent - risen, last.sentAt - first.sentAt)
        const whenReceived = perSecond(
          last.countedWhenReceived - first.countedWhenReceived - risen,
          last.receivedAt - first.receivedAt,
        )
        most = Math.max(most ?? 0, whenSent, whenReceived)
      }
      return most
    },
    forget() {
      readings = []
    },
  }
}

const perSecond = (requests: number, ms: number): number => (1000 * requests) / ms
