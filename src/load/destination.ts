import type { Presence, RecordedGap } from '../common/absence.ts'
import type {
  Checkpoint,
  Committed,
  LastRun,
  RowBatch,
  RunId,
  RunReport,
  SchemaChange,
  Standing,
} from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { StreamTables, Table } from '../schema/table.ts'
import type { Extras } from './extras.ts'
import type { Rejects } from './rejection.ts'

/** Where rows go. Every database keeps the same promises. */
export interface Destination extends AsyncDisposable, Extras, Rejects {
  /** Makes the destination this run's alone. @throws {DestinationError} `held`, naming the holder. */
  hold(run: RunId): Promise<void>
  /** The DDL that `prepare` would run. Writes nothing. */
  plan(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** Creates what is missing, drops nothing. @throws {DestinationError} `incompatible`, with the DDL for a person. */
  prepare(tables: readonly Table[]): Promise<readonly SchemaChange[]>
  /** Reads the salt that values are hashed with, as `prepare` does. Writes nothing. @returns false: there is none yet. */
  unseal(): Promise<boolean>
  checkpoint(stream: string): Promise<Checkpoint>
  /** The counts that the last commit wrote beside its checkpoint. */
  lastCounts(stream: string): Promise<Committed | null>
  /**
   * The only way to write rows: all of `batch`, and `to` in place of `from`, or nothing.
   * @param presence absent: nothing is concluded from it, as in a backfill.
   */
  commit(batch: RowBatch, from: Checkpoint, to: Checkpoint, presence?: Presence): Promise<Committed>
  /** Of the rows with these keys, those that are there. Of a stream with one key column. */
  standing(stream: Stream, keys: readonly string[]): Promise<ReadonlyMap<string, Standing>>
  /** Every gap that was ever found in a stream, oldest first. */
  gaps(stream: string): Promise<readonly RecordedGap[]>
  /** Rows of a stream that are marked as deleted; null: there is no table. */
  deleted(table: Table): Promise<number | null>
  /** Forgets a checkpoint, and what a walk under way has seen; rows stay. */
  reset(stream: string): Promise<void>
  record(report: RunReport): Promise<void>
  /** Rows of each table that exists, deleted ones left out. */
  rows(tables: StreamTables): Promise<ReadonlyMap<string, number>>
  lastRun(stream: string): Promise<LastRun | null>
  /** Whether this user may create and write here. Writes nothing. @throws {DestinationError} `denied` */
  probe(): Promise<void>
  /** The answer to a question in SQL, every value as text. */
  ask(question: string): Promise<readonly Readonly<Record<string, string | null>>[]>
  /** Puts what was committed in its final place, at the end of a run. */
  settle(): Promise<void>
}
