import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResultReader, DuckDBValue } from '@duckdb/node-api'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'

/** Prepared statements that a connection keeps, at most. A sync has a few dozen that it runs for each stream. */
const KEPT = 100

/**
 * A Kysely dialect on one connection, inside transactions that the engine starts and ends. It compiles SQL for Postgres,
 * which DuckDB reads.
 *
 * Statements with parameters stay prepared: to parse and plan one again takes a third of the time of a small query. DuckDB
 * plans a prepared statement anew when a table that it names has changed.
 */
export function dialectOn(connection: DuckDBConnection): Dialect {
  /** Those that are not at work, by their text; the one that was used last is the last. */
  const prepared = new Map<string, DuckDBPreparedStatement>()

  const runPrepared = async (sql: string, values: readonly DuckDBValue[]): Promise<DuckDBResultReader> => {
    const kept = prepared.get(sql)
    // While it is at work nobody else may bind values to it.
    prepared.delete(sql)
    const statement = kept ?? (await connection.prepare(sql))
    let reader: DuckDBResultReader
    try {
      statement.bind([...values])
      reader = await statement.runAndReadAll()
    } catch (error) {
      statement.destroySync()
      throw error
    }
    // Another of the same text was at work at the same time.
    prepared.get(sql)?.destroySync()
    prepared.set(sql, statement)
    for (const [text, oldest] of prepared) {
      if (prepared.size <= KEPT) break
      prepared.delete(text)
      oldest.destroySync()
    }
    return reader
  }

  const session: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      // A query without parameters need not be prepared, which saves one of two calls into the library.
      const reader = await (parameters.length > 0
        ? runPrepared(sql, parameters as readonly DuckDBValue[])
        : connection.runAndReadAll(sql))
      const rows = reader.getRowObjects() as R[]
      // A statement that changes rows returns one row with their number.
      return reader.columnNames().join() === 'Count'
        ? { rows: [], numAffectedRows: BigInt(reader.rowsChanged) }
        : { rows }
    },
    streamQuery: () => {
      throw new Error('the DuckDB dialect cannot stream rows')
    },
  }
  const unused = async (): Promise<never> => {
    throw new Error('the engine starts and ends transactions')
  }
  return {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: db => new PostgresIntrospector(db),
    createDriver: () => ({
      init: async () => {},
      acquireConnection: async () => session,
      beginTransaction: unused,
      commitTransaction: unused,
      rollbackTransaction: unused,
      releaseConnection: async () => {},
      destroy: async () => {},
    }),
  }
}
