import { SyncError } from '../common/errors.ts'
import type {
  Committed,
  Counts,
  DeletionSkipped,
  Gap,
  Instant,
  Outcome,
  Problem,
  RequestStats,
  RowBatch,
  StreamReport,
} from '../common/model.ts'
import type { InferredColumn } from '../schema/inferred-columns.ts'
import type { ScanState } from './checkpoint.ts'

const NONE: Counts = { added: 0, changed: 0, unchanged: 0, deleted: 0, rejected: 0 }

/** What one stream did so far in this run. Mutable; `report()` is what it comes to. */
export class StreamStats {
  readonly stream: string
  readonly requestStats: RequestStats = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, warnings: [] }
  counts = NONE
  records = 0
  /** Goes on with a scan of an earlier run. */
  resumed = false
  /** Rows that took values for their columns out of `_extra`. */
  backfilled = 0
  /** Records that the API counts in all that is to be read; null: it cannot, or has not yet. */
  expected: number | null = null
  #from: Instant | null = null
  #completeTo: Instant | null = null
  #gaps: readonly Gap[] = []
  #unknownFields = new Map<string, number>()
  #mismatched = new Map<string, number>()
  #cleaned = 0
  #disorder = false

  constructor(stream: string) {
    this.stream = stream
  }

  began(state: ScanState): void {
    this.#from = state.scan.window.since
    this.resumed = state.resumed
    this.#completeTo = state.at.watermark
    this.#gaps = state.gap ? [state.gap] : []
    // What is scanned whole is written anew by this very scan.
    if (state.schemaChanged && state.stream.sync.mode === 'incremental')
      this.requestStats.warnings.push({
        code: 'reshaped',
        message: `the stream has other columns than when its rows were written, or stores less of them; ${this.backfilled} rows took what _extra had of them, and what is not in it stays as it was`,
        next: `Run backfill --streams ${this.stream} to have the rows written anew.`,
      })
  }

  /** Columns were made for undeclared fields. */
  inferred(columns: readonly InferredColumn[]): void {
    const made = columns.map(({ table, column, kind }) => `${table}.${column} (${kind})`)
    this.requestStats.warnings.push({
      code: 'evolved',
      message: `columns were made for undeclared fields: ${made.join(', ')}`,
      next: 'They are in _sync_columns. Later values that do not fit stay in _extra.',
    })
  }

  /** Read so recently that nothing was asked. */
  fresh(watermark: Instant): void {
    this.#completeTo = watermark
  }

  committed(batch: RowBatch, committed: Committed, state: ScanState): void {
    this.countRecords(batch, committed)
    this.#completeTo = state.at.watermark
    const { sync } = state.stream
    this.#disorder ||= sync.mode === 'incremental' && sync.sorted && state.scan.segments.some(s => !s.ordered)
  }

  /** Records of a list snapshot: they say nothing of how far the stream is. */
  countRecords(batch: RowBatch, { deletionSkipped, ...counts }: Committed): void {
    const sum = (name: keyof Counts): number => this.counts[name] + counts[name]
    this.counts = {
      added: sum('added'),
      changed: sum('changed'),
      unchanged: sum('unchanged'),
      deleted: sum('deleted'),
      rejected: sum('rejected'),
    }
    this.records += batch.read
    this.#cleaned += batch.stats.cleaned
    for (const [path, n] of batch.stats.unknownFields)
      this.#unknownFields.set(path, (this.#unknownFields.get(path) ?? 0) + n)
    for (const [path, n] of batch.stats.mismatched) this.#mismatched.set(path, (this.#mismatched.get(path) ?? 0) + n)
    if (deletionSkipped) this.requestStats.warnings.push(DELETION_SKIPPED[deletionSkipped.why](deletionSkipped.rows))
  }

  /** The report, once there is one. */
  last: StreamReport | null = null

  report(outcome: Outcome, seconds: number, problem: Problem | null): StreamReport {
    this.last = {
      stream: this.stream,
      outcome,
      requests: this.requestStats.requests,
      records: this.records,
      ...this.counts,
      from: this.#from,
      complete_to: this.#completeTo,
      undeclared: Object.fromEntries([...this.#unknownFields].sort()),
      mismatched: Object.fromEntries([...this.#mismatched].sort()),
      cleaned: this.#cleaned,
      gaps: this.#gaps,
      seconds: Math.round(seconds * 1000) / 1000,
      problem: problem ?? this.#warning(),
    }
    return this.last
  }

  /** What a complete stream has to say all the same, the most serious first. */
  #warning(): Problem | null {
    const [first, ...more] = [
      ...this.#gaps.map(lost),
      ...(this.#disorder ? [DISORDER] : []),
      ...(this.counts.rejected > 0 ? [rejects(this.counts.rejected)] : []),
      ...(this.#mismatched.size > 0 ? [mismatched([...this.#mismatched.keys()].sort())] : []),
      ...this.requestStats.warnings,
    ]
    if (first === undefined) return null
    return { ...first, message: [first, ...more].map(({ message }) => message).join('; ') }
  }
}

const lost = ({ from, to }: Gap): Problem => ({
  code: 'gap',
  message: `the source forgot what happened from ${from} to ${to} before it was read; see gaps`,
  next: 'Run more often than the source retention. What is lost cannot be read again.',
})

const DISORDER: Problem = {
  code: 'disorder',
  message: 'the API did not keep the order asked for; the checkpoint waited for the end of the walk',
  next: 'Nothing is missing. An interrupted run starts this stream over; please report it.',
}

const rejects = (rejected: number): Problem => ({
  code: 'rejects',
  message: `${rejected} records could not be loaded without loss`,
  next: 'See _sync_rejects for each record and its reason. `replay` loads them after an upgrade, or with on_mismatch: null.',
})

const mismatched = (paths: readonly string[]): Problem => ({
  code: 'mismatched',
  message: `values of another type than declared are in _extra, and their columns null: ${paths.join(', ')}`,
  next: 'Look into _extra. A newer version may declare another type.',
})

/** @returns null for an error that is not ours: a bug. */
export const problemOf = (error: unknown): Problem | null =>
  error instanceof SyncError ? { code: error.code, message: error.message, next: error.next } : null

/** Why rows that were not seen again are not marked as deleted. */
const DELETION_SKIPPED: Readonly<Record<DeletionSkipped['why'], (rows: number) => Problem>> = {
  unknown_key: rows => ({
    code: 'not_marked',
    message: `a record came whose key cannot be read, so none of the ${rows} rows not seen again is marked as deleted`,
    next: 'See _sync_rejects for the record.',
  }),
  few_seen: rows => ({
    code: 'not_marked',
    message: `the source listed less than half of what it did: ${rows} rows were not seen again, and none is marked as deleted`,
    next: 'Look into the store. If the rows are gone, a second scan half a day later is believed.',
  }),
  maybe_forgotten: rows => ({
    code: 'not_marked',
    message: `${rows} rows were last known to be there before what the source remembers, so whether they are deleted cannot be known`,
    next: 'They stay as they were last read. Run more often than the source retention.',
  }),
}
