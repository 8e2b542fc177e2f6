import type { StreamReport } from '../../src/common/run-report.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { instant } from '../../src/simulator/time.ts'
import { changedAt, differenceOf, recordsOf, type Snapshot, type Stored } from './truth.ts'

/** Something that was said and is not so. */
export interface Lie {
  /** The kind of lie, the same for all of its kind. */
  readonly what: string
  readonly stream: string | null
  readonly detail: string
}

/** What is known of one stream of one warehouse, over all runs of a life. */
export interface Known {
  /** It was read to an end once, so its checkpoint exists. */
  read: boolean
  /** As it said when it was last complete, in milliseconds. */
  completeTo: number
  /** Index of the snapshot before the last run that read it to its end. */
  since: number
  /** Rows that were right when last compared, each with the record that it is. */
  readonly verified: Map<string, StoreRecord>
  /** A hand took rows or values away, and they have not been seen again. */
  damaged: boolean
  /** Rows whose values are another's work, or of a version that the program rightly doubts. */
  readonly altered: Set<string>
  /** Keys of records that were set aside without a key, as far as the reports say how many. */
  readonly keyless: Set<string>
  /** Its records came with times of change that are not theirs. */
  cursorBent: boolean
  /** Its last list was not believed. A second one like it is: no run can tell it from a true one. */
  suspect: boolean
  /** Records that the reports said were set aside. */
  rejected: number
}

export const nothingKnown = (): Known => ({
  read: false,
  completeTo: 0,
  since: 0,
  verified: new Map(),
  damaged: false,
  altered: new Set(),
  keyless: new Set(),
  cursorBent: false,
  suspect: false,
  rejected: 0,
})

/**
 * What a complete stream may have to say, and how a message that holds several shows it. A new code of the program that
 * allows for something has to be entered here, with what it allows for in `isAllowed`.
 */
const WARNINGS = {
  not_marked: /none is marked as deleted|none of .* is marked as deleted|whether they are deleted cannot be known/,
  nothing_seen: /the API returned no record/,
  rows_missing: /rows that were loaded are no longer there/,
  table_missing: /table_missing/,
  mismatched: /values do not fit their columns/,
  partly_forbidden: /was refused:|was left out:/,
} as const

type Warning = keyof typeof WARNINGS

function warningsOf({ problem }: StreamReport): ReadonlySet<Warning> {
  const all = Object.entries(WARNINGS) as [Warning, RegExp][]
  return new Set(
    all
      .filter(([code, pattern]) => problem !== null && (problem.code === code || pattern.test(problem.message)))
      .map(([code]) => code),
  )
}

export interface Judged {
  readonly stream: Stream
  readonly report: StreamReport
  /** From before the run until after it, and all before that in this life. */
  readonly snapshots: readonly Snapshot[]
  /** Index of the snapshot before the run. */
  readonly begin: number
  readonly stored: Stored
  /** Keys of the records of the stream that are set aside. */
  readonly rejects: ReadonlySet<string>
  readonly known: Known
  /** Complete speaks of what changed in this window only: that of a backfill, or what a `reconcile` compares. Null: all. */
  readonly window: { readonly from: number; readonly to: number } | null
}

