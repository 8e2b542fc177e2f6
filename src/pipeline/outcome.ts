import type { Outcome, StreamReport } from '../common/model.ts'

/** The outcome of a run: interrupted if a stream was, else failed if a stream failed. A skipped stream is complete. */
export function outcomeOf(streams: readonly StreamReport[]): Outcome {
  const outcomes = new Set(streams.map(({ outcome }) => outcome))
  if (outcomes.has('interrupted')) return 'interrupted'
  return outcomes.has('failed') ? 'failed' : 'complete'
}
