import { Salt } from '../../schema/salt.ts'
import type { Stream } from '../../schema/stream.ts'
import type { Table } from '../../schema/table.ts'
import type { Engine, Session } from './engine.ts'
import { createHistory, type History } from './history.ts'
import { readInferredColumns } from './inferred-columns.ts'
import { hasTable, type RecordedSchema } from './schema-changes.ts'
import { readPolicies } from './settings.ts'
import { createStoreToKeep, type StoreToKeep } from './store-to-keep.ts'
import { SYSTEM_TABLES } from './system-tables.ts'

/** One schema of one database, and what all parts of a warehouse share. */
export interface Context {
  readonly engine: Engine
  readonly schema: string
  /** Opened with the warehouse's salt when that is read. */
  readonly salt: Salt
  readonly history: History
  readonly storeToKeep: StoreToKeep
  /** The session's queries, with names resolved in the schema. */
  inSchema(session: Session): Session['db']
  exists(session: Session, table: string): Promise<boolean>
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
): Context {
  const history = createHistory(schema, versioned)
  const inSchema = (session: Session): Session['db'] => session.db.withSchema(schema)
  /** Tables are never dropped, so one that was found once is not looked up again. */
  const found = new Set<string>()
  const exists = async (session: Session, table: string): Promise<boolean> => {
    if (!found.has(table) && (await hasTable(session, schema, table))) found.add(table)
    return found.has(table)
  }
  return {
    engine,
    schema,
    salt,
    history,
    storeToKeep: createStoreToKeep(),
    inSchema,
    exists,
    recordedSchema: async session => ({
      policies: (await exists(session, '_sync_settings')) ? await readPolicies(inSchema(session)) : {},
      inferred: (await exists(session, '_sync_columns')) ? await readInferredColumns(inSchema(session), null) : [],
    }),
    allTables: (tables, { inferred }) => [...SYSTEM_TABLES, ...tables, ...history.tables(tables, inferred)],
  }
}
