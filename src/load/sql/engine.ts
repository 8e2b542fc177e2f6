import type { CompiledQuery, CreateTableBuilder, Expression, Kysely, RawBuilder } from 'kysely'
import type { Block } from '../../common/cells.ts'
import type { RunId } from '../../common/model.ts'
import type { ColumnKind } from '../../schema/column.ts'
import type { Table, TableColumn } from '../../schema/table.ts'
import type { Compacted, ReadCopied } from '../destination.ts'
import type { Answer } from '../inspection.ts'
import type { KeyRange } from './key-ranges.ts'
import type { SystemTables } from './system-tables.ts'

/*
 * What a new database must implement. `createWarehouse` makes a whole `Warehouse` out of an `Engine`, so all that the
 * databases share is written once, in this folder. Other places that name a database: `load/open.ts`, where it is
 * registered, `cli/config/`, whose `schema.ts` and `load.ts` read its settings, and what `test/support/destinations.ts` names.
 *
 * The shared code writes the SQL of Postgres: Kysely's Postgres compiler, `update … from`, `delete … using`,
 * `returning`, `distinct on`, lists of `values` as relations, `is distinct from`, comparison of rows as `(a, b) > (c, d)`,
 * `bool_or`, `greatest` that ignores nulls, `chr`, `at time zone`, casts to `text`, `bigint` and `timestamptz`,
 * `comment on table` and `comment on column`, `analyze` if it has indexes, `alter column … type … using`, `~` and
 * `regexp_replace`, arithmetic with intervals, `to_json`, and `information_schema`. Several statements without parameters
 * may come in one query, separated by `;`. A database that
 * reads other SQL cannot be added by an `Engine` alone.
 */

/** One connection inside one transaction. Not used after the `work` it was given to has ended. */
export interface Session {
  /**
   * Runs queries in the transaction. Its time zone is UTC, and it shows times in the ISO format. `numAffectedRows` of a result, as a bigint,
   * counts the rows that an insert, update or delete changed; checkpoints rest on it.
   */
  readonly db: Kysely<SystemTables>
  /**
   * Adds rows to a table by the database's fastest way. When the promise resolves, queries of this session see them.
   * @param columns one for each cell of a row, in the order of the cells. The table may have more columns, which become
   * null, and may have them in another order.
   * @param blocks rows as `common/cells.ts` describes them. The bytes of a block are overwritten when the next block is
   * requested: by then they must have been copied or sent.
   */
  append(target: AppendTarget, columns: readonly TableColumn[], blocks: Iterable<Block>): Promise<void>
  /**
   * Creates an empty temporary table without constraints. Nothing else sees it, and it ends with the transaction or is
   * replaced when a later transaction creates one of the same name. A transaction uses each name once.
   */
  createTempTable(table: string, columns: readonly TableColumn[]): Promise<void>
  /**
   * Runs `work` with the planner told to find rows by key. A planner without statistics on a temporary table would read
   * whole tables instead, and a commit would take longer as the warehouse grows. A database without that problem calls
   * `work` and returns its result.
   */
  withIndexScans<T>(work: () => Promise<T>): Promise<T>
  /**
   * Whether columns may contain a key in one of the ranges: one answer for each of `columns`, in their order. False must
   * be certain; true is always allowed, and costs only the time of a merge.
   */
  mayContainKeys(columns: readonly KeyColumn[], ranges: readonly KeyRange[]): Promise<readonly boolean[]>
  /**
   * Everything in the schema that a table of the same name would clash with, also what this user may not read. Names are
   * in lower case where the database does not tell cases apart.
   */
  relations(schema: string): Promise<ReadonlyMap<string, Relation>>
  /**
   * Tables of the schema whose rows foreign keys refer to, so that a changed row has to be updated: to delete it and insert
   * it again would be refused, or delete the rows that refer to it. None where the database could not update it either.
   */
  referencedTables(schema: string): Promise<ReadonlySet<string>>
  /**
   * Runs DDL, or a count, so that it waits for a lock for seconds only. Those who read a table after DDL would wait too.
   * @throws {DestinationError} `locked`: another transaction holds a table. This transaction has to be rolled back.
   */
  withLockTimeout<T>(work: () => Promise<T>): Promise<T>
  /**
   * Runs DDL that takes minutes on a large table. It waits for locks like `withLockTimeout`, and a time-out of the server
   * does not end it. When the signal is aborted, the database stops it at once.
   * @throws {DestinationError} `locked`
   */
  longDdl(statements: readonly CompiledQuery[], signal: AbortSignal): Promise<void>
  /** As `longDdl`, for statements that give the columns of a table with rows another type, name or place. */
  alterColumns(statements: readonly CompiledQuery[], signal: AbortSignal): Promise<void>
  /**
   * What uses a column of a table, so that the database does not let it change, or would let it break: views in any schema,
   * also those that use it through another view, and what else the database knows of. Changes nothing.
   * @param ours views of this program, as `schema.name`. They may be left out of the answer where nothing has to be done
   * about them; what uses the column through them may not.
   */
  dependents(schema: string, table: string, column: string, ours: ReadonlySet<string>): Promise<readonly Dependent[]>
  /** Everything with a name in these schemas, by `schema.name`. */
  catalog(schemas: readonly string[]): Promise<ReadonlyMap<string, CatalogEntry>>
  /** What uses the views of these schemas, so that the database refuses to drop them. None where it does not. */
  viewUsers(schemas: readonly string[]): Promise<readonly ViewUser[]>
  /** Statements that give a view the rights again that it has now. None where the database knows no rights. */
  grantsOn(schema: string, view: string): Promise<readonly string[]>
}

