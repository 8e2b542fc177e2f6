import type { Outcome, StreamReport } from '../common/model.ts'

/** Outcome of a whole run, from that of its streams. */
export function outcomeOf(streams: readonly StreamReport[]): Outcome {
  const all = new Set(streams.map(({ outcome }) => outcome))
  if (all.has('interrupted')) return 'interrupted'
  return all.has('failed') ? 'failed' : 'complete'
}
