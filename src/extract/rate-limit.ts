import type { RateReport } from '../common/run-report.ts'
import { createDrain } from './drain.ts'
import type { Sleep } from './retry.ts'

/** Size of the bucket in requests, and how many of them drain in a second. */
export interface Tier {
  readonly bucket: number
  readonly perSecond: number
}

/** The limit of a token whose prefix names no other [documented]. */
export const STANDARD: Tier = { bucket: 40, perSecond: 2 }
/** The largest bucket that a prefix can name. A header with a larger one than this, or than the given one, is not believed. */
const LARGEST_BUCKET = 99 * STANDARD.bucket

/**
 * The tier in a token's prefix: `sk_2x1_` drains twice as fast, from a bucket of the usual size. The prefix exists
 * [documented]; its exact form is [inferred]. A token without it has the standard tier.
 */
export function tierOf(token: string): Tier {
  const match = /^sk_(\d{1,2})x(\d{1,2})_/.exec(token)
  const drain = Number(match?.[1] ?? 1) || 1
  const size = Number(match?.[2] ?? 1) || 1
  return { bucket: STANDARD.bucket * size, perSecond: STANDARD.perSecond * drain }
}

export interface RateLimit {
  /** Waits until a request fits the bucket. @returns the milliseconds waited, and the ticket of the request for `observe`. */
  acquire(signal: AbortSignal): Promise<{ waitedMs: number; ticket: Ticket }>
  /**
   * Takes note of the response to a request.
   * @param limit its `x-recharge-limit`, such as `3/40`; null: there is no such header, or no response.
   */
  observe(ticket: Ticket, limit: string | null): void
  /** Takes note of a request that got no answer, or a 429. */
  onLost(reason: 'throttled' | 'no_answer'): void
  /** Requests that could be sent now without waiting. */
  room(): number
  /** Requests that have been sent and not answered. */
  readonly inFlight: number
  readonly tier: Tier
  /** Where the rate is from: what was given, a run before, or the levels that responses have shown. */
  readonly from: RateFrom
  /** Begins with what a run before has learnt. Called before the first page is requested. */
  begin(perSecond: number): void
}

type RateFrom = RateReport['from']

/** A request in flight. */
export interface Ticket {
  /** The highest level of our model since the request was sent. */
  peak: number
  /** By the monotonic clock. */
  readonly sentAt: number
  /** How many requests had been sent with it. */
  readonly number: number
}

export interface RateLimitOptions {
  readonly tier: Tier
  /** Share of the rate to use, 0 to 1. */
  readonly budget: number
  /** Whether the drain is learnt from the levels that responses show. Default: it is as given. */
  readonly learns?: boolean
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  readonly sleep: Sleep
}

/** More than any prefix can name is not believed. */
const FASTEST = 99 * STANDARD.perSecond
const SLOWEST = STANDARD.perSecond / 4
/** A drain that differs by less is the same. */
const CLEARLY = 1.02
/** Less drains than was believed, or somebody else uses the token. */
const CLEARLY_LESS = 0.9
/** In a second the rate grows by this factor at most. */
const GROWTH = 2
/** What is left of a learnt rate after a 429. */
const AFTER_THROTTLED = 0.9
/** Milliseconds within which the requests of other users are looked at, and for how many such times room is left for them. */
const OTHERS_WINDOW = 2_000
const ROOM_FOR_OTHERS = 1.5
/** Share of what other users took that is still expected of them after a window without any. */
const FORGETTING = 0.8

/**
 * A model of the server's leaky bucket. Every response shows the server's level, either when it counted the request or when
 * it answered [unknown]. So the level is compared with the highest of our model in between, whatever the latency. The
 * excess is another program's use of the token and is added to our model, which then drains as the server's does.
 */
