import type { Sleep } from './retry.ts'

/** Size of the bucket in api, and how many of them drain in a second. */
export interface Tier {
  readonly bucket: number
  readonly perSecond: number
}

/** The documented limit of a token that says nothing else [documented]. */
export const STANDARD: Tier = { bucket: 40, perSecond: 2 }

/**
 * The tier in a token's prefix: `sk_2x1_` drains twice as fast from a bucket of the usual size. That tokens carry it
 * is documented, the exact form is inferred; a token without it has the standard tier.
 */
export function tierOf(token: string): Tier {
  const match = /^sk_(\d{1,2})x(\d{1,2})_/.exec(token)
  const drain = Number(match?.[1] ?? 1) || 1
  const size = Number(match?.[2] ?? 1) || 1
  return { bucket: STANDARD.bucket * size, perSecond: STANDARD.perSecond * drain }
}

export interface RateLimit {
  /** Waits until a request fits. Returns the milliseconds waited, and what `heard` wants to know about it. */
  take(signal: AbortSignal): Promise<{ waitedMs: number; ticket: Ticket }>
  /** An answer's `x-recharge-limit`, such as `3/40`; null: it had none, or there was no answer. */
  heard(ticket: Ticket, limit: string | null): void
  /** A 429 came all the same. */
  overflowed(): void
  /** ApiClient that would leave at once if asked for now. */
  room(): number
  readonly tier: Tier
}

/** A request under way. */
export interface Ticket {
  /** The highest level of our model since it left. */
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
 * The server's leaky bucket, kept in step. Every answer shows the server's level, at the moment when it counted the
 * request or when it answered: which of the two is not known. So it is held against the highest that our model was in
 * between, whatever the latency; what is above that is somebody else's use of the token, and is added. It then drains
 * in both.
 */
export function createRateLimit({ tier, budget, monotonic, sleep }: RateLimitOptions): RateLimit {
  let { bucket, perSecond } = tier
  let level = 0
  const underWay = new Set<Ticket>()
  let at = monotonic()
  let waiting = 0
  let queue: Promise<unknown> = Promise.resolve()
  /*
   * Kept free. The server's bucket begins to drain when the first request arrives, ours when it leaves: for the time
   * between, a tenth of a second, ours is ahead. And a level that is shown in whole api, with what others have sent
   * in it, may be two less than it is. Each 429 that comes all the same shows that it is further.
   */
  let margin = 2 + perSecond / 10

  const ceiling = (): number => Math.max(1, (bucket - margin) * budget)
  const drain = (): void => {
    const now = monotonic()
    level = Math.max(0, level - ((now - at) / 1000) * perSecond * budget)
    at = now
  }

  async function wait(signal: AbortSignal): Promise<{ waitedMs: number; ticket: Ticket }> {
    const from = monotonic()
    for (drain(); level + 1 > ceiling(); drain())
      await sleep(((level + 1 - ceiling()) / (perSecond * budget)) * 1000 + 1, signal)
    raise(1)
    const ticket = { peak: level }
    underWay.add(ticket)
    return { waitedMs: monotonic() - from, ticket }
  }

  function raise(by: number): void {
    level += by
    for (const ticket of underWay) ticket.peak = Math.max(ticket.peak, level)
  }

  return {
    get tier() {
      return { bucket, perSecond }
    },
    room() {
      drain()
      return Math.floor(ceiling() - level) - waiting
    },
    take(signal) {
      waiting += 1
      const turn = queue
        .then(() => wait(signal))
        .finally(() => {
          waiting -= 1
        })
      queue = turn.catch(() => {})
      return turn
    },
    heard(ticket, limit) {
      underWay.delete(ticket)
      const match = /^(\d+)\s*\/\s*(\d+)$/.exec(limit ?? '')
      if (!match) return
      bucket = Number(match[2]) || bucket
      // The header is in whole api, our model is not.
      const unknown = Number(match[1]) - Math.ceil(ticket.peak)
      if (unknown <= 0) return
      drain()
      raise(unknown)
    },
    overflowed() {
      drain()
      level = Math.max(level, ceiling())
      margin = Math.min(margin + 1, bucket / 2)
    },
  }
}
