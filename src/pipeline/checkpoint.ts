import { completeFromOf } from '../common/complete-from.ts'
import { ContractError } from '../common/errors.ts'
import { earlier, fromMillis, justBefore, later, latestPast, minus, toMillis } from '../common/instant.ts'
import type { Checkpoint, Gap, Instant, LostRows, RowBatch, RunId, Scan, Window } from '../common/model.ts'
import { oldestServed } from '../common/oldest-served.ts'
import type { Stream } from '../schema/stream.ts'
import { advanceScan, completeUpTo, newScan } from './scan-progress.ts'

/** One scan of a stream, with the checkpoint that its next commit replaces. Immutable. */
export interface ScanState {
  readonly stream: Stream
  readonly run: RunId
  /** What is read, and what has been read of it. */
  readonly scan: Scan
  /** As the last commit wrote it. */
  readonly checkpoint: Checkpoint
  /** The watermark at the start. It goes back to this if the API turns out not to keep the order. */
  readonly baseWatermark: Instant | null
  /** An earlier run started the scan. */
  readonly resumed: boolean
  /** The scan reads a range again, and the stream's watermark stays where it is. */
  readonly backfill: boolean
  readonly newestFirst: boolean
  /** Found when the scan started. */
  readonly gap: Gap | null
  /** When the list snapshot started that this run took before the scan; null: it took none. */
  readonly snapshotAt: Instant | null
  /** The stored rows were written to other columns than the stream has now. */
  readonly schemaChanged: boolean
}

export interface StartScanOptions {
  readonly run: RunId
  /** By the API's clock. */
  readonly now: Instant
  /** Lookback: how far before the watermark the scan starts, in milliseconds. Records become visible late [client]. */
  readonly overlapMs: number
  /** How far back a first run reads; null: everything. */
  readonly start: Instant | null
  /** Hash of the tables that this run writes to. */
  readonly schemaHash: string
  /** When the list snapshot started that has just ended; null or absent: there was none. */
  readonly snapshotAt?: Instant | null
}

/** Whether a time lies in the future, by a clock that may be late by minutes. */
export const isInFuture = (at: Instant | null, now: Instant): boolean => at !== null && at > latestPast(now)

/**
 * Refuses a checkpoint that says that the future has been read: a clock was wrong, and nothing that changes before that
 * time would ever be read.
 * @throws {ContractError} `watermark_in_future`
 */
export function refuseFuture({ stream, watermark, scan, lastSnapshotAt }: Checkpoint, now: Instant): void {
  const at = [watermark, scan?.upperBound ?? null, lastSnapshotAt].find(time => isInFuture(time, now))
  if (at) throw watermarkInFuture(stream, at, now)
}

export const watermarkInFuture = (stream: string, at: Instant, now: Instant): ContractError =>
  new ContractError(
    'watermark_in_future',
    `${stream}: its checkpoint says that it was read up to ${at}, which is in the future: it is ${now}. A wrong clock wrote it, and what changed since may be missing`,
    `Run "reset ${stream}", then sync: it reads the stream from its start, and rows stay. Check the clock of this machine too.`,
  )

/** Starts a scan, or resumes the one that the checkpoint holds. */
export function startScan(
  { lost, isSuspect: _, ...checkpoint }: Checkpoint,
  stream: Stream,
  options: StartScanOptions,
): ScanState {
  const { run, now, schemaHash } = options
  const { window, gap: unread } = windowOf(checkpoint.watermark, stream, options)
  const gap = unread ?? lostGap(lost, stream, now)
  const resumed = checkpoint.scan !== null && isServed(checkpoint.scan, stream, now)
  /*
   * The upper bound is just before the API's clock. A record that is changed after the start may lie in a part that has
   * been read already. And since times are whole seconds, a record read in the second of the start may change again in
   * the same second.
   */
  const scan = resumed && checkpoint.scan ? checkpoint.scan : newScan(window, justBefore(now))
  return {
    stream,
    run,
    scan,
    baseWatermark: checkpoint.watermark,
    resumed,
    backfill: false,
    newestFirst: false,
    gap: resumed ? gapWhileInterrupted(scan, checkpoint, stream, now) : gap,
    snapshotAt: options.snapshotAt ?? null,
    schemaChanged: checkpoint.schemaHash !== null && checkpoint.schemaHash !== schemaHash,
    checkpoint: { ...checkpoint, schemaHash },
  }
}

export interface BackfillOptions extends Pick<StartScanOptions, 'run' | 'now' | 'schemaHash'> {
  readonly window: Window
  readonly newestFirst: boolean
}

/** With `newestFirst`, the window is divided into this many segments at the start, and they are read from the last. */
const SEGMENTS = 12

/** Starts or resumes a scan of a range. @param checkpoint of the backfill; the stream's own is not touched. */
export function startBackfillScan(checkpoint: Checkpoint, stream: Stream, options: BackfillOptions): ScanState {
  const { run, now, schemaHash, newestFirst } = options
  const oldest = stream.retention?.refuses ? oldestServed(stream.retention.days, now) : null
  const { since: from, until } = options.window
  const window = { since: newest(from, oldest), until }
  const gap = oldest !== null && (from === null || from < oldest) ? { from: from ?? oldest, to: oldest } : null
  const resumed =
    checkpoint.scan !== null && isServed(checkpoint.scan, stream, now) && isSame(checkpoint.scan.window, window)
  const upperBound = justBefore(now)
  const cuts = newestFirst && stream.sync.mode === 'incremental' && stream.sync.sorted ? cutsOf(window, upperBound) : []
  const scan = resumed && checkpoint.scan ? checkpoint.scan : newScan(window, upperBound, cuts)
  return {
    stream,
    run,
    scan,
    baseWatermark: null,
    resumed,
    backfill: true,
    newestFirst,
    gap: from === null ? null : gap,
    snapshotAt: null,
    schemaChanged: false,
    checkpoint: { ...checkpoint, schemaHash },
  }
}

