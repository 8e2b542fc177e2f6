import type { Stream } from '../schema/stream.ts'
import type { Problem } from './errors.ts'
import type { Instant } from './instant.ts'

export type { Instant } from './instant.ts'

/** A ULID that identifies one run of the program. */
export type RunId = string & { readonly __run: true }

/** The time range that a scan reads. Both bounds are inclusive; null: open. */
export interface Window {
  readonly since: Instant | null
  readonly until: Instant | null
}

/** A part of a window that is read on its own. */
export interface Range extends Window {
  readonly id: number
}

/** A range, and what has been read of it. Stored as JSON beside the checkpoint. */
export interface Segment extends Range {
  /** Every record of the range that changed before this is in the tables. Null: none yet, or the API did not keep the order. */
  readonly at: Instant | null
  /** The cursor of the newest record read. In order, no later record is older. */
  readonly highest: Instant | null
  /** Where to continue after the last committed page; null: at the start of the range. Only `extract` interprets it. */
  readonly resume: string | null
  readonly ordered: boolean
  readonly done: boolean
}

/** A scan that has not ended. It is stored, so that the next run resumes it. */
export interface Scan {
  readonly window: Window
  /** Just before the API's clock when the scan began. */
  readonly upperBound: Instant
  /** In the order of time. Together they cover the window. */
  readonly segments: readonly Segment[]
  /** The keys of all records that the scan has seen were recorded. Absent in a scan that an older version started. */
  readonly keysRecorded?: true
}

/** Where a page lies in its scan. */
export interface PagePosition {
  /** Id of the range that the page is of. */
  readonly range: number
  /** All ranges that were unfinished when the page arrived, its own included. Together they cover the rest of the window. */
  readonly ranges: readonly Range[]
  /** Where to continue after this page; null: only from the start of the range. */
  readonly resume: string | null
  /** It is the last page of its range. */
  readonly last: boolean
  /** The range was restarted before this page, at a point before what had been read. */
  readonly restarted: boolean
  /** The parameter value or the parent record whose list ended with this page. */
  readonly ended?: string
}

/** The answer to one request. */
export interface Page extends PagePosition {
  readonly decoded: DecodedPage
  /** By the API's clock, or by ours until the API has sent its own. */
  readonly receivedAt: Instant
}

/** How a page moves its range forward, by the cursors of its loaded records. */
export interface PageRead extends PagePosition {
  readonly lowest: Instant | null
  readonly highest: Instant | null
  /** The cursors never decrease. */
  readonly inOrder: boolean
  /** A record has no cursor. It counts as the start of the scan, so the page does not move its range forward. */
  readonly undated?: true
}

/** Counted while records are decoded. */
export interface DecodeStats {
  /** Texts from which a NUL or half of a surrogate pair was removed: no database stores them. */
  cleaned: number
  /** For each path that is not declared, the number of records that had a value there. */
  readonly unknownFields: Map<string, number>
  /** For each declared path, the number of records whose value did not fit: the column is null, the value is in `_extra`. */
  readonly mismatched: Map<string, number>
}

/** A page whose records are rows. `extract` uses its keys, cursors and pointer, and passes the rest on. */
export interface DecodedPage {
  readonly records: readonly FlatRecord[]
  readonly rejects: readonly Reject[]
  /** The key of each record in the API's own text, rejected records included; empty: the record has none. */
  readonly keys: readonly string[]
  /** The cursor of each record, in the order of `keys`; null: it has none, or one that cannot be read. */
  readonly cursors: readonly (Instant | null)[]
  /** Every cursor was sent with an offset from UTC. */
  readonly zoned: boolean
  /** The pointer to the next page, as it stands in the body; undefined: the body has no member for it. */
  readonly next: unknown
  readonly stats: Readonly<DecodeStats>
  /** Size of the rows. */
  readonly bytes: number
  /** Decodes the same body for other columns of the stream; null: the stream cannot get columns during a scan. */
  readonly decodeAgain: ((stream: Stream) => Promise<DecodedPage>) | null
}

/** The parent record whose list a page is part of. The body does not name it. */
export interface Owner {
  readonly id: string
  /** Position in that list of the first record of the page, from 0. */
  readonly position: number
}

/**
 * The only way from a body to records. `transform` makes it and the pipeline hands it to `extract`.
 * @throws {SourceError} `truncated` or `unavailable`: the page has to be requested again.
 * @throws {ContractError} `stream_contract`: the body is not a page of the stream.
 */
export type PageDecoder = (body: Buffer, owner?: Owner) => Promise<DecodedPage>

