import type { Instant, Reject, RunId } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/** Records of persons by stream, and their email addresses in lower case. */
export interface Persons {
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>
  readonly emails: ReadonlySet<string>
}

/** Rows of a table that have something personal. */
export interface TableRows {
  readonly table: string
  readonly rows: number
}

/** By what a person is looked for. */
export interface PersonStart {
  /** Ids of customers. */
  readonly customers: readonly string[]
  /** Addresses of records that name no customer, in lower case. */
  readonly emails: readonly string[]
}

/** A person in the tables. */
export interface FoundPerson extends Persons {
  /** Texts that are personal, as they stand in the rows. */
  readonly texts: ReadonlySet<string>
  /** The tables of streams of which the person has records. */
  readonly tables: readonly string[]
  /** What is to be erased. */
  readonly rows: readonly TableRows[]
}

/** A reject, and what may be kept of it. */
export interface ErasedReject {
  readonly fingerprint: string
  readonly stream: string
  readonly reject: Pick<Reject, 'key' | 'path' | 'reason' | 'record'>
}

export interface PersonErasure {
  readonly person: FoundPerson
  readonly rejects: readonly ErasedReject[]
  /** Removes the texts of the person from a report in JSON. */
  readonly erase: (report: string) => string
  readonly run: RunId
  readonly at: Instant
}

/** Erases persons, and keeps marks by which what arrives of them again is known (`schema/forgotten.ts`). */
export interface Forgetting {
  /** Those of the streams that have a table. */
  existingStreams(streams: readonly Stream[]): Promise<readonly Stream[]>
  /** The ids of the customers with an email address, sorted, also of those that only other records name. */
  customersWith(email: string): Promise<readonly string[]>
  /** Everything that belongs to the person. Writes nothing. */
  findPerson(start: PersonStart): Promise<FoundPerson>
  /** How many stored reports have texts of the person. */
  personReports(erase: (report: string) => string): Promise<{ readonly runs: number; readonly streams: number }>
  /**
   * Erases what is personal in the rows, rejects and reports, and stores the marks, in one transaction. Called after
   * `prepare`, under the lock. @returns how many rows of each table had something.
   */
  erasePerson(erasure: PersonErasure): Promise<readonly TableRows[]>
  /** Tables in which the bytes of persons who were erased may still be: they wait for `rewrite`. */
  toRewrite(): Promise<readonly string[]>
  /**
   * Writes the tables anew, so that no byte of rows that were there before is left in the database's own files.
   * @returns what could not be rewritten, a sentence each.
   * @throws {DestinationError} `locked`, `full`
   */
  rewrite(tables: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  /** Nothing waits for `rewrite` any more. */
  rewritten(): Promise<void>
}
