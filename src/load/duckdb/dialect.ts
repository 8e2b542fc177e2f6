import {
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  ResultReturnType,
} from '@duckdb/node-api'
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
 * Statements with parameters stay prepared: to prepare one again takes a third of the time of a small query. DuckDB 1.5.5
 * plans one that reads a table anew at each execution, as a profile shows, so a change of the table does no harm.
 */
export function dialectOn(connection: DuckDBConnection): Dialect {
  /** Those that are not at work, by their text; the one that was used last is the last. */
  const prepared = new Map<string, DuckDBPreparedStatement>()

  const runPrepared = async (sql: string, values: readonly DuckDBValue[]): Promise<DuckDBMaterializedResult> => {
    const kept = prepared.get(sql)
    // While it is at work nobody else may bind values to it.
    prepared.delete(sql)
    const statement = kept ?? (await connection.prepare(sql))
    let result: DuckDBMaterializedResult
    try {
      statement.bind([...values])
      result = await statement.run()
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
    return result
  }

  const session: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      // A query without parameters need not be prepared, which saves one of two calls into the library.
      const result = await (parameters.length > 0
        ? runPrepared(sql, parameters as readonly DuckDBValue[])
        : connection.run(sql))
      switch (result.returnType) {
        case ResultReturnType.QUERY_RESULT:
          return { rows: (await result.getRowObjects()) as R[] }
        case ResultReturnType.CHANGED_ROWS:
          // It also has a row with their number. To fetch that would cost two more calls into the library.
          return { rows: [], numAffectedRows: BigInt(result.rowsChanged) }
        default:
          return { rows: [] }
      }
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
