import type {
  Checkpoint,
  ExistingRow,
  Instant,
  MissingRows,
  RecordedGap,
  RunId,
  SchemaChange,
} from '../common/model.ts'
import type { LastRun, RecordedRun } from '../common/run-report.ts'
import type { Stream } from '../schema/stream.ts'
import type { StreamTables, Table } from '../schema/table.ts'

/** What the warehouse says of a stream. */
export interface StreamStatus {
  /** As `Inspection.watermark` returns it. */
  readonly watermark: Instant | null
  /** As `Inspection.completeFrom` returns it. */
  readonly completeFrom: Instant | null
  /** Null: there is none, or its scan cannot be read, which the next run tells. */
  readonly checkpoint: Checkpoint | null
  /** Rows of the stream's own table that are not marked as deleted; null: the table does not exist. */
  readonly rows: number | null
  /** Rows of it that are; null: the table does not exist. */
  readonly deleted: number | null
  /** The tables that have fewer rows than the commits left in them. */
  readonly missing: readonly MissingRows[]
  /** What the last run did with the stream; null: no run was recorded. */
  readonly lastRun: LastRun | null
  /**
   * The newest comparison of all its records, and whether source and tables agreed after its repair, if there was one; null:
   * there was no comparison.
   */
  readonly reconciled: { readonly at: Instant; readonly agreed: boolean } | null
  /** Every gap that was ever found, oldest first. */
  readonly gaps: readonly RecordedGap[]
  /** Null: no row was imported. */
  readonly imported: ImportedRange | null
}

/** Rows that were imported from an export, and not given by the API since. */
export interface ImportedRange {
  readonly rows: number
  /** The oldest and the newest of them, by the column of the retention; null: no row has it. */
  readonly oldest: Instant | null
  readonly newest: Instant | null
}

/** Answers questions about the warehouse. Nothing here writes; tables may be missing. */
export interface Inspection {
  /**
   * Tries, within seconds, what a run over these tables needs, and leaves nothing behind.
   * @returns what the user should know though it works, a sentence each.
   * @throws {DestinationError} that names what is missing and what grants it.
   */
  checkAccess(tables: readonly Table[]): Promise<readonly string[]>
  /** The DDL that `prepare` would run, the columns to be converted, and the indexes that are missing. @throws {DestinationError} as `prepare`. */
  plan(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** Opens the salt, as `prepare` does. @returns false: there is none yet. @throws {DestinationError} `unreadable` */
  loadSalt(): Promise<boolean>
  /** Number of rows by table, for tables that exist; of the stream's own table without rows marked as deleted. */
  rows(tables: StreamTables): Promise<ReadonlyMap<string, number>>
  /**
   * Up to when the stream is complete, also where the scan in its checkpoint cannot be read; null: it never was.
   * @throws {DestinationError} `unreadable`
   */
  watermark(stream: string): Promise<Instant | null>
  /**
   * From when on the stream is complete, as `common/complete-from.ts` defines it; null: not known.
   * @throws {DestinationError} `unreadable`
   */
  completeFrom(stream: string): Promise<Instant | null>
  /**
   * What `status` shows of these streams, by stream. However many there are, it takes a dozen statements: with a database
   * that is far away each of them takes as long as the way there and back.
   * @throws {DestinationError} `unreadable`; `locked` if somebody keeps a table from being read for more than seconds.
   */
  streamStatuses(streams: readonly Stream[]): Promise<ReadonlyMap<string, StreamStatus>>
  /** The newest runs, the newest first. @param most runs returned. @throws {DestinationError} `unreadable` */
  runs(most: number): Promise<readonly RecordedRun[]>
  /** The run that has the right to write at this moment; null: there is none, or the database does not say. */
  writer(): Promise<RunId | null>
  /**
   * Of the rows with these keys, those that exist, by key. For streams with one key column.
   * @throws {DestinationError} `unreadable`
   */
  existingRows(stream: Stream, keys: readonly string[]): Promise<ReadonlyMap<string, ExistingRow>>
  /** Runs a query. @param question one statement of SQL. @returns rows, every value as text. */
  query(question: string): Promise<readonly Readonly<Record<string, string | null>>[]>
}

/** What the values of a column of an answer are. `text`: anything else, times and JSON too. */
export type AnswerKind = 'integer' | 'decimal' | 'float' | 'boolean' | 'text'

/** What a query found. */
export interface Answer {
  /** Two of them may have the same name. */
  readonly columns: readonly { readonly name: string; readonly kind: AnswerKind }[]
  /** Each value as the database writes it, a number with all its digits; a boolean as `true` or `false`. */
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Answers queries of users. Nothing is changed, in the database or beside it. */
export interface Queries {
  /**
   * Runs one statement that reads. A name without a schema is looked for among the views, then among the tables. Times are
   * shown in UTC. The answer is held in memory.
   * @param signal aborted: the database stops.
   * @throws {QueryError} with the message of the database; also for a statement that would write.
   * @throws {DestinationError} `file_missing`: there is no warehouse yet.
   */
  answer(question: string, signal: AbortSignal): Promise<Answer>
  /**
   * Tables and views that this user may read, with what each is; with a name, the columns of the relations of that name.
   * @throws {QueryError} nothing has that name.
   */
  list(relation: string | null): Promise<Answer>
}
