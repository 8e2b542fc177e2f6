import { type Problem, SyncError } from '../common/errors.ts'
import type {
  Checkpoint,
  ColumnMigration,
  Committed,
  Counts,
  DeletionSkipped,
  Gap,
  Instant,
  MissingRows,
  RequestStats,
  RowBatch,
} from '../common/model.ts'
import type { Outcome, StreamReport } from '../common/run-report.ts'
import type { Deletions } from '../load/destination.ts'
import type { InferredColumn } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import type { ScanState } from './checkpoint.ts'

const NONE: Counts = { added: 0, changed: 0, unchanged: 0, older: 0, deleted: 0, rejected: 0 }

/** What one stream has done so far in this run. Mutable; `report()` sums it up. */
export class StreamStats {
  readonly stream: string
  readonly requestStats: RequestStats = {
    requests: 0,
    retries: 0,
    throttled: 0,
    waitedMs: 0,
    readAgain: 0,
    warnings: [],
  }
  counts = NONE
  records = 0
  /** The stream resumes a scan of an earlier run. */
  resumed = false
  /** Rows whose columns were filled from `_extra`. */
  backfilled = 0
  /** How many records the API says there are to read; null: it has no count, or has not answered yet. */
  expected: number | null = null
  #hasBegun = false
  #from: Instant | null = null
  #completeFrom: Instant | null = null
  #completeTo: Instant | null = null
  #notDueUntil: Instant | null = null
  #gaps: readonly Gap[] = []
  #unknownFields = new Map<string, number>()
  #mismatched = new Map<string, number>()
  #cleaned = 0
  #disorder = false
  #migrated: Problem | null = null

  constructor(stream: string) {
    this.stream = stream
  }

  /** A scan begins. A second one may follow a resumed scan: the report says where the first began. */
  began(state: ScanState): void {
    if (!this.#hasBegun) this.#from = state.scan.window.since
    this.#hasBegun = true
    this.resumed ||= state.resumed
    this.#reached(state.checkpoint)
    if (state.gap) this.#gaps = [...this.#gaps, state.gap]
    // A full scan rewrites every row by itself.
    if (state.schemaChanged && state.stream.sync.mode === 'incremental')
      this.requestStats.warnings.push({
        code: 'reshaped',
        message: `the columns of the stream, or what is stored of them, changed since its rows were written; ${this.backfilled} rows got values from _extra, and the rest is as it was`,
        next: `Run backfill --streams ${this.stream} to write the rows again.`,
      })
  }

  /** The checkpoint was forgotten, because somebody dropped tables or columns that rows had been loaded into. */
  dropped({ lost }: Checkpoint, stream: Stream): void {
    if (!lost) return
    const { tables, columns } = lost
    const what = [
      ...(tables.length > 0 ? [`the table ${tables.join(', ')}`] : []),
      ...(columns.length > 0 ? [`the column ${columns.join(', ')}`] : []),
    ].join(' and ')
    const { retention } = stream
    this.requestStats.warnings.push({
      code: tables.length > 0 ? 'table_missing' : 'column_missing',
      message: `${what} had been dropped and was made again, so this stream is read again from its start${retention === null ? '' : `; Recharge no longer returns records older than ${retention.days} days (by ${retention.by}), so for those it stays empty`}`,
      next:
        retention === null
          ? 'Nothing to do, once this stream is complete.'
          : 'Put what is older back from a backup of the warehouse, if there is one.',
    })
  }

  /** Rows are missing that earlier runs had loaded. */
  missing(tables: readonly MissingRows[], stream: Stream): void {
    const [first] = tables
    if (first !== undefined) this.requestStats.warnings.push(rowsMissing([first, ...tables.slice(1)], stream))
  }

  /** Columns that held rows were changed, because their declaration has changed. Said after all that asks to do something. */
  migrated(changed: readonly ColumnMigration[]): void {
    if (changed.length === 0) return
    const told = changed.map(({ column, from, to, keptIn }) => {
      if (to === null) return `${column} is no longer declared, had no value, and was dropped`
      if (keptIn === null) return `${column} was ${from} and is ${to} now, with its values converted`
      return `${column} was ${from} and is ${to} now; its values could not be converted, and are in ${keptIn} until their records are read again`
    })
    this.#migrated = {
      code: 'migrated',
      message: told.join('; '),
      next: 'Nothing to do here. A query that expects the old type may have to change.',
    }
  }

