import type { CreateTableBuilder, Expression, Kysely } from 'kysely'
import type { Block } from '../../common/cells.ts'
import type { RunId } from '../../common/model.ts'
import type { ColumnKind } from '../../schema/column.ts'
import type { Table, TableColumn } from '../../schema/table.ts'
import type { KeyRange } from './key-ranges.ts'
import type { SystemTables } from './system-tables.ts'

/** One connection inside one transaction. */
export interface Session {
  readonly db: Kysely<SystemTables>
  /**
   * Adds rows to a table of this schema, or to a temporary one, by the database's fastest way in.
   * @param columns one for each cell of a row, in order.
   */
  append(into: Into, columns: readonly TableColumn[], blocks: Iterable<Block>): Promise<void>
  /** An empty temporary table that does not outlive the transaction, nor grow from one to the next. */
  createTempTable(table: string, columns: readonly TableColumn[]): Promise<void>
  /**
   * Does `work` so that rows are found by their keys. A planner that knows nothing of a temporary table would read whole
   * tables instead, which takes the longer the larger they grow.
   */
  withIndexScans<T>(work: () => Promise<T>): Promise<T>
  /** Which of the columns may hold a key of the ranges: false is certain, and true is said where to know takes long. */
  mayContainKeys(columns: readonly KeyColumn[], ranges: readonly KeyRange[]): Promise<readonly boolean[]>
}

/** A column that holds keys. */
export interface KeyColumn {
  /** With its schema. */
  readonly table: string
  readonly column: string
}

export interface Into {
  /** Null: a temporary table of this connection. */
  readonly schema: string | null
  readonly table: string
}

/**
 * All that differs between the databases, as operations rather than as flags to branch on. Whatever a driver throws
 * comes out as a `DestinationError` where it is known, and as it was where it is not.
 */
export interface Engine extends AsyncDisposable {
  /** Keeps every other run out until this one ends. @throws {DestinationError} `held`, naming the holder. */
  acquireLock(run: RunId): Promise<void>
  /** All that `work` did, or nothing. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** The type in DDL. */
  columnType(kind: ColumnKind): Expression<unknown>
  /** The same type, as `information_schema.columns` shows it. */
  shownAs(kind: ColumnKind): string
  /** The key of a new table, where an index on it is worth its cost. */
  constrain<T extends string>(create: CreateTableBuilder<T>, table: Table): CreateTableBuilder<T>
  /** Whether this user may create and write here. Writes nothing. @throws {DestinationError} `denied` */
  checkAccess(): Promise<void>
  /** Puts what was committed in its final place, at the end of a run. */
  finalize(): Promise<void>
}