/** What a user has made that uses a column of ours. */
export interface Dependent {
  /** For a message, such as `view reports.sales`. */
  readonly what: string
  /** As `schema.name`; null: it is no view. */
  readonly view: string | null
  /** The database makes it again when the column changes its type, as it does with an index. */
  readonly rebuilt: boolean
}

/** What has a name in a schema. */
export interface Relation {
  /** `table`: an ordinary table. Other kinds, such as `view`, are words for a message. */
  readonly kind: string
  readonly columns: readonly string[]
  /** The first columns of its indexes. An index of a part of its rows does not count, nor one that was not completed. */
  readonly indexed: readonly string[]
}

/** A column as the database's catalog describes it. */
export interface DescribedColumn {
  readonly schema: string
  readonly relation: string
  readonly kind: 'table' | 'view'
  /** The comment on the table or view. */
  readonly doc: string | null
  readonly column: string
  readonly type: string
  readonly columnDoc: string | null
}

/** What has a name in the catalog. */
export interface CatalogEntry {
  /** `table`: an ordinary table; `view`. Other kinds are words for a message. */
  readonly kind: string
  readonly columns: readonly string[]
  readonly comment: string | null
}

/** What uses a view directly. */
export interface ViewUser {
  /** The view that is used, as `schema.name`. */
  readonly used: string
  /** For a message, such as `view reports.sales`. */
  readonly what: string
  /** As `schema.name`; null: the user is no view. */
  readonly view: string | null
}

/** A column of kind `int` that holds keys. */
export interface KeyColumn {
  /** As `schema.table`, not quoted. */
  readonly table: string
  readonly column: string
}

export interface AppendTarget {
  /** Null: a temporary table of this session. */
  readonly schema: string | null
  readonly table: string
}

/**
 * All that differs between the databases, as operations, so that shared code needs no branches. Every method translates
 * what its driver throws into a `DestinationError` of these kinds:
 *
 * - `unreachable`: no connection, or it was lost. The caller tries again.
 * - `serialisation`: another transaction was in the way. The caller tries again.
 * - `moved`: two runs inserted the first checkpoint of the same stream.
 * - `held`: another process has the destination.
 * - `constraint`: something that a user added to our tables refused a row; the message names it.
 * - `denied`: the user or the file permissions do not allow it.
 * - `full`: no space is left.
 *
 * - others of `common/errors.ts` that name the mistake in an address, a right or a file.
 *
 * Any other error is thrown as it came: it is a bug, and its stream fails with it. Disposing the engine closes all connections and
 * releases the lock.
 */
