import type { Instant } from './instant.ts'

/** A stretch of time that the source no longer serves and that no run has read. */
export interface Gap {
  readonly from: Instant
  readonly to: Instant
}

export interface RecordedGap extends Gap {
  readonly found_at: Instant
  /** The run that found it. */
  readonly run: string
}

/** What a commit notes down, and what it concludes, about which records are still there. */
export interface Presence {
  /** The walk or sweep that saw them, by the instant before which it did not see anything; null: noted for none. */
  readonly walk: Instant | null
  /** A sweep begins with it: what one that was broken off has noted is of no use. */
  readonly first: boolean
  /** Keys of the records seen, rejected ones included. */
  readonly keys: readonly string[]
  /** A record came whose key cannot be told: whatever is absent may be it. */
  readonly unknown: boolean
  /** Values of a parameter, or parents, whose lists were read to their end. */
  readonly parts: readonly string[]
  /** The walk or sweep that has ended with this commit: what was there before it and was not seen is gone. */
  readonly ended: Instant | null
  /** What events said is gone may be marked. */
  readonly last: boolean
  /** To be kept for ever, beside the rows. */
  readonly gap: Gap | null
}

/** Why rows that were not seen are not marked. */
export interface Withheld {
  readonly why: 'unknown_key' | 'few_seen' | 'maybe_forgotten'
  readonly rows: number
}
