import type { RunId } from '../../src/common/model.ts'
import type { RunReport, StreamReport } from '../../src/common/run-report.ts'
import { at } from './samples.ts'

/** The report of a run of one stream. */
export function runReport(stream: string, more: Partial<StreamReport> = {}): RunReport {
  const none = { added: 0, changed: 0, unchanged: 0, older: 0, deleted: 0, rejected: 0, records: 0, cleaned: 0 }
  return {
    run: '01J00000000000000000000001' as RunId,
    started_at: at(1),
    finished_at: at(2),
    outcome: 'complete',
    version: '0.0.0',
    requests: 1,
    retries: 0,
    throttled: 0,
    waited_ms: 0,
    views: null,
    problem: null,
    streams: [
      {
        ...none,
        stream,
        outcome: 'complete',
        requests: 1,
        from: null,
        complete_from: at(0),
        complete_to: at(1),
        not_due_until: null,
        undeclared: { merged_at: 2 },
        mismatched: {},
        gaps: [{ from: at(0), to: at(1) }],
        seconds: 0.5,
        problem: null,
        ...more,
      },
    ],
  }
}
