import type { Stream } from './declare/stream.ts'
import { earlier, fromMillis, later, minus, toMillis } from './instant.ts'
import type { Checkpoint, Gap, Instant, RowBatch, RunId, Window } from './model.ts'

/** One walk over a stream, from where its checkpoint stands to now. */
export interface Pass {
  readonly stream: Stream
  readonly run: RunId
  readonly window: Window
  readonly at: Checkpoint
  /** The watermark at the start: where it returns to when order turns out not to hold. */
  readonly base: Instant | null
  /**
   * Just before the API's clock at the start. A record changed later may already have been walked by, and times are
   * whole seconds: one read in the second of the start may change again within it.
   */
  readonly ceiling: Instant
  /** The newest record read so far. */
  readonly highest: Instant | null
  /** A sorted stream kept its promise so far. */
  readonly inOrder: boolean
  readonly gap: Gap | null
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
}

const DAY = 86_400_000
/** Kept clear of the edge of what a source serves, for the time a request is on its way and for clocks that differ. */
const EDGE = 5 * 60_000

/** Where a walk begins. */
export function begin(at: Checkpoint, stream: Stream, options: PassOptions): Pass {
  const { window, gap } = windowOf(at.watermark, stream, options)
  return {
    stream,
    run: options.run,
    window,
    gap,
    at: { ...at, shape: options.shape },
    base: at.watermark,
    ceiling: justBefore(options.now),
    highest: null,
    inOrder: true,
  }
}

function windowOf(
  watermark: Instant | null,
  stream: Stream,
  { now, overlapMs, start }: PassOptions,
): { window: Window; gap: Gap | null } {
  if (stream.sync.mode === 'full') return { window: { since: null, until: null }, gap: null }
  const wanted = watermark === null ? start : minus(watermark, overlapMs)
  if (!stream.forgets?.refuses) return { window: { since: wanted, until: null }, gap: null }
  const oldest = fromMillis(toMillis(now) - stream.forgets.days * DAY + EDGE)
  const since = wanted === null ? oldest : later(wanted, oldest)
  const gap = watermark !== null && watermark < since ? { from: watermark, to: since } : null
  return { window: { since, until: null }, gap }
}

/**
 * How far `batch` lets the stream advance.
 *
 * In order, up to the newest record read, less the instant itself: others may share it. Otherwise nothing until the
 * walk has ended, because what is still to come may be older. Never past the walk's start, and never back.
 */
export function advance(pass: Pass, batch: RowBatch): Pass {
  const inOrder = pass.inOrder && batch.inOrder && !isBefore(batch.lowest, pass.highest)
  const highest = newest(pass.highest, batch.highest)
  return {
    ...pass,
    inOrder,
    highest,
    at: {
      ...pass.at,
      version: pass.at.version + 1,
      writer: pass.run,
      watermark: newest(pass.base, reached(pass, batch, inOrder, highest)),
    },
  }
}

function reached(pass: Pass, batch: RowBatch, inOrder: boolean, highest: Instant | null): Instant | null {
  if (batch.last) return pass.ceiling
  const { sync } = pass.stream
  if (sync.mode === 'full' || !sync.sorted || !inOrder || highest === null) return null
  return earlier(justBefore(highest), pass.ceiling)
}

const justBefore = (instant: Instant): Instant => {
  const micros = Number(instant.slice(20, 26))
  if (micros === 0) return `${minus(instant, 1).slice(0, 23)}999Z` as Instant
  return `${instant.slice(0, 20)}${String(micros - 1).padStart(6, '0')}Z` as Instant
}

const isBefore = (a: Instant | null, b: Instant | null): boolean => a !== null && b !== null && a < b

const newest = (a: Instant | null, b: Instant | null): Instant | null => (a === null ? b : b === null ? a : later(a, b))
