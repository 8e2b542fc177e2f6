import type { Ownership } from './owner.ts'
import type { Salt } from './salt.ts'

/** What a mark is of: a record, or an email address. */
export const EMAIL = 'email'

/** A mark that is not stored yet. */
export interface NewMark {
  /** Salted hash. */
  readonly mark: string
  /** Name of the stream whose record it is, or `email`. */
  readonly of: string
  /** Key of the record. Never stored. */
  readonly key: string
}

/** Ids that were looked up are remembered, so that a page of one customer's orders is hashed once. */
const REMEMBERED = 10_000

/**
 * The persons that this warehouse has forgotten, and their records, as salted hashes: by them a record that arrives again is
 * known, and the list tells nobody who was on it. The destination opens it together with the salt.
 */
export class Forgotten {
  readonly #salt: Salt
  readonly #marks = new Set<string>()
  readonly #known = new Map<string, boolean>()
  #new: NewMark[] = []
  #open = false

  constructor(salt: Salt) {
    this.#salt = salt
  }

  /** Nobody was forgotten: nothing has to be looked up. */
  get isEmpty(): boolean {
    return this.#marks.size === 0
  }

  /** Whether the stored marks were read. */
  get isOpen(): boolean {
    return this.#open
  }

  /** @param marks all that are stored, or more of them. */
  open(marks: Iterable<string>): void {
    this.#open = true
    for (const mark of marks) this.#marks.add(mark)
    this.#known.clear()
  }

  has(of: string, key: string): boolean {
    if (this.isEmpty) return false
    const name = nameOf(of, key)
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const found = this.#marks.has(this.#salt.digest(name))
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    this.#known.set(name, found)
    return found
  }

  /** Marks a record of a person that was forgotten. The next commit stores it. */
  add(of: string, key: string): void {
    if (this.has(of, key)) return
    const made = this.markOf(of, key)
    this.#marks.add(made.mark)
    this.#known.set(nameOf(of, key), true)
    this.#new.push(made)
  }

  markOf(of: string, key: string): NewMark {
    return { mark: this.#salt.digest(nameOf(of, key)), of, key }
  }

  /** Marks that are not stored yet, of records of one stream; null: all. */
  unstored(of: string | null): readonly NewMark[] {
    return of === null ? this.#new : this.#new.filter(mark => mark.of === of)
  }

  stored(marks: readonly NewMark[]): void {
    const done = new Set(marks.map(({ mark }) => mark))
    this.#new = this.#new.filter(({ mark }) => !done.has(mark))
  }
}

/** Two addresses that differ in case or in spaces around them are one. */
const nameOf = (of: string, key: string): string => `${of}:${of === EMAIL ? key.trim().toLowerCase() : key}`

/** How records of a stream are known, and which of them were forgotten. */
export interface Erasure {
  readonly forgotten: Forgotten
  readonly ownership: Ownership
}
