import type { Pass } from './checkpoint.ts'
import type { LearntColumn } from './declare/learnt.ts'
import { SyncError } from './errors.ts'
import type { Counts, Gap, Instant, Outcome, Problem, RowBatch, StreamReport, Traffic } from './model.ts'

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

  committed(batch: RowBatch, counts: Counts, pass: Pass): void {
    const sum = (name: keyof Counts): number => this.counts[name] + counts[name]
    this.counts = {
      added: sum('added'),
      changed: sum('changed'),
      unchanged: sum('unchanged'),
      deleted: sum('deleted'),
      rejected: sum('rejected'),
    }
    this.records += batch.read
    this.#completeTo = pass.at.watermark
    this.#cleaned += batch.cleaned
    for (const [path, n] of batch.undeclared) this.#undeclared.set(path, (this.#undeclared.get(path) ?? 0) + n)
    for (const [path, n] of batch.mismatched) this.#mismatched.set(path, (this.#mismatched.get(path) ?? 0) + n)
    const { sync } = pass.stream
    this.#disorder ||= sync.mode === 'incremental' && sync.sorted && pass.walk.segments.some(s => !s.ordered)
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

  /** The most serious thing that a complete stream has to say all the same. */
  #remark(): Problem | null {
    if (this.#gaps.length > 0)
      return {
        code: 'gap',
        message: 'the source no longer serves part of what was not read yet; see gaps',
        next: 'Run more often than the source forgets. What is lost cannot be read again.',
      }
    if (this.#disorder)
      return {
        code: 'disorder',
        message: 'the API did not keep the order asked for; the checkpoint waited for the end of the walk',
        next: 'Nothing is missing. An interrupted run starts this stream over; please report it.',
      }
    if (this.counts.rejected > 0)
      return {
        code: 'rejects',
        message: `${this.counts.rejected} records could not be loaded without loss`,
        next: 'See _sync_rejects for each record and its reason. `replay` loads them again after an upgrade, or with on_mismatch: null.',
      }
    if (this.#mismatched.size > 0)
      return {
        code: 'mismatched',
        message: `values of another type than declared are in _extra, and their columns null: ${[...this.#mismatched.keys()].sort().join(', ')}`,
        next: 'Look into _extra. A newer version may declare another type.',
      }
    const [remark, ...more] = this.traffic.remarks
    if (remark === undefined) return null
    return { ...remark, message: [remark, ...more].map(({ message }) => message).join('; ') }
  }
}

/** @returns null for an error that is not ours: a bug. */
export const problemOf = (error: unknown): Problem | null =>
  error instanceof SyncError ? { code: error.code, message: error.message, next: error.next } : null
