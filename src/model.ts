import type { Stream } from './declare/stream.ts'
import type { StreamTables, Table } from './declare/table.ts'

/** RFC 3339 in UTC with six fractional digits, so that the order of text is the order of time. */
export type Instant = string & { readonly __instant: true }

/** A ULID: one run of the program. */
export type RunId = string & { readonly __run: true }

/** What a walk asks for. Both bounds are inclusive; null is open. */
export interface Window {
  readonly since: Instant | null
  readonly until: Instant | null
}

/** What the API gave for one request. `last`: nothing follows in this walk. */
export interface Page {
  readonly records: readonly unknown[]
  /** By the API's clock where it gives one. */
  readonly receivedAt: Instant
  readonly last: boolean
}

/** What the requests of one stream cost. Mutable: `extract` counts, the report reads. */
export interface Traffic {
  requests: number
  retries: number
  throttled: number
  waitedMs: number
  /** Parts of the stream that the API refused while it gave the others, as `parameter=value: why`. */
  readonly refused: string[]
}

/** A value in a row: numbers, instants and days as canonical text, so that nothing passes through a float. */
export type Cell = string | boolean | null
/** In the order of the table's declared columns. */
export type Row = readonly Cell[]

/** A record that could not be loaded, as it was received. */
export interface Reject {
  readonly key: string | null
  readonly path: string
  readonly reason: string
  readonly record: string
}

/** One record, flattened: its row and the rows it owns. They move together or not at all. */
export interface Entity {
  readonly key: string
  readonly cursor: Instant | null
  readonly hash: string
  readonly row: Row
  readonly extra: string | null
  readonly owned: Readonly<Record<string, readonly Row[]>>
}

export interface RowBatch {
  readonly stream: Stream
  /** By key; of two versions of one record the newer, of two equals the later. */
  readonly entities: ReadonlyMap<string, Entity>
  readonly rejects: readonly Reject[]
  readonly lowest: Instant | null
  readonly highest: Instant | null
  /** No record's cursor lies before that of the record read before it. */
  readonly inOrder: boolean
  /** Records read; `entities`, `rejects` and `repeated` add up to it. */
  readonly read: number
  /** Records that another of this batch, with the same key, took the place of. */
  readonly repeated: number
  /** Records in which each undeclared path had a value. */
  readonly undeclared: ReadonlyMap<string, number>
  /** Texts from which a NUL or half of a surrogate pair was taken out: no database stores them. */
  readonly cleaned: number
  readonly receivedAt: Instant
  readonly last: boolean
}

/** How far a stream is. Stored beside the rows and replaced in the same transaction. */
export interface Checkpoint {
  readonly stream: string
  /** Compare-and-set: a commit names the version it starts from. 0: never written. */
  readonly version: number
  /** Every record changed at or before this is in the tables. */
  readonly watermark: Instant | null
  /** Fingerprint of the tables that the rows were written to. */
  readonly shape: string | null
  /** The run that wrote it: how a run knows its own commit after a lost connection. */
  readonly writer: RunId | null
}

/** What became of the records of one commit. */
export interface Counts {
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly deleted: number
  readonly rejected: number
}

/** A stretch of time that the source no longer serves and that no run has read. */
export interface Gap {
  readonly from: Instant
  readonly to: Instant
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

export interface Destination extends AsyncDisposable {
  /** Makes the destination this run's alone. @throws {DestinationError} `held`, naming the holder. */
  hold(run: RunId): Promise<void>
  /** The DDL that `prepare` would run. Writes nothing. */
  plan(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** Creates what is missing, drops nothing. @throws {DestinationError} `incompatible`, with the DDL for a person. */
  prepare(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  checkpoint(stream: string): Promise<Checkpoint>
  /** The counts that the last commit wrote beside its checkpoint. */
  lastCounts(stream: string): Promise<Counts | null>
  /** The only way to write rows: all of `batch`, and `to` in place of `from`, or nothing. */
  commit(batch: RowBatch, from: Checkpoint, to: Checkpoint): Promise<Counts>
  /** Forgets a checkpoint; rows stay. */
  reset(stream: string): Promise<void>
  record(report: RunReport): Promise<void>
  /** Rows of each table that exists, deleted ones left out. */
  rows(tables: StreamTables): Promise<ReadonlyMap<string, number>>
  lastRun(stream: string): Promise<RunReport | null>
  /** Whether this user may create and write here. Writes nothing. @throws {DestinationError} `denied` */
  probe(): Promise<void>
  /** The answer to a question in SQL, every value as text. */
  ask(question: string): Promise<readonly Readonly<Record<string, string | null>>[]>
  /** Puts what was committed in its final place, at the end of a run. */
  settle(): Promise<void>
}
