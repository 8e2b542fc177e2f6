import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { makeFolder } from '../../common/make-folder.ts'
import { type StoreRelation, unionOf } from '../sql/rollup/union.ts'
import { partsOf, type RollupReport, type RollupWanted } from '../sql/rollup/wanted.ts'
import { literal, quoted } from '../sql/views/quoted.ts'
import { unopened } from './errors.ts'

/** The file of a store's warehouse. */
export interface StoreFile {
  readonly store: string
  readonly file: string
}

/** The name of a store's file in DuckDB. */
const catalogOf = (store: string): string => `store_${store.replaceAll('-', '_')}`

/**
 * Writes a DuckDB file with views over the files of all stores, and beside it a script that attaches those files: views in
 * DuckDB name attached files, and each session attaches them anew. Both replace what was there in one rename.
 * @param files of stores that have been synced; nobody writes to them meanwhile.
 * @param file for the views, such as `state/all.duckdb`.
 * @throws {DestinationError} `held` if another process writes to a file.
 */
export async function rollUpDuckdb(
  file: string,
  files: readonly StoreFile[],
  wanted: RollupWanted,
): Promise<RollupReport> {
  makeFolder(dirname(file))
  const part = `${file}.part`
  for (const old of [part, `${part}.wal`]) rmSync(old, { force: true })
  const attached = files.filter(store => existsSync(store.file))
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' })
  const made: string[] = []
  try {
    const connection = await instance.connect()
    await connection.run(`attach ${literal(part)} as "all" (type duckdb)`)
    for (const { store, file: path } of attached)
      await connection.run(attachment(store, path)).catch(error => {
        throw unopened(path, error)
      })
    await connection.run('use "all"')
    for (const { schema, ofStore, names } of partsOf(wanted)) {
      await connection.run(`create schema ${quoted(schema)}`)
      const relations = new Map<string, StoreRelation[]>()
      for (const { store, schema: own } of wanted.stores) {
        if (!attached.some(other => other.store === store)) continue
        const { rows } = await read(
          connection,
          `select table_name, list(column_name order by column_index), list(data_type order by column_index) from duckdb_columns()
           where database_name = ${literal(catalogOf(store))} and schema_name = ${literal(ofStore(own))} group by all`,
        )
        for (const [name, columns, types] of rows as [string, string[], string[]][]) {
          const from = [catalogOf(store), ofStore(own), name].map(quoted).join('.')
          const relation = {
            store,
            from,
            columns: new Map(columns.map((column, i) => [column, types[i] ?? 'VARCHAR'])),
          }
          relations.set(name, [...(relations.get(name) ?? []), relation])
        }
      }
      for (const [name, doc] of names) {
        const union = unionOf(name, relations.get(name) ?? [])
        if (union === null) continue
        const view = `${quoted(schema)}.${quoted(name)}`
        await connection.run(`create view ${view} as ${union.query}`)
        await connection.run(`comment on view ${view} is ${literal(`Of all stores. ${doc}`)}`)
        made.push(`${schema}.${name}`)
      }
    }
    await connection.run('checkpoint "all"')
    connection.closeSync()
  } finally {
    instance.closeSync()
  }
  chmodSync(part, 0o600)
  renameSync(part, file)
  const script = scriptOf(file)
  writeFileSync(
    `${script}.part`,
    `${attached.map(({ store, file: path }) => `${attachment(store, path)};\n`).join('')}`,
    {
      mode: 0o600,
    },
  )
  renameSync(`${script}.part`, script)
  return { place: file, script, made, dropped: [], problems: [] }
}

/** The script that attaches the files of the stores. */
const scriptOf = (file: string): string => file.replace(/(\.duckdb)?$/, '-attach.sql')

const attachment = (store: string, file: string): string =>
  `attach if not exists ${literal(file)} as ${quoted(catalogOf(store))} (type duckdb, read_only)`

async function read(connection: { runAndReadAll(sql: string): Promise<{ getRowsJS(): unknown[][] }> }, sql: string) {
  return { rows: (await connection.runAndReadAll(sql)).getRowsJS() }
}