export interface Engine extends AsyncDisposable {
  /**
   * Keeps every other run out of the schema until the engine is disposed or the process dies, however it dies.
   * @throws {DestinationError} `held`, with the holder in the message.
   */
  acquireLock(run: RunId): Promise<void>
  /** Aborted when the lock is lost. The reason is a `DestinationError`, `held` or `lease_lost`. */
  readonly lost: AbortSignal
  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects, and returns or throws what it
   * did. Calls may overlap; the engine runs them side by side or one after the other. An error of one must not affect the
   * next.
   * @throws {DestinationError} `unreachable` also if the connection is lost during COMMIT. The transaction may then have
   * taken effect; the caller reads the checkpoint to find out.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>
  /**
   * The type of a column in DDL. It must store every value of the kind exactly: `int` has 64 bits, `money` is
   * decimal(18,6), `rate` is decimal(28,10), `instant` has microseconds from the year 1 to the year 9999.
   */
  columnType(kind: ColumnKind): Expression<unknown>
  /**
   * The same type as `information_schema.columns.data_type` shows it, in lower case; decimals as `decimal(18,6)`. A column
   * of another type is reported as `incompatible`.
   */
  catalogType(kind: ColumnKind): string
  /** Adds the primary key `table.key` to the statement; returns it unchanged where the database is faster without. */
  withPrimaryKey<T extends string>(create: CreateTableBuilder<T>, table: Table): CreateTableBuilder<T>
  /**
   * The statement that makes an index on a column. Null: the configuration wants none, or the database needs none.
   * @param table as `schema.table`, not quoted.
   */
  createIndex(table: string, column: string): RawBuilder<unknown> | null
  /**
   * The statement that keeps everybody else out of a table until the transaction ends. Null: nobody else can be there.
   * @param table as `schema.table`, not quoted.
   */
  lockTable(table: string): RawBuilder<unknown> | null
  /**
   * Whether a view keeps what it uses from being changed or dropped, and whether it can only be replaced by one that has
   * the same columns first.
   */
  readonly viewsHold: boolean
  /**
   * Whether an error of DDL lies in what is in the schema, such as an index that does not take another type, and not in the
   * connection, in rights or in space.
   */
  isRefusal(error: Error): boolean
  /**
   * The text of a JSON value: of a text itself, of anything else its JSON without spaces. Null of a JSON null, and of an
   * empty list or object, which stand for nothing.
   */
  jsonAsText(value: RawBuilder<unknown>): RawBuilder<unknown>
  /**
   * The elements of a list in JSON as a relation in parentheses, which may stand after `cross join lateral`: `index`, from
   * 0, as bigint, and `element`, as JSON. What is no list has none.
   */
  jsonElements(list: RawBuilder<unknown>): RawBuilder<unknown>
  /** The text of a member of an object, as `jsonAsText` gives it, but of a number without zeros at its end. */
  jsonMember(object: RawBuilder<unknown>, name: string): RawBuilder<unknown>
  /**
   * Tries, within seconds, what a run needs: to connect, and to create and write in the schema. Leaves nothing behind.
   * @param tables names of the tables that a run writes to; those that exist must be writable.
   * @returns what the user should know though it works, a sentence each.
   * @throws {DestinationError} that names what is missing and what grants it.
   */
  checkAccess(tables: readonly string[]): Promise<readonly string[]>
  /**
   * Runs one statement of a user's in a transaction that cannot write, with all that the machine gives.
   * @param path schemas in which names without one are looked for; some may not exist.
   * @throws {QueryError} whatever the database says about the statement.
   */
  answer(question: string, path: readonly string[], signal: AbortSignal): Promise<Answer>
  /** The columns of all tables and views in these schemas that this user may read, in order. */
  describeColumns(schemas: readonly string[]): Promise<readonly DescribedColumn[]>
  /** Who holds locks on tables of the schema, for a message. */
  lockHolders(schema: string): Promise<readonly string[]>
  /** Moves committed data to its final place, at the end of a run; for instance a log into its file. */
  finalize(): Promise<void>
  /**
   * Gives space back to the disk by copying everything, where that pays. Calls of `transaction` that come later work on the copy.
   * @returns null: it does not pay, or the database does that itself.
   * @throws {DestinationError} `not_compacted`: nothing was changed. @throws {Interrupted}
   */
  compact(signal: AbortSignal): Promise<Compacted | null>
  /**
   * Writes tables anew, so that rows that were deleted or changed leave no bytes in the files of the database. What is shared
   * by several tables, such as a file, may be rewritten as a whole.
   * @param tables names in the schema. Those that do not exist are left out.
   * @returns what could not be rewritten, a sentence each.
   * @throws {DestinationError} `locked`, `full`. @throws {Interrupted}
   */
  rewrite(tables: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  /**
   * Replaces the copy of the destination that readers open. Null: none is configured, or readers are never in the way.
   * @throws {DestinationError} `read_copy`, or `full`: the old copy is as it was. @throws {Interrupted}
   */
  replaceReadCopy(signal: AbortSignal): Promise<ReadCopied | null>
}
