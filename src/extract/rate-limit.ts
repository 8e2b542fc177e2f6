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
  /** Takes note of a 429. */
  onThrottled(): void
  /** Requests that could be sent now without waiting. */
  room(): number
  readonly tier: Tier
}

/** A request in flight. */
export interface Ticket {
  /** The highest level of our model since the request was sent. */
  peak: number
}

export interface RateLimitOptions {
  readonly tier: Tier
  /** Share of the rate to use, 0 to 1. */
  readonly budget: number
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  readonly sleep: Sleep
}

/**
 * A model of the server's leaky bucket. Every response shows the server's level, either when it counted the request or when
 * it answered [unknown]. So the level is compared with the highest of our model in between, whatever the latency. The
 * excess is another program's use of the token and is added to our model, which then drains as the server's does.
 */
export function createRateLimit({ tier, budget, monotonic, sleep }: RateLimitOptions): RateLimit {
  let { bucket, perSecond } = tier
  let level = 0
  const inFlight = new Set<Ticket>()
  let at = monotonic()
  /** Requests that wait for `acquire`. */
  let waiting = 0
  let queue: Promise<unknown> = Promise.resolve()
  /*
   * Requests of the bucket that are not used. The server's bucket starts to drain when the first request arrives, ours when
   * it is sent: for about a tenth of a second ours is ahead. And the level in the header is rounded to whole requests, with
   * other programs' requests in it, so it may be two below the true one. Each 429 shows that the margin is too small.
   */
  let margin = 2 + perSecond / 10

  const capacity = (): number => Math.max(1, (bucket - margin) * budget)
  const drain = (): void => {
    const now = monotonic()
    level = Math.max(0, level - ((now - at) / 1000) * perSecond * budget)
    at = now
  }

  async function wait(signal: AbortSignal): Promise<{ waitedMs: number; ticket: Ticket }> {
    const from = monotonic()
    for (drain(); level + 1 > capacity(); drain())
      await sleep(((level + 1 - capacity()) / (perSecond * budget)) * 1000 + 1, signal)
    raise(1)
    const ticket = { peak: level }
    inFlight.add(ticket)
    return { waitedMs: monotonic() - from, ticket }
  }

  function raise(by: number): void {
    level += by
    for (const ticket of inFlight) ticket.peak = Math.max(ticket.peak, level)
  }

  return {
    get tier() {
      return { bucket, perSecond }
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
      // No bucket is fuller than full. The header is in whole requests, our model is not.
      const byOthers = Math.min(Number(match[1]), bucket) - Math.ceil(ticket.peak)
      if (byOthers <= 0) return
      drain()
      raise(byOthers)
    },
    onThrottled() {
      drain()
      level = Math.max(level, capacity())
      margin = Math.min(margin + 1, bucket / 2)
    },
  }
}
