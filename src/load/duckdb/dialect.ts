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
 * Kysely on one connection, inside a transaction that the engine has begun. The SQL is that of the Postgres compiler,
 * which this database reads.
 */
export function dialectOn(connection: DuckDBConnection): Dialect {
  const session: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      // Without parameters it need not be prepared, which saves two of three calls.
      const values = parameters.length > 0 ? ([...parameters] as DuckDBValue[]) : undefined
      const reader = await connection.runAndReadAll(sql, values)
      const rows = reader.getRowObjects() as R[]
      // What changes rows answers with one row that counts them.
      return reader.columnNames().join() === 'Count'
        ? { rows: [], numAffectedRows: BigInt(reader.rowsChanged) }
        : { rows }
    },
    streamQuery: () => {
      throw new Error('rows are never streamed out of the destination')
    },
  }
  const unused = async (): Promise<never> => {
    throw new Error('the engine begins and ends transactions')
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
