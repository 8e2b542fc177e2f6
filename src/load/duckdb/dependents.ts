import type { DuckDBConnection } from '@duckdb/node-api'
import type { Dependent } from '../sql/engine.ts'

/** A column, and the catalog of the file in which its table is. */
export interface ColumnPlace {
  readonly schema: string
  readonly table: string
  readonly column: string
}

interface View {
  readonly schema: string
  readonly name: string
  readonly sql: string
}

/**
 * What uses a column. DuckDB does not record what a view uses: the column is dropped in a transaction that is rolled back,
 * and every view that can be used before is tried again. A view that cannot be used before counts if it names the table:
 * it may name the file by a catalog that exists only where somebody opened the file by itself.
 * @param connection is closed here.
 * @param ours views that are not tried: their text names what it needs, and is bound again whenever it is read.
 */
export async function dependentsOf(
  connection: DuckDBConnection,
  catalog: string,
  { schema, table, column }: ColumnPlace,
  ours: ReadonlySet<string>,
): Promise<readonly Dependent[]> {
  const rows = async (query: string, values: string[]): Promise<string[][]> =>
    (await connection.runAndReadAll(query, values)).getRowsJS().map(row => row.map(String))
  try {
    // An index on any column keeps DuckDB from changing the table.
    const indexes = await rows(
      'select index_name from duckdb_indexes() where database_name = $1 and schema_name = $2 and table_name = $3 order by 1',
      [catalog, schema, table],
    )
    if (indexes.length > 0)
      return indexes.map(([name]) => ({ what: `index ${schema}.${name}`, view: null, rebuilt: false }))
    const views = (await viewsIn(rows, catalog)).filter(view => !ours.has(nameOf(view)))
    const before = await columnsOf(connection, views)
    await connection.run('begin transaction')
    try {
      await connection.run(`alter table ${quote(schema)}.${quote(table)} drop column ${quote(column)}`)
    } catch (error) {
      const [why = ''] = error instanceof Error ? error.message.split('\n') : []
      return [{ what: `what DuckDB names: ${why}`, view: null, rebuilt: false }]
    }
    const without = await columnsOf(connection, views)
    const isNamed = new RegExp(`(^|\\W)${table}(\\W|$)`, 'i')
    return views
      .filter(view => {
        const columns = before.get(view)
        return columns === null ? isNamed.test(view.sql) : without.get(view) !== columns
      })
      .map(view => ({ what: `view ${nameOf(view)}`, view: nameOf(view), rebuilt: false }))
  } finally {
    await connection.run('rollback').catch(() => {})
    connection.closeSync()
  }
}

const nameOf = ({ schema, name }: View): string => `${schema}.${name}`

async function viewsIn(
  rows: (query: string, values: string[]) => Promise<string[][]>,
  catalog: string,
): Promise<View[]> {
  const found = await rows(
    'select schema_name, view_name, sql from duckdb_views() where database_name = $1 and not internal order by 1, 2',
    [catalog],
  )
  return found.map(([schema = '', name = '', sql = '']) => ({ schema, name, sql }))
}

/** Names and types of the columns that each view has, as one text; null: it cannot be used. */
async function columnsOf(
  connection: DuckDBConnection,
  views: readonly View[],
): Promise<ReadonlyMap<View, string | null>> {
  const columns = new Map<View, string | null>()
  for (const view of views) {
    const described = await connection
      .runAndReadAll(`describe select * from ${quote(view.schema)}.${quote(view.name)}`)
      .catch(() => null)
    columns.set(view, described === null ? null : JSON.stringify(described.getRowsJS()))
  }
  return columns
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