/** The requests of one stream. Mutable: `extract` counts, the report reads. */
export interface RequestStats {
  requests: number
  retries: number
  throttled: number
  waitedMs: number
  /** Records that came once more, because a page was requested again or two segments or pages share them. */
  readAgain: number
  /** Problems that did not keep the stream from being read. */
  readonly warnings: Problem[]
}

/** A value as canonical text. Numbers are text so that none passes through a float. */
export type Value = string | boolean | null

/** One record as bytes: its row and the rows of its lists, in the layout of `record-bytes.ts`. */
export interface FlatRecord {
  readonly key: string
  readonly cursor: Instant | null
  /** Fingerprint of the bytes. An equal hash means an unchanged record. */
  readonly hash: bigint
  /** Shared by all records of a page. Assigned once the page is complete. */
  bytes: Buffer
  readonly start: number
  readonly end: number
}

/** The records of one commit. */
export interface RowBatch {
  readonly stream: Stream
  /** Where the records come from. Absent: the API. */
  readonly source?: 'export'
  /** By key. Of several versions of a record, the newest by cursor, and among equal ones the last read. */
  readonly records: ReadonlyMap<string, FlatRecord>
  readonly rejects: readonly Reject[]
  /** One for each page, in the order in which they were read. */
  readonly reads: readonly PageRead[]
  /** Records read; `records`, `rejects` and `repeated` add up to it. */
  readonly read: number
  /** Records that were replaced by another record of the batch with the same key. */
  readonly repeated: number
  readonly stats: Readonly<DecodeStats>
  readonly receivedAt: Instant
  /** Fingerprints of the rejects that these records were. The commit deletes the rejects. */
  readonly replayed?: readonly string[]
}

/** How far a stream has been read. Stored beside the rows and replaced in the same transaction. */
export interface Checkpoint {
  readonly stream: string
  /** A commit names the version that it replaces, and fails if another run has replaced it. 0: never written. */
  readonly version: number
  /** Every record changed at or before this is in the tables. */
  readonly watermark: Instant | null
  /** The scan that has not ended; null: none. */
  readonly scan: Scan | null
  /** Hash of the tables that the rows were written to. */
  readonly schemaHash: string | null
  /** The run that wrote it. After a lost connection a run recognises its own commit by it. */
  readonly writer: RunId | null
  /** When the last complete list snapshot started; null: none yet, or the stream has none. */
  readonly lastSnapshotAt: Instant | null
  /**
   * From when on the stream is complete, as `complete-from.ts` defines it. Null: not known, because no scan of the stream
   * has ended yet.
   */
  readonly completeFrom: Instant | null
  /** The last scan saw too few of the rows that stand, so what it read may not be the whole list. Absent: it is believed. */
  readonly isSuspect?: true
  /** What somebody dropped of the stream's tables since the last commit. Absent: nothing. The next commit forgets it. */
  readonly lost?: LostRows
}

/** Tables or columns that somebody dropped and `prepare` has made again, empty: the stream is read from its start. */
export interface LostRows {
  readonly tables: readonly string[]
  /** As `table.column`. */
  readonly columns: readonly string[]
  /** When the first run read the stream; null: not known. */
  readonly since: Instant | null
}

/** A table that has fewer rows than the commits of a stream have left in it. */
export interface MissingRows {
  readonly table: string
  readonly expected: number
  readonly found: number
}

/** How many records one commit added, changed, and so on. */
export interface Counts {
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  /** Not loaded, because the stored row has a later cursor. */
  readonly older: number
  readonly deleted: number
  readonly rejected: number
}

/** The result of one commit. */
export interface Committed extends Counts {
  readonly deletionSkipped?: DeletionSkipped
}

/** What the merge compares of a row that exists. */
export interface ExistingRow {
  /** `export`: imported. Null: from the API. */
  readonly source: string | null
  readonly deleted: boolean
  readonly hash: string
  readonly cursor: Instant | null
}

/** Which store a token is of, as far as the API tells. */
export interface StoreIdentity {
  /** Recharge id of the store; null: the token may not read it. */
  readonly id: string | null
  /** Name of the store, else of the owner of the token; null: the API names neither. */
  readonly name: string | null
  /** What `/token_information` says about the owner of the token. */
  readonly client: { readonly name: string | null; readonly email: string | null }
}

/** The store that the rows of a warehouse are of. */
export interface RecordedStore extends StoreIdentity {
  /** Salted hash of the token that last read it. */
  readonly token: string
}

/** The rate of a token, as a run has learnt it. */
export interface LearntRate {
  /** Salted hash of the token. */
  readonly token: string
  /** Requests that drain from the bucket in a second, as far as other users of the token leave them. */
  readonly per_second: number
  readonly at: Instant
}