  /** Columns were added for unknown fields. */
  inferred(columns: readonly InferredColumn[]): void {
    const added = columns.map(({ table, column, kind }) => `${table}.${column} (${kind})`)
    this.requestStats.warnings.push({
      code: 'evolved',
      message: `columns were added for fields that are not declared: ${added.join(', ')}`,
      next: '_sync_columns lists them; a later value that does not fit its column stays in _extra.',
    })
  }

  /** The stream was read so recently that this run sends no request for it. @param until when a run reads it again. */
  fresh(checkpoint: Checkpoint, until: Instant): void {
    this.#reached(checkpoint)
    this.#notDueUntil = until
  }

  #reached({ completeFrom, watermark }: Checkpoint): void {
    this.#completeFrom = completeFrom
    this.#completeTo = watermark
  }

  committed(batch: RowBatch, committed: Committed, state: ScanState): void {
    this.countRecords(batch, committed)
    this.#reached(state.checkpoint)
    const { sync } = state.stream
    this.#disorder ||= sync.mode === 'incremental' && sync.sorted && state.scan.segments.some(s => !s.ordered)
  }

  /** Counts the records of a list snapshot, which do not move the watermark. */
  countRecords(batch: RowBatch, { deletionSkipped, ...counts }: Committed): void {
    const sum = (name: keyof Counts): number => this.counts[name] + counts[name]
    this.counts = {
      added: sum('added'),
      changed: sum('changed'),
      unchanged: sum('unchanged'),
      older: sum('older'),
      deleted: sum('deleted'),
      rejected: sum('rejected'),
    }
    this.records += batch.read
    this.#cleaned += batch.stats.cleaned
    for (const [path, n] of batch.stats.unknownFields)
      this.#unknownFields.set(path, (this.#unknownFields.get(path) ?? 0) + n)
    for (const [path, n] of batch.stats.mismatched) this.#mismatched.set(path, (this.#mismatched.get(path) ?? 0) + n)
    // What is still to be confirmed is told after that.
    if (deletionSkipped && !deletionSkipped.toConfirm) this.#deletionSkipped(deletionSkipped)
  }

  /** What came of a large loss that was to be confirmed. */
  deletions({ deleted, deletionSkipped }: Deletions): void {
    this.counts = { ...this.counts, deleted: this.counts.deleted + deleted }
    if (deletionSkipped) this.#deletionSkipped(deletionSkipped)
  }

  #deletionSkipped({ why, rows }: DeletionSkipped): void {
    this.requestStats.warnings.push(DELETION_SKIPPED[why](rows))
  }

  /** The last report; null: none was made yet. */
  last: StreamReport | null = null

  report(outcome: Outcome, seconds: number, problem: Problem | null): StreamReport {
    this.last = {
      stream: this.stream,
      outcome,
      requests: this.requestStats.requests,
      records: this.records,
      ...this.counts,
      from: this.#from,
      complete_from: this.#completeFrom,
      complete_to: this.#completeTo,
      not_due_until: this.#notDueUntil,
      undeclared: Object.fromEntries([...this.#unknownFields].sort()),
      mismatched: Object.fromEntries([...this.#mismatched].sort()),
      cleaned: this.#cleaned,
      gaps: this.#gaps,
      seconds: Math.round(seconds * 1000) / 1000,
      problem: problem ?? this.#warning(),
    }
    return this.last
  }

  /** The warnings of a stream without an error, as one problem: what may be missing first. */
  #warning(): Problem | null {
    const warnings = [
      ...this.#gaps.map(gap),
      ...(this.#disorder ? [DISORDER] : []),
      ...(this.counts.rejected > 0 ? [rejects(this.counts.rejected)] : []),
      ...(this.#mismatched.size > 0 ? [mismatched([...this.#mismatched].sort())] : []),
      ...this.requestStats.warnings,
      ...(this.#migrated === null ? [] : [this.#migrated]),
    ].sort((a, b) => rankOf(a) - rankOf(b))
    const [first] = warnings
    if (first === undefined) return null
    return {
      code: first.code,
      message: warnings.map(({ message }) => message).join('; '),
      next: [...new Set(warnings.map(({ next }) => next))].join(' '),
    }
  }
}

/** Warnings that say that something may be missing, the most serious first. The others follow in the order of the run. */
const MISSING: readonly string[] = [
  'rows_missing',
  'table_missing',
  'column_missing',
  'nothing_seen',
  'gap',
  'partly_forbidden',
  'not_marked',
  'rejects',
  'mismatched',
]

const rankOf = ({ code }: Problem): number => {
  const rank = MISSING.indexOf(code)
  return rank < 0 ? MISSING.length : rank
}

const gap = ({ from, to }: Gap): Problem => ({
  code: 'gap',
  message: `the source no longer serves what changed from ${from} to ${to}, and no run had read it; see gaps`,
  next: 'Run more often than the retention of the source is long. The records of the gap cannot be read any more.',
})

const DISORDER: Problem = {
  code: 'disorder',
  message: 'the API did not keep the requested order, so the watermark stayed until the end of the scan',
  next: 'An interrupted run starts this stream over. Please report it.',
}

const rejects = (rejected: number): Problem => ({
  code: 'rejects',
  message: `${rejected} records could not be loaded without loss`,
  next: 'See _sync_rejects for each record and its reason. After an upgrade, or without on_mismatch: reject, `replay` loads them again.',
})

/** @param paths each with the number of records that have such a value there. */
const mismatched = (paths: readonly (readonly [string, number])[]): Problem => ({
  code: 'mismatched',
  message: `values do not fit their columns, so they are whole in _extra, and the columns are null: ${inRecords(paths)}`,
  next: 'Look into _extra. A newer version may declare another type; its next sync moves the values that fit.',
})

/** Paths, each with a number of records, in words. */
export const inRecords = (paths: readonly (readonly [string, number])[]): string =>
  paths.map(([path, n]) => `${path} (${n})`).join(', ')

/** What to say of tables that have fewer rows than the runs so far have loaded. */
export const rowsMissing = (tables: readonly MissingRows[], { name, retention, sync }: Stream): Problem => ({
  code: 'rows_missing',
  message: `rows that were loaded are no longer there: ${tables.map(({ table, expected, found }) => `${table} has ${found} of ${expected}`).join(', ')}`,
  next: `Somebody deleted them, or put back an older dump. ${
    retention !== null
      ? `Put what Recharge no longer returns (older than ${retention.days} days, by ${retention.by}) back from a backup. Then run "reset ${name} --i-know" and "sync": that reads the rest again and keeps the rows.`
      : sync.mode === 'full'
        ? `The next full scan writes them again; run "reset ${name}" and then "sync" to make it now.`
        : `Run "reset ${name}" and then "sync": that reads the whole stream again and keeps its rows.`
  }`,
})

/** @returns null for an error that is not a `SyncError`: a bug. */
export const problemOf = (error: unknown): Problem | null =>
  error instanceof SyncError ? { code: error.code, message: error.message, next: error.next } : null

/** Messages of drivers may go on for pages. */
const LONGEST = 300

/** An error that nobody foresaw, as a problem. Its stack belongs into the log. */
export function bugOf(error: unknown): Problem {
  const [first = ''] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n')
  return {
    code: 'bug',
    message: `an error that recharge-sync does not know: ${first.slice(0, LONGEST)}`,
    next: 'This is a bug in recharge-sync. Please report it, with the stack from the log.',
  }
}

/** Why rows that were not seen again are not marked as deleted. */
const DELETION_SKIPPED: Readonly<Record<DeletionSkipped['why'], (rows: number) => Problem>> = {
  unknown_key: rows => ({
    code: 'not_marked',
    message: `the source listed a record whose key cannot be read, so none of the ${rows} rows that were not seen again is marked as deleted`,
    next: 'See _sync_rejects for the record.',
  }),
  few_seen: rows => ({
    code: 'not_marked',
    message: `the source listed less than half of the records that it listed before: ${rows} rows were not seen again, and none is marked as deleted`,
    next: 'Look into the store. If the records are gone, a second scan half a day later marks the rows.',
  }),
  large_loss: rows => ({
    code: 'not_marked',
    message: `the source no longer listed ${rows} records at once, and did not confirm that they are gone: none of their rows is marked as deleted`,
    next: 'Look into the store. Records that Recharge still returns by their id are not marked; of those that it cannot be asked for, a second scan half a day later marks the rows.',
  }),
  maybe_forgotten: rows => ({
    code: 'not_marked',
    message: `${rows} rows were last seen before the retention of the source began, so it is not known whether their records are deleted`,
    next: 'The rows stay as they were last read. Run more often than the retention of the source is long.',
  }),
  owner_not_listed: rows => ({
    code: 'not_marked',
    message: `the source no longer listed the owners of ${rows} rows, or did not serve what they own, so what changed there may be missing, and none of the rows is marked as deleted`,
    next: 'See what this report says of the stream of the owners. Once their rows are marked as deleted, these are too.',
  }),
}
