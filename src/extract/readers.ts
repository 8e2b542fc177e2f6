import type { ApiClient } from './api-client.ts'
import { type Allowance, usefulReaders } from './parallelism.ts'

/** The readers of all streams, which share the rate limit. */
export interface Readers {
  /** How many more would be of use now: each of them could send a request at once, and the rate is not used without them. */
  room(): number
  /** A reader begins. @returns to be called when it ends. */
  begin(): () => void
  readonly allowance: Allowance
  /** Whether the API serves pages by their number. Assumed until it refuses one. */
  servesNumbers: boolean
}

export function createReaders(api: Pick<ApiClient, 'latencyMs' | 'mostInFlight' | 'rateLimit'>): Readers {
  let active = 0
  return {
    servesNumbers: true,
    get allowance() {
      const { rateLimit } = api
      return { latencyMs: api.latencyMs(), perSecond: rateLimit.tier.perSecond, room: rateLimit.room() }
    },
    room() {
      const { allowance } = this
      return Math.min(Math.min(api.mostInFlight(), usefulReaders(allowance)) - active, allowance.room)
    },
    begin() {
      active += 1
      let ended = false
      return () => {
        if (!ended) active -= 1
        ended = true
      }
    },
  }
}
