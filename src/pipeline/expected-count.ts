import type { Source } from '../extract/source.ts'
import type { ScanState } from './checkpoint.ts'
import { problemOf, type StreamStats } from './stream-stats.ts'

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
  const counting = source.count(stream, scan.window.since, stats.requestStats, either).then(
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
