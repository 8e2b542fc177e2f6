import type { Instant } from '../../common/model.ts'
import type { ColumnKind } from '../../schema/column.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import type { Table } from '../../schema/table.ts'
import type { Session } from './engine.ts'

type Db = Session['db']

/** @param stream null: of all. */
export async function inferredColumnsOf(db: Db, stream: string | null): Promise<InferredColumn[]> {
  let query = db.selectFrom('_sync_columns').select(['table_name', 'column_name', 'path', 'kind'])
  if (stream !== null) query = query.where('stream', '=', stream)
  const rows = await query.orderBy('added_at').orderBy('column_name').execute()
  return rows.map(({ table_name, column_name, path, kind }) => ({
    table: table_name,
    column: column_name,
    path,
    kind: kind as ColumnKind,
  }))
}

export async function keepInferredColumns(
  db: Db,
  stream: string,
  columns: readonly InferredColumn[],
  run: string,
  at: Instant,
): Promise<void> {
  await db
    .insertInto('_sync_columns')
    .values(
      columns.map(({ table, column, path, kind }) => ({
        stream,
        table_name: table,
        column_name: column,
        path,
        kind,
        added_at: at,
        run,
      })),
    )
    .execute()
}

/** Those that a declaration has taken over. */
export const takenOver = (inferred: readonly InferredColumn[], tables: readonly Table[]): InferredColumn[] =>
  inferred.filter(({ table, column }) =>
    tables.some(({ name, columns }) => name === table && columns.some(c => c.name === column && !c.inferred)),
  )

export async function forgetInferredColumns(db: Db, columns: readonly InferredColumn[]): Promise<void> {
  for (const { table, column } of columns)
    await db.deleteFrom('_sync_columns').where('table_name', '=', table).where('column_name', '=', column).execute()
}
