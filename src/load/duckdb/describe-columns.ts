import type { DuckDBConnection } from '@duckdb/node-api'
import type { DescribedColumn } from '../sql/engine.ts'

/** The columns of all tables and views in these schemas, in order. */
export async function describeColumns(
  connection: DuckDBConnection,
  catalog: string,
  schemas: readonly string[],
): Promise<readonly DescribedColumn[]> {
  const columns: DescribedColumn[] = []
  for (const schema of schemas) {
    const found = await connection.runAndReadAll(COLUMNS, [catalog, schema])
    for (const [relation, type, doc, column, dataType, columnDoc] of found.getRowsJS())
      columns.push({
        schema,
        relation: String(relation),
        kind: type === 'VIEW' ? 'view' : 'table',
        doc: textOf(doc),
        column: String(column),
        type: String(dataType).toLowerCase(),
        columnDoc: textOf(columnDoc),
      })
  }
  return columns
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const COLUMNS = `
  select t.table_name, t.table_type, t.table_comment, c.column_name, c.data_type, c.column_comment
  from information_schema.tables t join information_schema.columns c using (table_catalog, table_schema, table_name)
  where table_catalog = $1 and table_schema = $2 order by t.table_name, c.ordinal_position`
