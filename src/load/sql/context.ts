import { Salt } from '../../schema/salt.ts'
import type { Stream } from '../../schema/stream.ts'
import type { Table } from '../../schema/table.ts'
import type { Engine, Session } from './engine.ts'
import { createHistory, type History } from './history.ts'
import { inferredColumnsOf } from './inferred-columns.ts'
import { hasTable, type Past } from './schema-changes.ts'
import { storedPolicies } from './settings.ts'
import { SYSTEM_TABLES } from './system-tables.ts'

/** One schema of one database, as every part of the load sees it. */
export interface Context {
  readonly engine: Engine
  readonly schema: string
  /** Given the warehouse's salt when that is read. */
  readonly salt: Salt
  readonly history: History
  /** The session's queries, in the schema. */
  inSchema(session: Session): Session['db']
  exists(session: Session, table: string): Promise<boolean>
  /** What earlier runs recorded about the tables. */
  past(session: Session): Promise<Past>
  /** The given tables and all that the connector makes beside them. */
  allTables(tables: readonly Table[], past: Past): readonly Table[]
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
  /** No table is ever dropped, so one that was found once need not be asked for again. */
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
    inSchema,
    exists,
    past: async session => ({
      policies: (await exists(session, '_sync_settings')) ? await storedPolicies(inSchema(session)) : {},
      inferred: (await exists(session, '_sync_columns')) ? await inferredColumnsOf(inSchema(session), null) : [],
    }),
    allTables: (tables, { inferred }) => [...SYSTEM_TABLES, ...tables, ...history.tables(tables, inferred)],
  }
}
