import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import charges from '../schemas/charges.ts'
import type { DestinationConfig } from '../src/load/open.ts'
import { allTables } from '../src/schema/table.ts'

/**
 * Multiplies the rows of `records` loaded charges in SQL, as if later charges had been loaded too. The ids and times of the
 * copies continue those of the originals.
 */
export async function multiply(into: DestinationConfig, records: number, times: number): Promise<void> {
  for (let i = 1; i < times; i++)
    for (const { name, columns } of allTables(charges)) {
      const names = columns.map(column => `"${column.name}"`)
      const shifted = columns.map(column =>
        column.name === (name === 'charges' ? 'id' : 'charge_id')
          ? `"${column.name}" + ${i * records}`
          : name === 'charges' && column.name === 'updated_at'
            ? `updated_at + interval '${i * records * 120} seconds'`
            : `"${column.name}"`,
      )
      const of = name === 'charges' ? 'id' : 'charge_id'
      await execute(
        into,
        `insert into ${into.schema}.${name} (${names}) select ${shifted} from ${into.schema}.${name} where ${of} between 1000000000 and ${999_999_999 + records}`,
      )
    }
  if (into.kind === 'postgres') await execute(into, 'vacuum analyze')
}

async function execute(into: DestinationConfig, statement: string): Promise<void> {
  if (into.kind === 'postgres') {
    const client = new pg.Client({ connectionString: into.url })
    await client.connect()
    await client.query(statement).finally(() => client.end())
    return
  }
  const instance = await DuckDBInstance.create(into.file)
  const connection = await instance.connect()
  await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}

/** Writes a file with the same rows, each table made by `create table as`. */
export async function plainCopy(file: string, schema: string, copy: string): Promise<void> {
  const instance = await DuckDBInstance.create(copy)
  const connection = await instance.connect()
  await connection.run(`attach '${file}' as loaded (read_only)`)
  await connection.run(`create schema ${schema}`)
  for (const { name } of allTables(charges))
    await connection.run(`create table ${schema}.${name} as select * from loaded.${schema}.${name}`)
  await connection.run('checkpoint')
  connection.closeSync()
  instance.closeSync()
}
