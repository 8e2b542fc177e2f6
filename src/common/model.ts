import type { Stream } from '../schema/stream.ts'
import type { Instant } from './instant.ts'

export type { Instant } from './instant.ts'

/** A ULID: one run of the program. */
export type RunId = string & { readonly __run: true }

/** What a scan asks for. Both bounds are inclusive; null is open. */
export interface Window {
  readonly since: Instant | null
  readonly until: Instant | null
}

/** A part of a scan that is read on its own. Its bounds are inclusive; null is open. */
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

/** A scan under way. It survives the run, so that the next one goes on from it. */
export interface Scan {
  readonly window: Window
  /** Just before the API's clock when the scan began. */
  readonly upperBound: Instant
  /** By time; together they cover the window. */
  readonly segments: readonly Segment[]
  /** From its first page on, what it saw was keysRecorded down. A scan begun by an older version did not. */
  readonly keysRecorded?: true
}

/** Where a page lies in its scan: what the checkpoint has to know of it. */
export interface PagePosition {
  /** Id of the range that was read. */
  readonly range: number
  /** Every range that was not read to its end when this page came, this one included. Together they cover the rest. */
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

/** What the API gave for one request. */
export interface Page extends PagePosition {
  readonly decoded: DecodedPage
  /** By the API's clock where it gives one. */
  readonly receivedAt: Instant
}

/** What one page says about the progress of its range. */
export interface PageRead extends PagePosition {
  readonly lowest: Instant | null
  readonly highest: Instant | null
  /** No record's cursor lies before that of the record read before it. */
  readonly inOrder: boolean
}

/** Counted while records are decoded. */
export interface DecodeStats {
  /** Texts from which a NUL or half of a surrogate pair was taken out: no database stores them. */
  cleaned: number
  /** Records in which each undeclared path had a value. */
  readonly unknownFields: Map<string, number>
  /** Records in which the value of each declared path did not fit: its column is null, and the value is in `_extra`. */
  readonly mismatched: Map<string, number>
}

/** All that `extract` knows of records. */
export interface DecodedPage {
  readonly records: readonly FlatRecord[]
  readonly rejects: readonly Reject[]
  /** One for each record, rejected ones included, in their order: the key in the API's own text; empty where there is none. */
  readonly keys: readonly string[]
  /** One for each of `keys`: when the record last changed, where it says so in a form that can be read. */
  readonly cursors: readonly (Instant | null)[]
  /** Every cursor says how far it is from UTC. */
  readonly zoned: boolean
  /** The pointer to the next page, as the body has it. */
  readonly next: unknown
  readonly stats: Readonly<DecodeStats>
  /** Size of its rows. */
  readonly bytes: number
  /** Decodes the same body for a stream that has other columns by now; null: the stream cannot get any. */
  readonly again: ((stream: Stream) => Promise<DecodedPage>) | null
}

/** The record whose list a page is part of: it is not named in the body. */
export interface Owner {
  readonly id: string
  /** Place in the list of the page's first record, from 0. */
  readonly position: number
}

/**
 * The one way from a body to records. Made by `transform`, given to `extract` by the pipeline.
 * @throws {SourceError} `truncated` or `unavailable` for a body that is to be asked for again.
 * @throws {ContractError} `stream_contract` for a body that is no page of the stream.
 */
export type PageDecoder = (body: Buffer, owner?: Owner) => Promise<DecodedPage>

/** What the requests of one stream cost. Mutable: `extract` counts, the report reads. */
export interface RequestStats {
  requests: number
  retries: number
  throttled: number
  waitedMs: number
  /** What a complete stream has to say all the same. */
  readonly warnings: Problem[]
}

/** A value as canonical text, so that nothing passes through a float. */
export type Value = string | boolean | null

/** One record, flattened: its row and the rows of its lists, as `record-bytes.ts` lays them out. They move together or not at all. */
export interface FlatRecord {
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
  readonly records: ReadonlyMap<string, FlatRecord>
  readonly rejects: readonly Reject[]
  /** One for each page, in the order of reading. */
  readonly reads: readonly PageRead[]
  /** Records read; `records`, `rejects` and `repeated` add up to it. */
  readonly read: number
  /** Records that another of this batch, with the same key, took the place of. */
  readonly repeated: number
  readonly stats: Readonly<DecodeStats>
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
  /** A scan that has begun and not ended. */
  readonly scan: Scan | null
  /** Fingerprint of the tables that the rows were written to. */
  readonly schemaHash: string | null
  /** The run that wrote it: how a run knows its own commit after a lost connection. */
  readonly writer: RunId | null
  /** When the last whole sweep began; null: none yet, or the stream has none. */
  readonly lastSnapshotAt: Instant | null
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
  readonly deletionSkipped?: DeletionSkipped
}

/** What is known of a row that is there, without reading it. */
export interface ExistingRow {
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
  /** Where the scan began; null: at the beginning. */
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

/** What a commit records, and what it concludes, about which records still exist at the source. */
export interface DeletionEvidence {
  /** The scan or list snapshot that saw them, by the instant just before it began; null: the keys are not recorded. */
  readonly scan: Instant | null
  /** A list snapshot begins with it: what an interrupted one has recorded is of no use. */
  readonly first: boolean
  /** Keys of the records seen, rejected ones included. */
  readonly keys: readonly string[]
  /** A record came whose key cannot be told: whatever is absent may be it. */
  readonly unknown: boolean
  /** Values of a parameter, or parents, whose lists were read to their end. */
  readonly parts: readonly string[]
  /** The scan or list snapshot that has ended with this commit: a row from before it that it did not see is deleted. */
  readonly ended: Instant | null
  /** Rows that events reported as deleted may be marked. */
  readonly last: boolean
  /** To be kept for ever, beside the rows. */
  readonly gap: Gap | null
}

/** Why rows that were not seen are not marked. */
export interface DeletionSkipped {
  readonly why: 'unknown_key' | 'few_seen' | 'maybe_forgotten'
  readonly rows: number
}

/** A row that has something in `_extra`. */
export interface ExtraRow {
  /** Parts of its key, as text. */
  readonly key: readonly string[]
  readonly hash: string
  /** JSON. */
  readonly extra: string
}

/** Cells by column, each as `cells.ts` has them. */
export type CellsByColumn = ReadonlyMap<string, Buffer>

/** What a row takes out of its `_extra`. */
export interface BackfilledRow {
  readonly row: ExtraRow
  readonly cells: CellsByColumn
  /** By list, by position in it. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<number, CellsByColumn>>
  /** What remains, as JSON. */
  readonly extra: string | null
}
