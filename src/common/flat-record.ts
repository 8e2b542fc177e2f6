import type { Entity } from './model.ts'

/** A record that became rows while its page was read: it never was an object. */
export class FlatRecord {
  readonly entity: Entity
  /** Those that its key and its cursor are in, as the record has them. */
  readonly members: Readonly<Record<string, unknown>>
  /** Paths that nothing is declared for and that have a value; null: none. */
  readonly undeclared: ReadonlySet<string> | null

  constructor(entity: Entity, members: Readonly<Record<string, unknown>>, undeclared: ReadonlySet<string> | null) {
    this.entity = entity
    this.members = members
    this.undeclared = undeclared
  }
}
