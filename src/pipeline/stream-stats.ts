import type { Withheld } from '../common/absence.ts'
import { SyncError } from '../common/errors.ts'
import type {
  Committed,
  Counts,
  Gap,
  Instant,
  Outcome,
  Problem,
  RowBatch,
  StreamReport,
  Traffic,
} from '../common/model.ts'
import type { LearntColumn } from '../schema/inferred-columns.ts'
import type { Pass } from './checkpoint.ts'

const NONE: Counts = { added: 0, changed: 0, unchanged: 0, deleted: 0, rejected: 0 }

/** What one stream did so far in this run. Mutable; `report()` is what it comes to. */
export class Tally {
  readonly stream: string
  readonly traffic: Traffic = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, remarks: [] }
  counts = NONE
  records = 0
  /** Goes on with a walk of an earlier run. */
  resumed = false
  /** Rows that took values for their columns out of `_extra`. */
  filled = 0
  /** Records that the API counts in all that is to be read; null: it cannot, or has not yet. */
  expected: number | null = null
  #from: Instant | null = null
  #completeTo: Instant | null = null
  #gaps: readonly Gap[] = []
  #undeclared = new Map<string, number>()
  #mismatched = new Map<string, number>()
  #cleaned = 0
  #disorder = false

  constructor(stream: string) {
    this.stream = stream
  }

  began(pass: Pass): void {
    this.#from = pass.walk.window.since
    this.resumed = pass.resumed
    this.#completeTo = pass.at.watermark
    this.#gaps = pass.gap ? [pass.gap] : []
    // What is walked whole is written anew by this very walk.
    if (pass.reshaped && pass.stream.sync.mode === 'incremental')
      this.traffic.remarks.push({
        code: 'reshaped',
        message: `the stream has other columns than when its rows were written, or stores less of them; ${this.filled} rows took what _extra had of them, and what is not in it stays as it was`,
        next: `Run backfill --streams ${this.stream} to have the rows written anew.`,
      })
  }

  /** Columns were made for undeclared fields. */
  learnt(columns: readonly LearntColumn[]): void {
    const made = columns.map(({ table, column, kind }) => `${table}.${column} (${kind})`)
    this.traffic.remarks.push({
      code: 'evolved',
      message: `columns were made for undeclared fields: ${made.join(', ')}`,
      next: 'They are in _sync_columns. Later values that do not fit stay in _extra.',
    })
  }

  /** Read so recently that nothing was asked. */
  fresh(watermark: Instant): void {
    this.#completeTo = watermark
  }

  committed(batch: RowBatch, committed: Committed, pass: Pass): void {
    this.swept(batch, committed)
    this.#completeTo = pass.at.watermark
    const { sync } = pass.stream
    this.#disorder ||= sync.mode === 'incremental' && sync.sorted && pass.walk.segments.some(s => !s.ordered)
  }

  /** A page of a sweep: it says nothing of how far the stream is. */
  swept(batch: RowBatch, { withheld, ...counts }: Committed): void {
    const sum = (name: keyof Counts): number => this.counts[name] + counts[name]
    this.counts = {
      added: sum('added'),
      changed: sum('changed'),
      unchanged: sum('unchanged'),
      deleted: sum('deleted'),
      rejected: sum('rejected'),
    }
    this.records += batch.read
    this.#cleaned += batch.cleaned
    for (const [path, n] of batch.undeclared) this.#undeclared.set(path, (this.#undeclared.get(path) ?? 0) + n)
    for (const [path, n] of batch.mismatched) this.#mismatched.set(path, (this.#mismatched.get(path) ?? 0) + n)
    if (withheld) this.traffic.remarks.push(WITHHELD[withheld.why](withheld.rows))
  }

  /** The report, once there is one. */
  last: StreamReport | null = null

  report(outcome: Outcome, seconds: number, problem: Problem | null): StreamReport {
    this.last = {
      stream: this.stream,
      outcome,
      requests: this.traffic.requests,
      records: this.records,
      ...this.counts,
      from: this.#from,
      complete_to: this.#completeTo,
      undeclared: Object.fromEntries([...this.#undeclared].sort()),
      mismatched: Object.fromEntries([...this.#mismatched].sort()),
      cleaned: this.#cleaned,
      gaps: this.#gaps,
      seconds: Math.round(seconds * 1000) / 1000,
      problem: problem ?? this.#remark(),
    }
    return this.last
  }

  /** What a complete stream has to say all the same, the most serious first. */
  #remark(): Problem | null {
    const [first, ...more] = [
      ...this.#gaps.map(lost),
      ...(this.#disorder ? [DISORDER] : []),
      ...(this.counts.rejected > 0 ? [rejects(this.counts.rejected)] : []),
      ...(this.#mismatched.size > 0 ? [mismatched([...this.#mismatched.keys()].sort())] : []),
      ...this.traffic.remarks,
    ]
    if (first === undefined) return null
    return { ...first, message: [first, ...more].map(({ message }) => message).join('; ') }
  }
}

const lost = ({ from, to }: Gap): Problem => ({
  code: 'gap',
  message: `the source forgot what happened from ${from} to ${to} before it was read; see gaps`,
  next: 'Run more often than the source forgets. What is lost cannot be read again.',
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
const WITHHELD: Readonly<Record<Withheld['why'], (rows: number) => Problem>> = {
  unknown_key: rows => ({
    code: 'not_marked',
    message: `a record came whose key cannot be read, so none of the ${rows} rows not seen again is marked as deleted`,
    next: 'See _sync_rejects for the record.',
  }),
  few_seen: rows => ({
    code: 'not_marked',
    message: `the source listed less than half of what it did: ${rows} rows were not seen again, and none is marked as deleted`,
    next: 'Look into the store. If the rows are gone, a second walk half a day later is believed.',
  }),
  maybe_forgotten: rows => ({
    code: 'not_marked',
    message: `${rows} rows were last known to be there before what the source remembers, so whether they are deleted cannot be known`,
    next: 'They stay as they were last read. Run more often than the source forgets.',
  }),
}