/** Holds what was said of a stream against the store, and updates what is known of it. */
export function judge(judged: Judged): Lie[] {
  const { stream, report, snapshots, begin, stored, rejects, known, window } = judged
  const complete = report.outcome === 'complete'
  const fresh = complete && report.requests === 0
  const warnings = warningsOf(report)
  const older = 'older' in report && typeof report.older === 'number' ? report.older : 0
  known.rejected += report.rejected
  // A list that is read completely is as of the time at which its reading began, which `complete_to` says. It may have been
  // an earlier run, if the stream is not due yet.
  const resumed = complete && stream.sync.mode === 'full' ? asOf(report, snapshots, begin) : begin
  const records = recordsOf(stream, snapshots.slice(fresh ? known.since : resumed))
  const lies: Lie[] = []
  const lie = (what: string, detail: string): void => {
    lies.push({ what, stream: stream.name, detail })
  }
  const told = warnings.has('rows_missing') || warnings.has('table_missing')
  const verified = new Map<string, StoreRecord>()
  const unlike: string[] = []
  let missing = 0
  for (const [key, versions] of records) {
    const row = stored?.get(key)
    const newest = versions.at(-1)
    if (row?.deleted) {
      lie('a live row is marked as deleted', `${key}`)
      continue
    }
    const difference = row === undefined ? null : differenceOf(stream, row, versions)
    if (row !== undefined && difference === null) {
      known.altered.delete(key)
      known.keyless.delete(key)
      if (versions.length === 1 && newest !== undefined) verified.set(key, newest)
      continue
    }
    if (row === undefined) missing += 1
    if (!complete || newest === undefined) continue
    if (row !== undefined && known.altered.has(key)) continue
    if (difference?.what === 'cursor' && known.cursorBent) continue
    // What changed after the watermark is for the next sync, also where nothing is filtered by it.
    const at = changedAt(stream, newest) ?? (newest.updated_at === undefined ? null : instant(newest.updated_at))
    if (window !== null && at !== null && (at < window.from || at > window.to)) continue
    if (isAllowed(key, newest)) continue
    unlike.push(`${key} ${difference === null ? 'is not there' : difference.text}`)
  }

  function isAllowed(key: string, record: StoreRecord): boolean {
    const at = changedAt(stream, record)
    if (rejects.has(key) || known.keyless.has(key)) return true
    if (known.damaged && told) return true
    // Records that lacked a key are counted, and nothing tells which they were.
    if (known.rejected > 0 && unlike.length < known.rejected) {
      known.rejected -= 1
      known.keyless.add(key)
      known.altered.add(key)
      return true
    }
    // The watermark stays: what changed after it is not promised.
    if (warnings.has('nothing_seen'))
      return report.complete_to === null || at === null || at > Date.parse(report.complete_to)
    // The list was doubted: what it should have shown for the first time cannot be known.
    if (warnings.has('not_marked') && stream.sync.mode === 'full') return known.verified.get(key) !== record
    if (warnings.has('partly_forbidden')) return stream.name === 'metafields'
    if (warnings.has('mismatched')) return true
    return false
  }

  // An older version came for a newer row: which is right cannot be known, but the report has to say so.
  if (unlike.length > 0 && unlike.length <= older) {
    for (const text of unlike) known.altered.add(text.split(' ')[0] ?? '')
    unlike.length = 0
  }
  if (unlike.length > 0) {
    const absent = unlike.filter(text => text.endsWith('is not there')).length
    const what = absent > 0 ? 'complete, and records are missing' : 'complete, and values are not those of the source'
    lie(what, `${unlike.length} of ${records.size}: ${unlike.slice(0, 3).join('; ')}`)
  }
  if (complete && window === null) {
    known.read = true
    if (report.complete_to !== null) known.completeTo = Date.parse(report.complete_to)
    if (!fresh) known.since = resumed
    if (!fresh) known.suspect = warnings.has('not_marked')
    if (missing === 0 && unlike.length === 0 && !warnings.has('rows_missing')) known.damaged = false
    known.verified.clear()
    for (const [key, record] of verified) known.verified.set(key, record)
  }
  const now = snapshots.at(-1)?.at ?? 0
  if (report.complete_to !== null && Date.parse(report.complete_to) > now + 5 * 60_000)
    lie('complete to a time that has not come', `${report.complete_to}, at ${new Date(now).toISOString()}`)
  return lies
}

/** The last snapshot that is not later than what a stream says to be complete to. */
function asOf({ complete_to: to }: StreamReport, snapshots: readonly Snapshot[], begin: number): number {
  const last = snapshots.findLastIndex(({ at }) => to !== null && at <= Date.parse(to) + 1000)
  return last < 0 ? begin : Math.min(last, begin)
}
