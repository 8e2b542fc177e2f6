import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, DestinationError } from '../../common/errors.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import { SYSTEM_TABLES } from '../../load/sql/system-tables.ts'
import { type DbtSources, dbtSources } from '../../schema/dbt-sources.ts'
import { historyTable } from '../../schema/history-table.ts'
import { allTables } from '../../schema/table.ts'
import { VIEW_SCHEMAS } from '../../schema/view.ts'
import type { App, Selection } from '../app.ts'
import { yamlText } from '../config/yaml-text.ts'
import type { Result } from './result.ts'

/** Those of the connector's own tables that say something of the data. The others are for the load, or hold the salt. */
const OWN: ReadonlySet<string> = new Set([
  '_sync_checkpoints',
  '_sync_runs',
  '_sync_gaps',
  '_sync_rejects',
  '_sync_reconciliations',
])

const HEAD = [
  '# Written by `recharge-sync dbt-sources` from the declarations of the connector; write it again after an update.',
  '# For dbt 1.10.5 or newer. docs/dbt.md says how to use it, and which variables there are.',
]

/**
 * A sources file for dbt. It has the tables and views that the warehouse has; if that has none yet or cannot be opened, those
 * of the selected streams.
 * @param out file to write; null: the file is the result.
 */
export async function dbtSourcesFile(app: App, { streams }: Selection, out: string | null): Promise<Result> {
  const { config, isVersioned } = app
  const { schema } = config.destination
  const tables = [
    ...streams.flatMap(allTables),
    ...streams.filter(isVersioned).map(historyTable),
    ...SYSTEM_TABLES.filter(({ name }) => OWN.has(name)),
  ]
  const views = config.views ? app.wanted.views.filter(view => view.schema === 'analytics') : []
  const existing = await relationsOf(app, schema)
  const has = (inSchema: string, name: string): boolean => existing.size === 0 || existing.has(`${inSchema}.${name}`)
  const document = dbtSources({
    schema,
    streams,
    tables: tables.filter(({ name }) => has(schema, name)),
    views: views.filter(({ name }) => has(schema + VIEW_SCHEMAS.analytics, name)),
  })
  const file = [...HEAD, '', yamlText(document)].join('\n')
  const counts = countsOf(document)
  const json = { file: out, ...counts, checked: existing.size > 0, sources: document }
  if (out === null) return { code: 0, json, text: lines(...file.trimEnd().split('\n')) }
  write(resolve(out), file)
  const { relations, columns, tests } = counts
  return {
    code: 0,
    json,
    text: paragraphs(
      lines(`${out}: ${relations} tables and views, ${columns} columns, ${tests} tests`),
      lines(
        existing.size > 0
          ? 'It has the tables and views that are in the warehouse now.'
          : 'The warehouse has no tables yet, or another process has it: this is what a sync of the selected streams makes. Write it again after a sync.',
      ),
    ),
  }
}

/** The relations of our schemas, each as schema.name; empty: there are none yet, or it cannot be told. */
async function relationsOf(app: App, schema: string): Promise<ReadonlySet<string>> {
  const literals = [schema, schema + VIEW_SCHEMAS.analytics].map(name => `'${name}'`).join(', ')
  try {
    await using destination = await app.openForReaders()
    const rows = await destination.query(
      `select table_schema, table_name from information_schema.tables where table_schema in (${literals})`,
    )
    return new Set(rows.map(({ table_schema, table_name }) => `${table_schema}.${table_name}`))
  } catch (error) {
    if (error instanceof DestinationError) return new Set()
    throw error
  }
}

function countsOf({ sources }: DbtSources): { relations: number; columns: number; tests: number } {
  const tables = sources.flatMap(source => source.tables)
  const columns = tables.flatMap(table => table.columns)
  const tested = [...tables, ...columns]
  return {
    relations: tables.length,
    columns: columns.length,
    tests: tested.reduce((sum, { data_tests = [] }) => sum + data_tests.length, 0),
  }
}

function write(file: string, content: string): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ConfigError('the command line', [{ path: '--out', line: null, message }])
  }
}
