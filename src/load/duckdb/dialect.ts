import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'

/**
 * A Kysely dialect on one connection, inside a transaction that the engine has started. It compiles SQL for Postgres,
 * which DuckDB reads.
 */
export function dialectOn(connection: DuckDBConnection): Dialect {
  const session: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      // A query without parameters need not be prepared, which saves two of three calls into the library.
      const values = parameters.length > 0 ? ([...parameters] as DuckDBValue[]) : undefined
      const reader = await connection.runAndReadAll(sql, values)
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
