import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import type { Stream } from '../../src/schema/stream.ts'
import { type StreamTables, type Table, tablesOf } from '../../src/schema/table.ts'
import type { DestinationConfig } from './destinations.ts'

/** Rows of each table in key order, values in the same form for every database. */
export type Dump = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/**
 * All tables of the streams, without the columns that say when a row was written.
 * @param more further tables.
 */
export async function dump(
  config: DestinationConfig,
  streams: readonly Stream[],
  more: readonly Table[] = [],
): Promise<Dump> {
  return withQuery(config, async query => {
    const tables: Record<string, Record<string, unknown>[]> = {}
    for (const table of [...streams.flatMap(stream => flat(tablesOf(stream))), ...more]) {
      const columns = table.columns.filter(column => column.name !== '_synced_at')
      const selected = columns.map(({ name, kind }) => {
        const text = `cast("${name}" as text)`
        return `${kind === 'instant' ? `cast("${name}" at time zone 'UTC' as text)` : text} as "${name}"`
      })
      const rows = await query(
        `select ${selected.join(', ')} from "${config.schema}"."${table.name}" order by ${table.key.map(k => `"${table.name}"."${k}"`).join(', ')}`,
      )
      const kinds = new Map(columns.map(({ name, kind }) => [name, kind]))
      tables[table.name] = rows.map(row =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, canonical(kinds.get(name) ?? 'text', value)]),
        ),
      )
    }
    return tables
  })
}

const flat = ({ root, children }: StreamTables) => [root, ...children.map(({ table }) => table)]

/** One form for JSON, which Postgres formats again, and for decimals and instants, which the databases pad differently. */
export function canonical(kind: string, value: unknown): unknown {
  if (value === null || typeof value !== 'string') return value
  if (kind === 'json') return sorted(JSON.parse(value))
  if (kind === 'money' || kind === 'rate') return value.replace(/\.?0+$/, '') || '0'
  if (kind === 'instant') return value.replace(/\.0+$/, '')
  return value
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}

/** Runs queries on a connection of the test's own. */
export function withQuery<T>(config: DestinationConfig, work: (query: Query) => Promise<T>): Promise<T> {
  return config.kind === 'postgres' ? withClient(config.url, work) : withFile(config.file, work)
}

async function withClient<T>(url: string, work: (query: Query) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(async sql => (await client.query(sql)).rows)
  } finally {
    await client.end()
  }
}

/**
 * Engines without a file, and with nothing of a test. To make one takes a hundredth of a second of processor, and the tests
 * ask thousands of times.
 */
const idle: DuckDBInstance[] = []

async function withFile<T>(file: string, work: (query: Query) => Promise<T>): Promise<T> {
  const instance = idle.pop() ?? (await DuckDBInstance.create(':memory:'))
  const connection = await instance.connect()
  let isUsable = false
  try {
    await connection.run(`attach '${file.replaceAll("'", "''")}' as warehouse`)
    await connection.run('use warehouse')
    await connection.run(`set TimeZone = 'UTC'`)
    const result = await work(
      async sql => (await connection.runAndReadAll(sql)).getRowObjects() as Record<string, unknown>[],
    )
    await connection.run('use memory')
    // Nothing of the file is open afterwards.
    await connection.run('detach warehouse')
    const others = await connection.runAndReadAll(
      `from duckdb_databases() where not internal and database_name != 'memory'`,
    )
    isUsable = others.currentRowCount === 0
    return result
  } finally {
    connection.closeSync()
    if (isUsable) idle.push(instance)
    else instance.closeSync()
  }
}
