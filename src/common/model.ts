import type { Reject } from '../load/rejection.ts'
import type { Stream } from '../schema/stream.ts'
import type { Gap, Withheld } from './absence.ts'
import type { Instant } from './instant.ts'

export type { KeptReject, Reject } from '../load/rejection.ts'
export type { Gap } from './absence.ts'
export type { Instant } from './instant.ts'

/** A ULID: one run of the program. */
export type RunId = string & { readonly __run: true }

/** What a walk asks for. Both bounds are inclusive; null is open. */
export interface Window {
  readonly since: Instant | null
  readonly until: Instant | null
}

/** A part of a walk that is read on its own. Its bounds are inclusive; null is open. */
export interface Range extends Window {
  readonly id: number
}

/** A range, and how far it came. */
export interface Segment extends Range {
  /** Every record of the range changed before this is in the tables. Null: none yet, or order did not hold. */
  readonly at: Instant | null
  /** The newest record read: what follows must not be older. */
  readonly highest: Instant | null
  /** Where `extract` goes on after the last committed page. Only `extract` can read it. */
  readonly resume: string | null
  readonly ordered: boolean
  readonly done: boolean
}

/** A walk under way. It survives the run, so that the next one goes on from it. */
export interface Walk {
  readonly window: Window
  /** Just before the API's clock when the walk began. */
  readonly ceiling: Instant
  /** By time; together they cover the window. */
  readonly segments: readonly Segment[]
  /** From its first page on, what it saw was noted down. A walk begun by an older version did not. */
  readonly noted?: true
}

/** What the API gave for one request. */
export interface Page {
  readonly records: readonly unknown[]
  /** By the API's clock where it gives one. */
  readonly receivedAt: Instant
  /** Of the range that was read. */
  readonly range: number
  /** Every range that was not read to its end when this page came, this one included. Together they miss nothing. */
  readonly ranges: readonly Range[]
  /** Where to go on after this page; null: only from the beginning of the range. */
  readonly resume: string | null
  /** Nothing follows in this range. */
  readonly last: boolean
  /** The range was begun again, further back than it had come. */
  readonly restarted: boolean
  /** The value of a parameter, or the parent, whose list ended with this page. */
  readonly ended?: string
}

/**
 * Reads the body of an answer: its list has a `FlatRecord` for each record that is rows already, and an object for each of
 * the others. Null: it is to be parsed as a whole, which also says what is wrong with it.
 */
export type ReadBody = (body: Buffer) => Promise<Record<string, unknown> | null>

/** What one page says about the progress of its range. */
export interface PageRead extends Pick<Page, 'range' | 'ranges' | 'resume' | 'last' | 'restarted' | 'ended'> {
  readonly lowest: Instant | null
  readonly highest: Instant | null
  /** No record's cursor lies before that of the record read before it. */
  readonly inOrder: boolean
}

/** What the requests of one stream cost. Mutable: `extract` counts, the report reads. */
export interface Traffic {
  requests: number
  retries: number
  throttled: number
  waitedMs: number
  /** What a complete stream has to say all the same. */
  readonly remarks: Problem[]
}

/** A value as canonical text, so that nothing passes through a float. */
export type Cell = string | boolean | null

/**
 * One record, flattened: its row and the rows it owns. They move together or not at all.
 *
 * The rows are cells (see `cells.ts`) in `bytes` from `start` to `end`. First, each as 32 bits, where its lists and after
 * them `_extra` begin, counted from `start`; the cells of its own row; for each list the number of its rows, and for
 * each row its length and its cells; last `_extra`, as a cell.
 */
export interface Entity {
  readonly key: string
  readonly cursor: Instant | null
  /** Fingerprint of its bytes. */
  readonly hash: bigint
  bytes: Buffer
  readonly start: number
  readonly end: number
}

export interface RowBatch {
  readonly stream: Stream
  /** Where the records come from; absent: from the API. */
  readonly source?: 'export'
  /** By key; of two versions of one record the newer, of two equals the later. */
  readonly entities: ReadonlyMap<string, Entity>
  readonly rejects: readonly Reject[]
  /** One for each page, in the order of reading. */
  readonly reads: readonly PageRead[]
  /** Records read; `entities`, `rejects` and `repeated` add up to it. */
  readonly read: number
  /** Records that another of this batch, with the same key, took the place of. */
  readonly repeated: number
  /** Records in which each undeclared path had a value. */
  readonly undeclared: ReadonlyMap<string, number>
  /** Records in which the value of each declared path did not fit: its column is null, and the value is in `_extra`. */
  readonly mismatched: ReadonlyMap<string, number>
  /** Texts from which a NUL or half of a surrogate pair was taken out: no database stores them. */
  readonly cleaned: number
  readonly receivedAt: Instant
  /** Fingerprints of the kept rejects that these records are: the commit takes them away. */
  readonly replayed?: readonly string[]
}

/** How far a stream is. Stored beside the rows and replaced in the same transaction. */
export interface Checkpoint {
  readonly stream: string
  /** Compare-and-set: a commit names the version it starts from. 0: never written. */
  readonly version: number
  /** Every record changed at or before this is in the tables. */
  readonly watermark: Instant | null
  /** A walk that has begun and not ended. */
  readonly walk: Walk | null
  /** Fingerprint of the tables that the rows were written to. */
  readonly shape: string | null
  /** The run that wrote it: how a run knows its own commit after a lost connection. */
  readonly writer: RunId | null
  /** When the last whole sweep began; null: none yet, or the stream has none. */
  readonly swept: Instant | null
}

/** What became of the records of one commit. */
export interface Counts {
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly deleted: number
  readonly rejected: number
}

/** What one commit comes to. */
export interface Committed extends Counts {
  readonly withheld?: Withheld
}

/** What is known of a row that is there, without reading it. */
export interface Standing {
  /** `export` where it was imported; null where the API gave it. */
  readonly source: string | null
  readonly deleted: boolean
  readonly hash: string
  readonly cursor: Instant | null
}

export type Outcome = 'complete' | 'failed' | 'skipped' | 'interrupted'

/** What went wrong, and what to do about it. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly next: string
}

export interface StreamReport extends Counts {
  readonly stream: string
  readonly outcome: Outcome
  readonly requests: number
  readonly records: number
  /** Where the walk began; null: at the beginning. */
  readonly from: Instant | null
  readonly complete_to: Instant | null
  /** In how many records each undeclared path had a value. */
  readonly undeclared: Readonly<Record<string, number>>
  /** In how many records the value of each declared path did not fit its column and was kept in `_extra`. */
  readonly mismatched: Readonly<Record<string, number>>
  /** Texts from which a character that no database stores was taken out. */
  readonly cleaned: number
  readonly gaps: readonly Gap[]
  readonly seconds: number
  readonly problem: Problem | null
}

/** What a run did: printed by `sync --json`, kept in `_sync_runs` and in `state/runs/`. */
export interface RunReport {
  readonly run: RunId
  readonly started_at: Instant
  readonly finished_at: Instant
  readonly outcome: Outcome
  readonly requests: number
  readonly retries: number
  readonly throttled: number
  readonly waited_ms: number
  readonly streams: readonly StreamReport[]
  /** Why nothing could run, or what stopped the run as a whole. */
  readonly problem: Problem | null
}

/** One statement of DDL that `prepare` ran, or would run. */
export interface SchemaChange {
  readonly table: string
  readonly sql: string
}

/** What the last run did with one stream. */
export interface LastRun extends StreamReport {
  readonly run: RunId
  readonly finished_at: Instant
}
