import { earlier, fromMillis, justBefore, later, minus, toMillis } from '../common/instant.ts'
import type { Checkpoint, Gap, Instant, RowBatch, RunId, Scan, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { newScan, scanned, scannedUpTo } from './scan-progress.ts'

/** One scan over a stream, from where its checkpoint stands to now. */
export interface ScanState {
  readonly stream: Stream
  readonly run: RunId
  /** What is read, and how far it has come. */
  readonly scan: Scan
  readonly at: Checkpoint
  /** The watermark at the start: where it returns to when order turns out not to hold. */
  readonly base: Instant | null
  /** The scan began in an earlier run. */
  readonly resumed: boolean
  /** A range is read again: whatever it finds, the watermark stays where it is. */
  readonly backfill: boolean
  readonly newestFirst: boolean
  readonly gap: Gap | null
  /** When the snapshotAt that this scan follows began; null: none went before. */
  readonly snapshotAt: Instant | null
  /** The rows that are there were written to other columns. */
  readonly schemaChanged: boolean
}

export interface StartScanOptions {
  readonly run: RunId
  /** By the API's clock. */
  readonly now: Instant
  /** Read again this far before the watermark, in milliseconds: records become visible late [client]. */
  readonly overlapMs: number
  /** How far back a first run reaches; null: everything. */
  readonly start: Instant | null
  /** Fingerprint of the tables that this run writes to. */
  readonly schemaHash: string
  /** When the snapshotAt began that has just ended; absent: there was none. */
  readonly snapshotAt?: Instant | null
}

const DAY = 86_400_000
/** Kept clear of the edge of what a source serves, for the time a request is on its way and for clocks that differ. */
const EDGE = 5 * 60_000

/** Where a scan begins, or goes on. */
export function startScan(at: Checkpoint, stream: Stream, options: StartScanOptions): ScanState {
  const { run, now, schemaHash } = options
  const { window, gap } = windowOf(at.watermark, stream, options)
  const resumed = at.scan !== null && isServed(at.scan, stream, now)
  /*
   * Not the API's clock itself: a record changed later may already have been scanned by, and times are whole seconds,
   * so one read in the second of the start may change again within it.
   */
  const scan = resumed && at.scan ? at.scan : newScan(window, justBefore(now))
  return {
    stream,
    run,
    scan,
    base: at.watermark,
    resumed,
    backfill: false,
    newestFirst: false,
    gap: resumed ? gapWhileInterrupted(scan, at, stream, now) : gap,
    snapshotAt: options.snapshotAt ?? null,
    schemaChanged: at.schemaHash !== null && at.schemaHash !== schemaHash,
    at: { ...at, schemaHash },
  }
}

export interface BackfillOptions extends Pick<StartScanOptions, 'run' | 'now' | 'schemaHash'> {
  readonly window: Window
  readonly newestFirst: boolean
}

/** So that the newest can come first, the window is cut into this many parts from the start. */
const PARTS = 12

/** A scan over a range that was read before. `at` is a checkpoint of its own: the stream's is not touched. */
export function startBackfillScan(at: Checkpoint, stream: Stream, options: BackfillOptions): ScanState {
  const { run, now, schemaHash, newestFirst } = options
  const oldest = stream.retention?.refuses ? oldestServed(stream.retention.days, now) : null
  const { since: from, until } = options.window
  const window = { since: newest(from, oldest), until }
  const gap = oldest !== null && (from === null || from < oldest) ? { from: from ?? oldest, to: oldest } : null
  const resumed = at.scan !== null && isServed(at.scan, stream, now) && isSame(at.scan.window, window)
  const upperBound = justBefore(now)
  const cuts = newestFirst && stream.sync.mode === 'incremental' && stream.sync.sorted ? cutsOf(window, upperBound) : []
  const scan = resumed && at.scan ? at.scan : newScan(window, upperBound, cuts)
  return {
    stream,
    run,
    scan,
    base: null,
    resumed,
    backfill: true,
    newestFirst,
    gap: from === null ? null : gap,
    snapshotAt: null,
    schemaChanged: false,
    at: { ...at, schemaHash },
  }
}

const isSame = (a: Window, b: Window): boolean => a.since === b.since && a.until === b.until

function cutsOf({ since, until }: Window, upperBound: Instant): Instant[] {
  if (since === null) return []
  const from = toMillis(since)
  const part = (toMillis(until ?? upperBound) - from) / PARTS
  const seconds = Array.from({ length: PARTS - 1 }, (_, i) => Math.floor((from + (i + 1) * part) / 1000) * 1000)
  return [...new Set(seconds)].filter(millis => millis > from).map(fromMillis)
}

/** The edge of what the source serves has not passed the beginning of the scan. */
function isServed({ window }: Scan, { retention }: Stream, now: Instant): boolean {
  if (!retention?.refuses) return true
  return window.since !== null && window.since >= oldestServed(retention.days, now)
}

/** The edge of what a source serves that retention after so many days. */
export const oldestServed = (days: number, now: Instant): Instant => fromMillis(toMillis(now) - days * DAY + EDGE)

/** A watermark within a scan says nothing of a pause: it may be years back. When the scan was begun does. */
function gapWhileInterrupted(scan: Scan, at: Checkpoint, { retention }: Stream, now: Instant): Gap | null {
  // All that is asked for is still served; what was not, was kept as a gap with the walk's first commit.
  if (!retention || retention.refuses) return null
  const oldest = oldestServed(retention.days, now)
  const from = at.watermark === null ? scan.upperBound : earlier(at.watermark, scan.upperBound)
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
  // What is forgotten may go by another time than the cursor's: then all that is still served is asked for.
  if (!stream.retention.refuses) return { window: { since: wanted, until: null }, gap }
  return { window: { since: wanted === null ? oldest : later(wanted, oldest), until: null }, gap }
}

/**
 * How far `batch` lets the stream advance.
 *
 * In order, up to the newest record read without a hole before it, less the instant itself: others may share it.
 * Otherwise nothing until the scan has ended, because what is still to come may be older. Never past the walk's start,
 * and never back.
 */
export function advance(state: ScanState, batch: RowBatch): ScanState {
  const scan = scanned(state.scan, batch.reads)
  return {
    ...state,
    scan: scan ?? { ...state.scan, segments: [] },
    at: {
      ...state.at,
      version: state.at.version + 1,
      writer: state.run,
      scan,
      watermark: newest(state.base, reached(state, scan)),
      lastSnapshotAt: scan === null ? lastSnapshotAt(state) : state.at.lastSnapshotAt,
    },
  }
}

/** A first scan has met all that a snapshotAt would have. */
function lastSnapshotAt({ stream, backfill, at, snapshotAt, scan }: ScanState): Instant | null {
  if (backfill || typeof stream.deletions.absence !== 'object') return at.lastSnapshotAt
  return snapshotAt ?? at.lastSnapshotAt ?? scan.upperBound
}

/** Nothing is left to read. */
export const isComplete = (state: ScanState): boolean => state.at.scan === null

function reached({ stream, backfill, scan: { upperBound } }: ScanState, scan: Scan | null): Instant | null {
  if (backfill) return null
  if (scan === null) return upperBound
  if (stream.sync.mode === 'full' || !stream.sync.sorted) return null
  const at = scannedUpTo(scan)
  return at === null ? null : earlier(at, upperBound)
}

const newest = (a: Instant | null, b: Instant | null): Instant | null => (a === null ? b : b === null ? a : later(a, b))