const isSame = (a: Window, b: Window): boolean => a.since === b.since && a.until === b.until

function cutsOf({ since, until }: Window, upperBound: Instant): Instant[] {
  if (since === null) return []
  const from = toMillis(since)
  const length = (toMillis(until ?? upperBound) - from) / SEGMENTS
  const seconds = Array.from({ length: SEGMENTS - 1 }, (_, i) => Math.floor((from + (i + 1) * length) / 1000) * 1000)
  return [...new Set(seconds)].filter(millis => millis > from).map(fromMillis)
}

/** Whether the source still serves the whole window of a scan that an earlier run started. */
function isServed({ window }: Scan, { retention }: Stream, now: Instant): boolean {
  if (!retention?.refuses) return true
  return window.since !== null && window.since >= oldestServed(retention.days, now)
}

/**
 * What was read of a table that somebody dropped, and is no longer served. A dropped column is no gap: its rows are there.
 */
function lostGap(lost: LostRows | undefined, { retention }: Stream, now: Instant): Gap | null {
  if (!retention || !lost?.since || lost.tables.length === 0) return null
  const from = oldestServed(retention.days, lost.since)
  const to = oldestServed(retention.days, now)
  return from < to ? { from, to } : null
}

/** The watermark inside an interrupted scan may be years back, so the time since the scan started decides. */
function gapWhileInterrupted(scan: Scan, { watermark }: Checkpoint, { retention }: Stream, now: Instant): Gap | null {
  // A resumed scan of such a stream is served whole, and the gap before its window was kept with its first commit.
  if (!retention || retention.refuses) return null
  const oldest = oldestServed(retention.days, now)
  const from = watermark === null ? scan.upperBound : earlier(watermark, scan.upperBound)
  return scan.upperBound < oldest ? { from, to: oldest } : null
}

function windowOf(
  watermark: Instant | null,
  stream: Stream,
  { now, overlapMs, start }: StartScanOptions,
): { window: Window; gap: Gap | null } {
  if (stream.sync.mode === 'full') return { window: { since: null, until: null }, gap: null }
  const wanted = watermark === null ? start : minus(watermark, overlapMs)
  if (!stream.retention) return { window: { since: wanted, until: null }, gap: null }
  const oldest = oldestServed(stream.retention.days, now)
  const gap = watermark !== null && watermark < oldest ? { from: watermark, to: oldest } : null
  // The retention may go by another time than the cursor does, so the window is not cut.
  if (!stream.retention.refuses) return { window: { since: wanted, until: null }, gap }
  return { window: { since: wanted === null ? oldest : later(wanted, oldest), until: null }, gap }
}

/**
 * The state after the commit of `batch`.
 *
 * As long as the API keeps the order, the watermark is just before the first record of the last page that was read
 * without a hole before it: the last record of a page may have been edited just now (see `scan-progress.ts`). Otherwise the watermark stays until the scan is complete, because the pages
 * still to come may hold older records. It never passes the scan's upper bound and never goes below where it was at the
 * start.
 * @param proves false: the end of the scan proves nothing, so the watermark stays where it was at the start.
 */
export function advance(state: ScanState, batch: RowBatch, proves = true): ScanState {
  const scan = advanceScan(state.scan, batch.reads)
  return {
    ...state,
    scan: scan ?? { ...state.scan, segments: [] },
    checkpoint: {
      ...state.checkpoint,
      version: state.checkpoint.version + 1,
      writer: state.run,
      scan,
      watermark: proves ? newest(state.baseWatermark, reached(state, scan)) : state.baseWatermark,
      lastSnapshotAt: scan === null && proves ? lastSnapshotAt(state) : state.checkpoint.lastSnapshotAt,
      completeFrom: scan === null && proves ? completeFrom(state, batch.receivedAt) : state.checkpoint.completeFrom,
    },
  }
}

/** A first scan has read every record that a list snapshot would have listed, so it counts as one. */
function lastSnapshotAt({ stream, backfill, checkpoint, snapshotAt, scan }: ScanState): Instant | null {
  if (backfill || typeof stream.deletions.absence !== 'object') return checkpoint.lastSnapshotAt
  return snapshotAt ?? checkpoint.lastSnapshotAt ?? scan.upperBound
}

/** A first scan says from when on the stream is complete. A later one adds to its end only. */
function completeFrom({ stream, backfill, checkpoint, scan }: ScanState, readAt: Instant): Instant | null {
  if (backfill || checkpoint.completeFrom !== null) return checkpoint.completeFrom
  return completeFromOf(stream, scan.window.since, readAt)
}

/** Nothing is left to read. */
export const isComplete = (state: ScanState): boolean => state.checkpoint.scan === null

function reached({ stream, backfill, scan: { upperBound } }: ScanState, scan: Scan | null): Instant | null {
  if (backfill) return null
  if (scan === null) return upperBound
  if (stream.sync.mode === 'full' || !stream.sync.sorted) return null
  const complete = completeUpTo(scan)
  return complete === null ? null : earlier(complete, upperBound)
}

const newest = (a: Instant | null, b: Instant | null): Instant | null => (a === null ? b : b === null ? a : later(a, b))
