import { earlier, fromMillis, justBefore, later, minus, toMillis } from '../common/instant.ts'
import type { Checkpoint, Gap, Instant, RowBatch, RunId, Walk, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { newWalk, reachedBy, walked } from './scan.ts'

/** One walk over a stream, from where its checkpoint stands to now. */
export interface Pass {
  readonly stream: Stream
  readonly run: RunId
  /** What is read, and how far it has come. */
  readonly walk: Walk
  readonly at: Checkpoint
  /** The watermark at the start: where it returns to when order turns out not to hold. */
  readonly base: Instant | null
  /** The walk began in an earlier run. */
  readonly resumed: boolean
  /** A range is read again: whatever it finds, the watermark stays where it is. */
  readonly backfill: boolean
  readonly newestFirst: boolean
  readonly gap: Gap | null
  /** When the sweep that this walk follows began; null: none went before. */
  readonly sweep: Instant | null
  /** The rows that are there were written to other columns. */
  readonly reshaped: boolean
}

export interface PassOptions {
  readonly run: RunId
  /** By the API's clock. */
  readonly now: Instant
  /** Read again this far before the watermark, in milliseconds: records become visible late [client]. */
  readonly overlapMs: number
  /** How far back a first run reaches; null: everything. */
  readonly start: Instant | null
  /** Fingerprint of the tables that this run writes to. */
  readonly shape: string
  /** When the sweep began that has just ended; absent: there was none. */
  readonly sweep?: Instant | null
}

const DAY = 86_400_000
/** Kept clear of the edge of what a source serves, for the time a request is on its way and for clocks that differ. */
const EDGE = 5 * 60_000

/** Where a walk begins, or goes on. */
export function begin(at: Checkpoint, stream: Stream, options: PassOptions): Pass {
  const { run, now, shape } = options
  const { window, gap } = windowOf(at.watermark, stream, options)
  const resumed = at.walk !== null && isServed(at.walk, stream, now)
  /*
   * Not the API's clock itself: a record changed later may already have been walked by, and times are whole seconds,
   * so one read in the second of the start may change again within it.
   */
  const walk = resumed && at.walk ? at.walk : newWalk(window, justBefore(now))
  return {
    stream,
    run,
    walk,
    base: at.watermark,
    resumed,
    backfill: false,
    newestFirst: false,
    gap: resumed ? gapWhileBrokenOff(walk, at, stream, now) : gap,
    sweep: options.sweep ?? null,
    reshaped: at.shape !== null && at.shape !== shape,
    at: { ...at, shape },
  }
}

export interface BackfillOptions extends Pick<PassOptions, 'run' | 'now' | 'shape'> {
  readonly window: Window
  readonly newestFirst: boolean
}

/** So that the newest can come first, the window is cut into this many parts from the start. */
const PARTS = 12

/** A walk over a range that was read before. `at` is a checkpoint of its own: the stream's is not touched. */
export function beginBackfill(at: Checkpoint, stream: Stream, options: BackfillOptions): Pass {
  const { run, now, shape, newestFirst } = options
  const oldest = stream.forgets?.refuses ? oldestServed(stream.forgets.days, now) : null
  const { since: from, until } = options.window
  const window = { since: newest(from, oldest), until }
  const gap = oldest !== null && (from === null || from < oldest) ? { from: from ?? oldest, to: oldest } : null
  const resumed = at.walk !== null && isServed(at.walk, stream, now) && isSame(at.walk.window, window)
  const ceiling = justBefore(now)
  const cuts = newestFirst && stream.sync.mode === 'incremental' && stream.sync.sorted ? cutsOf(window, ceiling) : []
  const walk = resumed && at.walk ? at.walk : newWalk(window, ceiling, cuts)
  return {
    stream,
    run,
    walk,
    base: null,
    resumed,
    backfill: true,
    newestFirst,
    gap: from === null ? null : gap,
    sweep: null,
    reshaped: false,
    at: { ...at, shape },
  }
}

const isSame = (a: Window, b: Window): boolean => a.since === b.since && a.until === b.until

function cutsOf({ since, until }: Window, ceiling: Instant): Instant[] {
  if (since === null) return []
  const from = toMillis(since)
  const part = (toMillis(until ?? ceiling) - from) / PARTS
  const seconds = Array.from({ length: PARTS - 1 }, (_, i) => Math.floor((from + (i + 1) * part) / 1000) * 1000)
  return [...new Set(seconds)].filter(millis => millis > from).map(fromMillis)
}

/** The edge of what the source serves has not passed the beginning of the walk. */
function isServed({ window }: Walk, { forgets }: Stream, now: Instant): boolean {
  if (!forgets?.refuses) return true
  return window.since !== null && window.since >= oldestServed(forgets.days, now)
}

/** The edge of what a source serves that forgets after so many days. */
export const oldestServed = (days: number, now: Instant): Instant => fromMillis(toMillis(now) - days * DAY + EDGE)

/** A watermark within a walk says nothing of a pause: it may be years back. When the walk was begun does. */
function gapWhileBrokenOff(walk: Walk, at: Checkpoint, { forgets }: Stream, now: Instant): Gap | null {
  // All that is asked for is still served; what was not, was kept as a gap with the walk's first commit.
  if (!forgets || forgets.refuses) return null
  const oldest = oldestServed(forgets.days, now)
  const from = at.watermark === null ? walk.ceiling : earlier(at.watermark, walk.ceiling)
  return walk.ceiling < oldest ? { from, to: oldest } : null
}

function windowOf(
  watermark: Instant | null,
  stream: Stream,
  { now, overlapMs, start }: PassOptions,
): { window: Window; gap: Gap | null } {
  if (stream.sync.mode === 'full') return { window: { since: null, until: null }, gap: null }
  const wanted = watermark === null ? start : minus(watermark, overlapMs)
  if (!stream.forgets) return { window: { since: wanted, until: null }, gap: null }
  const oldest = oldestServed(stream.forgets.days, now)
  const gap = watermark !== null && watermark < oldest ? { from: watermark, to: oldest } : null
  // What is forgotten may go by another time than the cursor's: then all that is still served is asked for.
  if (!stream.forgets.refuses) return { window: { since: wanted, until: null }, gap }
  return { window: { since: wanted === null ? oldest : later(wanted, oldest), until: null }, gap }
}

/**
 * How far `batch` lets the stream advance.
 *
 * In order, up to the newest record read without a hole before it, less the instant itself: others may share it.
 * Otherwise nothing until the walk has ended, because what is still to come may be older. Never past the walk's start,
 * and never back.
 */
export function advance(pass: Pass, batch: RowBatch): Pass {
  const walk = walked(pass.walk, batch.reads)
  return {
    ...pass,
    walk: walk ?? { ...pass.walk, segments: [] },
    at: {
      ...pass.at,
      version: pass.at.version + 1,
      writer: pass.run,
      walk,
      watermark: newest(pass.base, reached(pass, walk)),
      swept: walk === null ? swept(pass) : pass.at.swept,
    },
  }
}

/** A first walk has met all that a sweep would have. */
function swept({ stream, backfill, at, sweep, walk }: Pass): Instant | null {
  if (backfill || typeof stream.deletions.absence !== 'object') return at.swept
  return sweep ?? at.swept ?? walk.ceiling
}

/** Nothing is left to read. */
export const isComplete = (pass: Pass): boolean => pass.at.walk === null

function reached({ stream, backfill, walk: { ceiling } }: Pass, walk: Walk | null): Instant | null {
  if (backfill) return null
  if (walk === null) return ceiling
  if (stream.sync.mode === 'full' || !stream.sync.sorted) return null
  const at = reachedBy(walk)
  return at === null ? null : earlier(at, ceiling)
}

const newest = (a: Instant | null, b: Instant | null): Instant | null => (a === null ? b : b === null ? a : later(a, b))
