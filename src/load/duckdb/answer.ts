import { type DuckDBConnection, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'
import { Interrupted, QueryError } from '../../common/errors.ts'
import type { Answer, AnswerKind } from '../inspection.ts'

const INTEGERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
])

/**
 * Runs one statement of a user's on a connection to a file that is open for reading, which is closed here. It has all
 * cores and the memory that DuckDB takes by default, and reads and writes no other file of this machine.
 * @param path schemas in which names without one are looked for.
 */
export async function answer(
  connection: DuckDBConnection,
  catalog: string,
  question: string,
  path: readonly string[],
  signal: AbortSignal,
): Promise<Answer> {
  const stop = (): void => connection.interrupt()
  try {
    await connection.run('reset threads; reset memory_limit; set enable_external_access = false')
    const there = new Set((await connection.runAndReadAll(SCHEMAS, [catalog])).getRowsJS().map(([name]) => name))
    const within = path.filter(schema => there.has(schema))
    if (within.length > 0)
      await connection.run(`set search_path = '${within.map(schema => quote(catalog, schema)).join(',')}'`)
    await connection.run('begin transaction read only')
    signal.throwIfAborted()
    signal.addEventListener('abort', stop, { once: true })
    const statements = await connection.extractStatements(question)
    if (statements.count !== 1)
      throw new QueryError(
        'Give one statement.',
        undefined,
        'PIVOT counts as one if it names its values: on … in (…). Run several queries one after the other.',
      )
    const prepared = await statements.prepare(0)
    const reader = await prepared.runAndReadAll()
    const names = reader.deduplicatedColumnNames().map((_, at) => reader.columnName(at))
    return {
      columns: names.map((name, at) => ({ name, kind: kindOf(reader.columnType(at)) })),
      rows: reader.getRows().map(row => row.map(value => (value === null ? null : String(value)))),
    }
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    if (error instanceof QueryError || !(error instanceof Error)) throw error
    throw new QueryError(error.message.replace(/^Failed to extract statements: /, ''), error)
  } finally {
    signal.removeEventListener('abort', stop)
    connection.closeSync()
  }
}

const SCHEMAS = 'select schema_name from information_schema.schemata where catalog_name = $1'

/** Within a text in quotes. */
const quote = (...names: readonly string[]): string =>
  names.map(name => `"${name.replaceAll('"', '""')}"`.replaceAll("'", "''")).join('.')

function kindOf({ typeId }: DuckDBType): AnswerKind {
  if (INTEGERS.has(typeId)) return 'integer'
  if (typeId === DuckDBTypeId.DECIMAL) return 'decimal'
  if (typeId === DuckDBTypeId.FLOAT || typeId === DuckDBTypeId.DOUBLE) return 'float'
  return typeId === DuckDBTypeId.BOOLEAN ? 'boolean' : 'text'
}
