import type { ApiClient } from './api-client.ts'
import { type Allowance, inFlight, usefulReaders } from './parallelism.ts'

/** A scan that several readers can read. */
export interface SharedScan {
  /** Its readers now. */
  readonly size: number
  /** Starts one more. @returns false: there is nothing left that is worth one. */
  start(): boolean
}

/** The readers of all streams, which share the rate limit. */
export interface Readers {
  /** The scan gets readers from now on. @returns to be called when it ends. */
  join(scan: SharedScan): () => void
  /** Starts readers while there is room, each for the scan that has the fewest of those that are worth one more. */
  start(): void
  /** How many more would be of use now: each of them could send a request at once, and the rate is not used without them. */
  room(): number
  /** A reader begins. @returns to be called when it ends. */
  begin(): () => void
  readonly allowance: Allowance
  /** So many requests have to be in flight that streams do not fill the rate by their number, so each of them is spread. */
  readonly mustSpread: boolean
  /** Whether the API serves pages by their number. Assumed until it refuses one. */
  servesNumbers: boolean
}

/** Streams that usually have more than a few pages. */
const LARGE_STREAMS = 8

export function createReaders(
  api: Pick<ApiClient, 'latencyMs' | 'leastLatencyMs' | 'mostInFlight' | 'rateLimit'>,
): Readers {
  let active = 0
  const scans = new Set<SharedScan>()
  return {
    join(scan) {
      scans.add(scan)
      return () => scans.delete(scan)
    },
    start() {
      const willing = [...scans]
      for (let room = this.room(); room >= 1 && willing.length > 0; ) {
        const next = willing.reduce((fewest, scan) => (scan.size < fewest.size ? scan : fewest))
        if (next.start()) room--
        else willing.splice(willing.indexOf(next), 1)
      }
    },
    servesNumbers: true,
    get allowance() {
      const { rateLimit } = api
      return { latencyMs: api.latencyMs(), perSecond: rateLimit.tier.perSecond, room: rateLimit.room() }
    },
    get mustSpread() {
      return inFlight({ ...this.allowance, latencyMs: api.leastLatencyMs(), room: 0 }) > LARGE_STREAMS
    },
    room() {
      const { allowance } = this
      // What is in flight has taken its room already, and keeps its reader until it is answered.
      const useful = usefulReaders({ ...allowance, room: allowance.room + api.rateLimit.inFlight })
      return Math.min(Math.min(api.mostInFlight(), useful) - active, allowance.room)
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
