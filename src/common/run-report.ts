import type { Problem } from './errors.ts'
import type { Instant } from './instant.ts'
import type { Counts, Gap, RunId } from './model.ts'
import type { ProcessIdentity } from './process-identity.ts'

/** The rate limit that a run has kept to. */
export interface RateReport {
  /** Requests that may be made at once. */
  readonly bucket: number
  readonly per_second: number
  /**
   * `given`: the configuration or the token's prefix names it, or it is the standard one. `earlier run`: such a run has learnt
   * it. `responses`: this run has, from the levels that responses show.
   */
  readonly from: 'given' | 'earlier run' | 'responses'
}

export type Outcome = 'complete' | 'failed' | 'skipped' | 'interrupted'

export interface StreamReport extends Counts {
  readonly stream: string
  readonly outcome: Outcome
  readonly requests: number
  readonly records: number
  /** Start of the scan's window; null: open. */
  readonly from: Instant | null
  /**
   * From when on the stream is complete, but for the gaps: `complete-from.ts` defines it. `1970-01-01T00:00:00.000000Z`:
   * from its first record on. Null: not known, because its first scan has not ended.
   */
  readonly complete_from: Instant | null
  /** Every record that last changed at or before this is in the tables. Null: not known. */
  readonly complete_to: Instant | null
  /**
   * The stream is read completely, and that was so recently that this run sent no request for it: the first run from this
   * time on reads it again. Null: this run read it, or tried to.
   */
  readonly not_due_until: Instant | null
  /** For each path that is not declared, the number of records that had a value there. */
  readonly undeclared: Readonly<Record<string, number>>
  /** For each declared path, the number of records whose value did not fit its column and is in `_extra`. */
  readonly mismatched: Readonly<Record<string, number>>
  /** Texts from which a character was removed that no database stores. */
  readonly cleaned: number
  readonly gaps: readonly Gap[]
  readonly seconds: number
  readonly problem: Problem | null
}

/** A view that is not as it is declared. */
export interface ViewProblem extends Problem {
  /** As `schema.name`; the name of a schema: none of its views could be made. */
  readonly view: string
}

/** What was done about the views, which have names as `schema.name`. */
export interface ViewsReport {
  /** Views that were made or replaced. */
  readonly made: readonly string[]
  /** Views of an older version that were dropped. */
  readonly dropped: readonly string[]
  /** Views whose table was made anew. */
  readonly refreshed: readonly string[]
  readonly problems: readonly ViewProblem[]
}

/** What became of the copy of the destination that readers open. */
export interface ReadCopyReport {
  /** Null: it was not replaced. */
  readonly bytes: number | null
  readonly seconds: number
  /** Why the old copy is still there; null: it was replaced. */
  readonly problem: Problem | null
}

/** What a run did. Printed by `sync --json` and kept in `_sync_runs` and in `state/runs/`. */
export interface RunReport {
  readonly run: RunId
  readonly started_at: Instant
  readonly finished_at: Instant
  readonly outcome: Outcome
  /** Version of this program. */
  readonly version: string
  readonly requests: number
  readonly retries: number
  readonly throttled: number
  readonly waited_ms: number
  /**
   * Records that came once more, because the end of a list was proved or two segments or pages share them. Not counted: records
   * that changed while they were read. Absent in reports of older versions.
   */
  readonly read_again?: number
  /** As it was at the end. Null: no request was sent. Absent in reports of older versions. */
  readonly rate?: RateReport | null
  readonly streams: readonly StreamReport[]
  /** What was done about the views after the streams; null: nothing, because the run ended before, or was told not to. */
  readonly views: ViewsReport | null
  /** What became of the copy for readers; absent: none is configured, or the run ended before. It fails no run. */
  readonly read_copy?: ReadCopyReport
  /** Why nothing could run, or what stopped the whole run; null: neither. */
  readonly problem: Problem | null
}

/** What is kept of a run that has begun, until its report takes the place. */
export interface StartedRun extends Pick<RunReport, 'run' | 'started_at' | 'version'> {
  readonly finished_at: null
  readonly outcome: 'running'
  readonly streams: readonly []
  readonly problem: null
}

/** A run as it was written down when it began, or when it ended. */
export interface RecordedRun {
  readonly run: RunId
  readonly started_at: Instant
  /** Null: it has not ended, or its process is gone. */
  readonly finished_at: Instant | null
  readonly outcome: Outcome | 'running'
  readonly problem: Problem | null
  /** Empty if it ended, or is, before the first stream. */
  readonly streams: readonly {
    readonly stream: string
    readonly outcome: Outcome | 'running'
    readonly problem: Problem | null
  }[]
  /** Streams that were to be read; null: it does not say. */
  readonly selected: readonly string[] | null
  /** Where the rows were to go; null: it does not say. */
  readonly destination: string | null
  readonly process: ProcessIdentity | null
}

/** What the last run reported about one stream. */
export interface LastRun extends StreamReport {
  readonly run: RunId
  readonly finished_at: Instant
}