export function createRateLimit({ tier, budget, learns = false, monotonic, sleep }: RateLimitOptions): RateLimit {
  let { bucket, perSecond } = tier
  let from: RateFrom = 'given'
  let level = 0
  const inFlight = new Set<Ticket>()
  const drained = createDrain()
  let at = monotonic()
  /** When the rate last grew. */
  let grownAt = at
  /** Requests that wait for `acquire`. */
  let waiting = 0
  let queue: Promise<unknown> = Promise.resolve()
  /** 429s so far: each shows that the margin was too small. */
  let throttled = 0
  /** A response has shown the level. */
  let isShown = false
  /** Requests of other users in the window that is open, and the most that are expected in one. */
  let others = { since: at, taken: 0, expected: 0 }

  /*
   * Requests of the bucket that are not used. The server's bucket starts to drain when the first request arrives, ours when
   * it is sent: for about a tenth of a second ours is ahead. And the level in the header is rounded to whole requests, with
   * other programs' requests in it, so it may be two below the true one. Other users of the token get room for what they
   * have been seen to send.
   */
  const margin = (): number => Math.min(bucket / 2, 2 + perSecond / 10 + throttled + ROOM_FOR_OTHERS * others.expected)

  const capacity = (): number => Math.max(1, (bucket - margin()) * budget)
  const drain = (): void => {
    const now = monotonic()
    level = Math.max(0, level - ((now - at) / 1000) * perSecond * budget)
    at = now
    if (now - others.since < OTHERS_WINDOW) return
    others = { since: now, taken: 0, expected: Math.max(others.taken, FORGETTING * others.expected) }
  }

  async function wait(signal: AbortSignal): Promise<{ waitedMs: number; ticket: Ticket }> {
    const since = monotonic()
    for (drain(); level + 1 > capacity(); drain())
      await sleep(((level + 1 - capacity()) / (perSecond * budget)) * 1000 + 1, signal)
    raise(1)
    const sentAt = monotonic()
    const ticket = { peak: level, sentAt, number: drained.sent(sentAt) }
    inFlight.add(ticket)
    return { waitedMs: sentAt - since, ticket }
  }

  function raise(by: number): void {
    level += by
    for (const ticket of inFlight) ticket.peak = Math.max(ticket.peak, level)
  }

  function learn({ sentAt, number }: Ticket, shown: number): void {
    const now = monotonic()
    drained.read(number, sentAt, now, shown)
    const least = Math.min(FASTEST, drained.least())
    if (least > CLEARLY * perSecond) {
      const most = perSecond * GROWTH ** ((now - grownAt) / 1000)
      if (most > CLEARLY * perSecond) {
        perSecond = Math.min(least, most)
        grownAt = now
        from = 'responses'
      }
    } else {
      grownAt = Math.max(grownAt, now - 1000)
      const most = drained.most()
      if (most !== null && most < CLEARLY_LESS * perSecond) {
        perSecond = Math.max(SLOWEST, most)
        from = 'responses'
      }
    }
    // The server's level is what it has shown, and what we have sent since. With a part of the rate, ours is higher on purpose.
    if (budget === 1) level = Math.min(level, shown + 1 + drained.sentAfter(number))
  }

  return {
    get tier() {
      return { bucket, perSecond }
    },
    get from() {
      return from
    },
    get inFlight() {
      return inFlight.size
    },
    begin(known) {
      if (!learns) return
      drain()
      perSecond = Math.min(FASTEST, Math.max(SLOWEST, known))
      from = 'earlier run'
    },
    room() {
      drain()
      return Math.floor(capacity() - level) - waiting
    },
    acquire(signal) {
      waiting += 1
      const acquired = queue
        .then(() => wait(signal))
        .finally(() => {
          waiting -= 1
        })
      queue = acquired.catch(() => {})
      return acquired
    },
    observe(ticket, limit) {
      inFlight.delete(ticket)
      const match = /^(\d+)\s*\/\s*(\d+)$/.exec(limit ?? '')
      if (!match) return
      const size = Number(match[2])
      if (size < 1 || size > Math.max(tier.bucket, LARGEST_BUCKET)) return
      bucket = size
      drain()
      // No bucket is fuller than full. The header is in whole requests, our model is not.
      const shown = Math.min(Number(match[1]), bucket)
      const byOthers = shown - Math.ceil(ticket.peak)
      if (byOthers > 0) {
        // What the first response shows was there before us.
        if (isShown) others.taken += byOthers
        raise(byOthers)
      }
      isShown = true
      if (learns) learn(ticket, shown)
    },
    onLost(reason) {
      // What was sent is not what the server has counted.
      drained.forget()
      if (reason === 'no_answer') return
      drain()
      level = Math.max(level, capacity())
      throttled = Math.min(throttled + 1, bucket / 2)
      if (from !== 'given') perSecond = Math.max(Math.min(perSecond, tier.perSecond), AFTER_THROTTLED * perSecond)
    },
  }
}
