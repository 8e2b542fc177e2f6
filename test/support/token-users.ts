import { setImmediate as nextTick } from 'node:timers/promises'
import { createRateLimit, type Tier } from '../../src/extract/rate-limit.ts'

/** A client with a rate limit, and perhaps another user of its token, before a bucket like the API's. No time passes. */
export interface Users {
  readonly believed: Tier
  readonly perSecond: number
  readonly bucket?: number
  readonly latencyMs: number
  /** Our requests. */
  readonly requests: number
  /** Whether the header is of when the request was counted, or of when it was answered. */
  readonly shownWhen: 'counted' | 'answered'
  /** Requests a second of another user; they come at random. */
  readonly others?: number
  readonly random?: () => number
  /** A rate that an earlier run has learnt. */
  readonly begin?: number
}

export interface Seen {
  readonly seconds: number
  readonly throttled: number
  readonly othersThrottled: number
  readonly othersSent: number
  readonly learnt: number
  /** Requests answered, ÷ what the bucket allowed in that time. */
  readonly share: number
}

/** Runs events in the order of their times. */
class Events {
  now = 0
  readonly #waiting: { at: number; run: () => void }[] = []
  readonly sleep = (ms: number): Promise<void> => new Promise(resolve => this.after(ms, resolve))

  after(ms: number, run: () => void): void {
    this.#waiting.push({ at: this.now + ms, run })
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      // Promises go first.
      await nextTick()
      if (done()) return
      let next = 0
      for (let i = 1; i < this.#waiting.length; i++)
        if ((this.#waiting[i]?.at ?? 0) < (this.#waiting[next]?.at ?? 0)) next = i
      const [event] = this.#waiting.splice(next, 1)
      if (!event) throw new Error('nothing happens any more')
      this.now = Math.max(this.now, event.at)
      event.run()
    }
  }
}

export async function useToken(users: Users): Promise<Seen> {
  const { believed, perSecond, bucket = 40, latencyMs, requests, shownWhen, others = 0, random = Math.random } = users
  const events = new Events()
  let level = 0
  let at = 0
  const drain = (): void => {
    level = Math.max(0, level - ((events.now - at) / 1000) * perSecond)
    at = events.now
  }
  const take = (): boolean => {
    drain()
    if (level + 1 > bucket) return false
    level += 1
    return true
  }
  const header = (): string => {
    drain()
    return `${Math.ceil(level)}/${bucket}`
  }
  const { signal } = new AbortController()
  const limit = createRateLimit({
    tier: believed,
    budget: 1,
    learns: true,
    monotonic: () => events.now,
    sleep: events.sleep,
  })
  if (users.begin !== undefined) limit.begin(users.begin)
  let [answered, throttled, othersThrottled, othersSent, sent, last] = [0, 0, 0, 0, 0, 0]
  const transit = Math.min(20, latencyMs / 4)
  const reader = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1
      for (;;) {
        const { ticket } = await limit.acquire(signal)
        await events.sleep(transit)
        const isTaken = take()
        last = events.now
        const counted = header()
        await events.sleep(isTaken ? latencyMs - 2 * transit : 0)
        const shown = shownWhen === 'counted' ? counted : header()
        await events.sleep(transit)
        limit.observe(ticket, shown)
        if (isTaken) break
        throttled += 1
        limit.onLost('throttled')
        await events.sleep(1000)
      }
      answered += 1
    }
  }
  const another = (): void => {
    othersSent += 1
    if (!take()) othersThrottled += 1
    events.after((-1000 * Math.log(1 - random())) / others, another)
  }
  if (others > 0) events.after(0, another)
  const most = Math.ceil((1.25 * latencyMs * perSecond) / 1000) + 8
  for (let n = 0; n < most; n++) void reader()
  await events.until(() => answered === requests)
  const seconds = last / 1000
  const share = (answered + othersSent - othersThrottled) / (bucket + perSecond * seconds)
  return { seconds, throttled, othersThrottled, othersSent, learnt: limit.tier.perSecond, share }
}
