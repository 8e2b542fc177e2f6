import type { Instant } from './instant.ts'
import type { Entity } from './model.ts'

/** A record that became rows while its page was read: it never was an object. */
export class FlatRecord implements Entity {
  readonly key: string
  readonly cursor: Instant | null
  readonly hash: bigint
  bytes: Buffer
  readonly start: number
  readonly end: number
  /** Those that its key and its cursor are in, as the record has them. */
  readonly members: Readonly<Record<string, unknown>>
  /** Paths that nothing is declared for and that have a value. */
  readonly undeclared: ReadonlySet<string> | null

  constructor(
    { key, cursor, hash, bytes, start, end }: Entity,
    members: Readonly<Record<string, unknown>>,
    undeclared: ReadonlySet<string> | null,
  ) {
    this.key = key
    this.cursor = cursor
    this.hash = hash
    this.bytes = bytes
    this.start = start
    this.end = end
    this.members = members
    this.undeclared = undeclared
  }
}
