import type { Problem } from '../common/errors.ts'
import type { Outcome, StreamReport } from '../common/run-report.ts'

/**
 * The outcome of a run: interrupted if a stream was, else failed if a stream failed, or was selected by name and skipped.
 * Another skipped stream is complete: the token may not read it, and never could.
 */
export function outcomeOf(streams: readonly StreamReport[], explicit: ReadonlySet<string>): Outcome {
  const outcomes = new Set(streams.map(({ outcome }) => outcome))
  if (outcomes.has('interrupted')) return 'interrupted'
  const isMissed = streams.some(({ stream, outcome }) => outcome === 'skipped' && explicit.has(stream))
  return outcomes.has('failed') || isMissed ? 'failed' : 'complete'
}

/** What a stream fails with when the API, or something in front of it, does not let this token read it. */
const REFUSALS: ReadonlySet<string> = new Set([
  'missing_scope',
  'forbidden',
  'unsupported',
  'blocked',
  'frozen',
  'refused_path',
])

/** All selected streams were refused, so nothing could run; null: they were not. */
export function allRefused(streams: readonly StreamReport[]): Problem | null {
  const isRefused = ({ outcome, records, problem }: StreamReport): boolean =>
    outcome === 'skipped' || (outcome === 'failed' && records === 0 && REFUSALS.has(problem?.code ?? ''))
  const [first] = streams
  if (!first || !streams.every(isRefused)) return null
  return {
    code: 'all_refused',
    message: `all ${streams.length} selected streams were refused, such as ${first.stream}: ${first.problem?.message ?? 'without a reason'}`,
    next:
      first.problem?.next ??
      'Check in the merchant portal what the token may read, and whether the store and its plan are active.',
  }
}
