import type { CompiledQuery } from 'kysely'
import { Forgotten } from '../../schema/forgotten.ts'
import { Salt } from '../../schema/salt.ts'
import type { Stream } from '../../schema/stream.ts'
import type { Table } from '../../schema/table.ts'
import type { ColumnChanges } from './column-changes.ts'
import type { Engine, Session } from './engine.ts'
import { createHistory, type History } from './history.ts'
import { createInferredAtStart, type InferredAtStart, readInferredColumns } from './inferred-columns.ts'
import { hasColumn, hasTable, type RecordedSchema, tablesIn } from './schema-changes.ts'
import { readMadeColumns, readPolicies } from './settings.ts'
import { createStoreToKeep, type StoreToKeep } from './store-to-keep.ts'
import { SYSTEM_TABLES } from './system-tables.ts'

/** One schema of one database, and what all parts of a warehouse share. */
export interface Context {
  readonly engine: Engine
  readonly schema: string
  /** Opened with the warehouse's salt when that is read. */
  readonly salt: Salt
  /** Opened together with the salt. */
  readonly forgotten: Forgotten
  /** Streams whose records belong to persons. */
  readonly persons: readonly Stream[]
  readonly history: History
  /**
   * Tables, and columns as `table.column`, that were found or that `prepare` has made. They are never dropped, and to look
   * for one takes ten times as long as to count its rows.
   */
  readonly found: Set<string>
  /** Tables to which foreign keys refer. Read by `prepare`; empty before that. */
  readonly referenced: Set<string>
  /** Read by `prepare`; empty before that. */
  readonly missingIndexes: Map<string, readonly CompiledQuery[]>
  /** Changes of columns that may hold values, by stream. Read by `prepare`; empty before that. */
  readonly columnChanges: Map<string, ColumnChanges>
  readonly inferredAtStart: InferredAtStart
  readonly storeToKeep: StoreToKeep
  /** The session's queries, with names resolved in the schema. */
  inSchema(session: Session): Session['db']
  exists(session: Session, table: string): Promise<boolean>
  /** At least those of the tables that exist. One query finds all that there are. */
  existing(session: Session, tables: readonly string[]): Promise<ReadonlySet<string>>
  /** Whether a system table has a column that a later version added. */
  hasColumn(session: Session, table: string, column: string): Promise<boolean>
  /** @throws {DestinationError} `unreadable` */
  recordedSchema(session: Session): Promise<RecordedSchema>
  /** The system tables, the given tables, and their history tables. */
  allTables(tables: readonly Table[], recorded: RecordedSchema): readonly Table[]
}

/** @param versioned streams of which every version is kept. */
export function createContext(
  engine: Engine,
  schema: string,
  versioned: readonly Stream[] = [],
  salt = new Salt(),
  forgotten = new Forgotten(salt),
  persons: readonly Stream[] = [],
): Context {
  const history = createHistory(schema, versioned)
  const inSchema = (session: Session): Session['db'] => session.db.withSchema(schema)
  /** Somebody else's table of that name has other columns; `schemaChanges` refuses it later. */
  const hasSettings = (session: Session): Promise<boolean> => hasColumnNow(session, '_sync_settings', 'value')
  const found = new Set<string>()
  const exists = async (session: Session, table: string): Promise<boolean> => {
    if (!found.has(table) && (await hasTable(session, schema, table))) found.add(table)
    return found.has(table)
  }
  const existing: Context['existing'] = async (session, tables) => {
    if (!tables.every(table => found.has(table))) for (const table of await tablesIn(session, schema)) found.add(table)
    return found
  }
  const hasColumnNow: Context['hasColumn'] = async (session, table, column) => {
    const name = `${table}.${column}`
    if (!found.has(name) && (await hasColumn(session, schema, table, column))) found.add(name)
    return found.has(name)
  }
  return {
    engine,
    schema,
    salt,
    forgotten,
    persons,
    history,
    found,
    referenced: new Set(),
    missingIndexes: new Map(),
    columnChanges: new Map(),
    inferredAtStart: createInferredAtStart(),
    storeToKeep: createStoreToKeep(),
    inSchema,
    exists,
    existing,
    hasColumn: hasColumnNow,
    recordedSchema: async session => ({
      ...((await hasSettings(session))
        ? { policies: await readPolicies(inSchema(session)), made: await readMadeColumns(inSchema(session)) }
        : { policies: {}, made: null }),
      inferred: (await exists(session, '_sync_columns')) ? await readInferredColumns(inSchema(session), null) : [],
    }),
    allTables: (tables, { inferred }) => [...SYSTEM_TABLES, ...tables, ...history.tables(tables, inferred)],
  }
}
