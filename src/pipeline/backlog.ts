/** Records of all streams that have arrived and are not committed. What a killed run has to read again is at most this. */
export interface Backlog {
  /** Resolves when another page may be requested. */
  room(signal: AbortSignal): Promise<void>
  /** A page has been taken. */
  add(records: number, bytes: number): void
  /** The commit of a group begins. @returns to be called when it has ended. */
  commit(records: number, bytes: number): () => void
  /** Pages are dropped. */
  dropped(records: number, bytes: number): void
  /** No more may be requested now: a group does not wait for more pages. */
  readonly isFull: boolean
  /** @param listener called when it becomes full. @returns takes the listener away. */
  onFull(listener: () => void): () => void
}

/** Records that may wait in any case: with fewer, the fixed cost of a commit would be most of it. */
const LEAST = 5_000
const MOST = 40_000
/** Bytes of rows, which bound the memory. */
const MOST_BYTES = 96 * 1024 * 1024
/** Milliseconds of commits that may wait. With the commit under way, a record is in the tables two seconds after it has arrived. */
const WAITING = 1_200
/** Commits after which it is known how long the shortest one takes. */
const ENOUGH = 20
/** Milliseconds over which the speed of commits is measured. */
const MEASURED = 3_000
/** Records that a request may bring. */
const PAGE = 250

/** What has been requested and has not arrived. */
export interface Coming {
  readonly requests: number
  /** From a request to its response. */
  readonly latencyMs: number
}

const NOTHING: Coming = { requests: 0, latencyMs: 0 }

/**
 * Bounds what waits for a commit by time. How many records that are depends on the destination: the bound is what it has
 * committed in about a second lately, so it begins small. Where a single commit takes that long by itself, as it may in a
 * server far away, a bound by time would only make commits smaller and the load slower, so there is none.
 *
 * A page arrives a latency after it is requested. So what counts for another request is what will wait by then: with what has
 * been requested, and without what is committed meanwhile.
 * @param monotonic milliseconds that never go back.
 * @param coming what has been requested of the API. Default: nothing.
 */
export function createBacklog(monotonic: () => number, coming: () => Coming = () => NOTHING): Backlog {
  let records = 0
  let bytes = 0
  /** Commits under way. */
  let commits = 0
  /** Commits of records that have ended, and how long the shortest of them took by itself. */
  let ended = 0
  let shortest = Number.POSITIVE_INFINITY
  /** Commits of the last seconds: their records, and the milliseconds in which something waited. */
  let measured: { readonly at: number; readonly records: number; readonly ms: number }[] = []
  let busySince = monotonic()
  let most = LEAST
  /** Records a millisecond. */
  let speed = LEAST / WAITING
  let freed = Promise.withResolvers<void>()
  const listeners = new Set<() => void>()
  const isFull = (): boolean => records >= most || bytes >= MOST_BYTES
  const isFullByThen = (): boolean => {
    if (records === 0) return false
    const { requests, latencyMs } = coming()
    return bytes >= MOST_BYTES || records + PAGE * requests - speed * latencyMs >= most
  }
  const free = (fewer: number, size: number): void => {
    records -= fewer
    bytes -= size
    freed.resolve()
    freed = Promise.withResolvers()
  }
  return {
    get isFull() {
      return isFull()
    },
    room: async signal => {
      const aborted = Promise.withResolvers<void>()
      const abort = (): void => aborted.resolve()
      signal.addEventListener('abort', abort, { once: true })
      while (isFullByThen() && !signal.aborted) await Promise.race([freed.promise, aborted.promise])
      signal.removeEventListener('abort', abort)
    },
    add(more, size) {
      if (records === 0) busySince = monotonic()
      records += more
      bytes += size
      if (isFull()) for (const listener of [...listeners]) listener()
    },
    commit(fewer, size) {
      const from = monotonic()
      commits += 1
      // A database that makes one commit after another lets the others wait.
      const inTurn = commits
      return () => {
        commits -= 1
        const at = monotonic()
        if (fewer > 0) {
          ended += 1
          shortest = Math.min(shortest, (at - from) / inTurn)
        }
        measured = [...measured.filter(one => one.at > at - MEASURED), { at, records: fewer, ms: at - busySince }]
        busySince = at
        const ms = measured.reduce((sum, one) => sum + one.ms, 0)
        const lately = measured.reduce((sum, one) => sum + one.records, 0) / Math.max(MEASURED / 2, ms)
        const isFarAway = ended >= ENOUGH && 2 * shortest > WAITING
        most = isFarAway ? MOST : Math.min(MOST, Math.max(LEAST, WAITING * lately))
        speed = Math.max(LEAST / WAITING, lately)
        free(fewer, size)
      }
    },
    dropped: free,
    onFull(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
