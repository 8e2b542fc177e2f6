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

/**
 * On a first scan, asks the API how many records there are and puts the count into `stats.expected`. The progress shows
 * the time left by it, and a parallel scan decides by it how finely to divide the window.
 */
export function countExpected(
  { stream, baseWatermark, resumed, scan }: ScanState,
  source: Source,
  stats: StreamStats,
  signal: AbortSignal,
): { stop: () => Promise<void> } {
  if (baseWatermark !== null || resumed || stream.count === null) return { stop: async () => {} }
  const stopped = new AbortController()
  const either = AbortSignal.any([signal, stopped.signal])
  const counting = countServed(source, stream, scan.window.since, stats.requestStats, either).then(
    count => {
      stats.expected = count
    },
    error => {
      // The scan is right without a count, so a failed request is ignored. A bug is not.
      if (!problemOf(error)) throw error
    },
  )
  return {
    stop: () => {
      stopped.abort()
      return counting
    },
  }
}
