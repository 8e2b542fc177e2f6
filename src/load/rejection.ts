import type { Instant } from '../common/instant.ts'
import type { Stream } from '../schema/stream.ts'

/** A record that could not be loaded, as it was received. */
export interface Reject {
  readonly key: string | null
  readonly path: string
  readonly reason: string
  readonly record: string
  /** When the record last changed, where it says so. */
  readonly cursor: Instant | null
}

/** A reject as the destination keeps it. */
export interface KeptReject {
  readonly fingerprint: string
  readonly key: string | null
  /** When the source last showed the record like this. */
  readonly seenAt: Instant
  /** Where it came from; null: from the API. */
  readonly source: 'export' | null
}

/** The rejects that a destination keeps, and what tells whether one may still be loaded. */
export interface Rejects {
  /** Of a stream: versions of one record side by side, the one seen last at their end. */
  rejects(stream: string): Promise<readonly KeptReject[]>
  /** The records as JSON, by fingerprint. */
  rejectedRecords(fingerprints: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Of these keys, those whose row knows more than who saw the record at the given time. */
  writtenSince(stream: Stream, seen: ReadonlyMap<string, Instant>): Promise<ReadonlySet<string>>
}