/** One statement of DDL that `prepare` ran, or would run. */
export interface SchemaChange {
  readonly table: string
  readonly sql: string
}

/** A column of loaded rows whose declaration has changed. */
export interface ColumnMigration {
  /** As `table.column`. */
  readonly column: string
  /** Its type before, as the database shows it. */
  readonly from: string
  /** Its type now; null: it had no value and was dropped. */
  readonly to: string | null
  /** The column that keeps the values, which could not be converted, as `table.column`; null: none. */
  readonly keptIn: string | null
}

/** What was done about columns whose declaration has changed. */
export interface MigratedColumns {
  readonly changed: readonly ColumnMigration[]
  /** Columns that are no longer declared, and that stay because they have values or something uses them. */
  readonly kept: readonly string[]
}

/** A record that could not be loaded, as it was received. */
export interface Reject {
  readonly key: string | null
  readonly path: string
  readonly reason: string
  readonly record: string
  /** When the record last changed; null: it does not say. */
  readonly cursor: Instant | null
}

/** A reject that the destination keeps. */
export interface KeptReject {
  readonly fingerprint: string
  readonly key: string | null
  /** When the source last sent the record in this version. */
  readonly seenAt: Instant
  /** Where the record came from. Null: the API. */
  readonly source: 'export' | null
}

/** A time range that the source no longer serves and that no run has read. */
export interface Gap {
  readonly from: Instant
  readonly to: Instant
}

export interface RecordedGap extends Gap {
  readonly found_at: Instant
  /** The run that found it. */
  readonly run: string
}

/** What a commit records about the keys that a scan or list snapshot has seen, and which deletions it may conclude. */
export interface DeletionEvidence {
  /** The scan or list snapshot that saw the keys, identified by the instant just before it started; null: they are not recorded. */
  readonly scan: Instant | null
  /** First commit of a list snapshot, or of a list that is read from its start again: keys recorded before are dropped. */
  readonly first: boolean
  /** Keys of the records seen, rejected ones included. */
  readonly keys: readonly string[]
  /** The key of a record cannot be read, so any row that seems absent may be that record. */
  readonly unknown: boolean
  /** Parameter values or parent records whose lists were read to the end. */
  readonly parts: readonly string[]
  /** The scan or list snapshot that has ended: rows written before it that it did not see are deleted. Null: none has ended. */
  readonly ended: Instant | null
  /** Last commit of the scan: rows that events reported as deleted may be marked. */
  readonly last: boolean
  /** A gap to record; null: none. */
  readonly gap: Gap | null
}

/** Why rows that were not seen are not marked as deleted. */
export interface DeletionSkipped {
  readonly why: 'unknown_key' | 'few_seen' | 'large_loss' | 'maybe_forgotten' | 'owner_not_listed'
  readonly rows: number
  /** With `large_loss`, where the API serves single records: what to ask it. The keys that the scan saw stay stored. */
  readonly toConfirm?: DeletionsToConfirm
}

/** A large loss that the API can confirm, record by record. */
export interface DeletionsToConfirm {
  /** The scan or list snapshot, as `DeletionEvidence.ended` names it. */
  readonly scan: Instant
  /** Keys of some of the rows that it did not see. */
  readonly absent: readonly string[]
  /** The key of a record that it saw; null: it saw none. */
  readonly seen: string | null
  /** Another scan, half a day earlier or more, saw as few. */
  readonly secondTime: boolean
}

/** A row whose `_extra` is not null. */
export interface ExtraRow {
  /** The parts of its key as text. */
  readonly key: readonly string[]
  readonly hash: string
  /** JSON. */
  readonly extra: string
  /**
   * Of the columns with several names, those that have a value, as `cellName` names them: what `_extra` has under one of
   * their names is a second value.
   */
  readonly filled: ReadonlySet<string>
}

/** Name of a cell of a row, or of a row of one of its lists, for `ExtraRow.filled`. */
export const cellName = (column: string, list = '', position = 0): string => `${list} ${position} ${column}`

/** Cells by column, in the format of `cells.ts`. */
export type CellsByColumn = ReadonlyMap<string, Buffer>

/** A row with the values that move from its `_extra` into columns. */
export interface BackfilledRow {
  readonly row: ExtraRow
  readonly cells: CellsByColumn
  /** By list, and by position in the list. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<number, CellsByColumn>>
  /** Lists that were not declared when the row was loaded, so that their rows are yet to be added. Absent: none. */
  readonly newLists?: ReadonlyMap<string, readonly CellsByColumn[]>
  /** What remains in `_extra`, as JSON; null: nothing. */
  readonly extra: string | null
}
