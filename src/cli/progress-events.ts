import type { StreamReport } from '../common/run-report.ts'
import type { Progress } from '../pipeline/progress.ts'
import type { StreamStats } from '../pipeline/stream-stats.ts'

/** How far a run is with one stream. */
export interface StreamProgress {
  readonly stream: string
  /** Records read so far in this run and committed, rejected ones included. */
  readonly records: number
  /** Records that the API counts in the part that this run reads; null: not known, or not asked: a stream of a few pages is not counted. */
  readonly expected: number | null
  /** Requests made so far for this stream, retries included. */
  readonly requests: number
}

/**
 * `started`: reading the stream begins. `progress`: sent once a second while it goes on. `ended`: the stream is done, with
 * its part of the run report; a skipped stream has this event only.
 */
export type ProgressEvent =
  | (StreamProgress & { readonly type: 'started' | 'progress' })
  | (StreamProgress & { readonly type: 'ended'; readonly report: StreamReport })

/** Milliseconds between two `progress` events of a stream. */
const EVERY = 1000

/**
 * Progress as events.
 * @param emit called synchronously.
 * @param failed called with what `emit` throws.
 */
export function createProgressEvents(emit: (event: ProgressEvent) => void, failed: (error: unknown) => void): Progress {
  const running = new Set<StreamStats>()
  let closed = false
  const send = (event: ProgressEvent): void => {
    if (closed) return
    try {
      emit(event)
    } catch (error) {
      failed(error)
    }
  }
  const timer = setInterval(() => {
    for (const stats of running) send({ type: 'progress', ...progressOf(stats) })
  }, EVERY)
  // Alone it is no reason for the process to live on.
  timer.unref()
  return {
    showsEnds: false,
    planned() {},
    started(stats) {
      running.add(stats)
      send({ type: 'started', ...progressOf(stats) })
    },
    ended(stats, report) {
      running.delete(stats)
      send({ type: 'ended', ...progressOf(stats), report })
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      // An interrupted run does not wait for every stream, and a stream that ends later is not reported.
      closed = true
    },
  }
}

const progressOf = ({ stream, records, expected, requestStats: { requests } }: StreamStats): StreamProgress => ({
  stream,
  records,
  expected,
  requests,
})
