import type { Instant, RequestStats } from '../common/model.ts'
import { oldestServed } from '../common/oldest-served.ts'
import type { Source } from '../extract/source.ts'
import type { Stream } from '../schema/stream.ts'
import type { ScanState } from './checkpoint.ts'
import { problemOf, type StreamStats } from './stream-stats.ts'

/**
 * Records that a scan from `since` is going to read; null: the API does not count them. What the retention of the source
 * hides from its lists is not counted, where the count can leave it out.
 */
export function countServed(
  source: Pick<Source, 'clock' | 'count' | 'countWhere'>,
  stream: Stream,
  since: Instant | null,
  requestStats: RequestStats,
  signal: AbortSignal,
): Promise<number | null> {
  const { count, retention } = stream
  const oldest = retention === null ? null : oldestServed(retention.days, source.clock())
  if (count?.served === undefined || oldest === null || (since !== null && since >= oldest))
    return source.count(stream, since, requestStats, signal)
  return source.countWhere(stream, { [count.served]: oldest.slice(0, 10) }, requestStats, signal)
}

/** Pages of a stream after which one more request is nothing, and after which somebody may wait for the end. */
const MANY_PAGES = 40

export interface Counting {
  /** A page of the stream has arrived. */
  arrived(): void
  stop(): Promise<void>
}

/**
 * On a first scan, asks the API how many records there are and puts the count into `stats.expected`. A request has its price,
 * so it is asked with the first page only where the rate is so high that the plan of the readers needs it, and otherwise
 * after many pages: the progress shows the time left by it.
 */
export function countExpected(
  { stream, baseWatermark, resumed, scan }: ScanState,
  source: Source,
  stats: StreamStats,
  signal: AbortSignal,
): Counting {
  if (baseWatermark !== null || resumed || stream.count === null) return { arrived() {}, async stop() {} }
  const stopped = new AbortController()
  const either = AbortSignal.any([signal, stopped.signal])
  const ask = (): Promise<void> =>
    countServed(source, stream, scan.window.since, stats.requestStats, either).then(
      count => {
        stats.expected = count
      },
      error => {
        // The scan is right without a count, so a failed request is ignored. A bug is not.
        if (!problemOf(error)) throw error
      },
    )
  let asked = source.plansByCount(stream) ? ask() : null
  let pages = 0
  return {
    arrived() {
      pages += 1
      if (pages >= MANY_PAGES) asked ??= ask()
    },
    async stop() {
      stopped.abort()
      await asked
    },
  }
}
