import type { Instant } from '../../common/model.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import type { Table } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { parseInferredColumn } from './stored-values.ts'

type Db = Session['db']

/** The inferred columns of a stream, oldest first. @param stream null: of all. @throws {DestinationError} `unreadable` */
export async function readInferredColumns(db: Db, stream: string | null): Promise<InferredColumn[]> {
  let query = db.selectFrom('_sync_columns').select(['stream', 'table_name', 'column_name', 'path', 'kind'])
  if (stream !== null) query = query.where('stream', '=', stream)
  const rows = await query.orderBy('added_at').orderBy('column_name').execute()
  return rows.map(parseInferredColumn)
}

/** What the first `prepare` of a run has read of all streams, so that none has to ask again when it begins. */
export interface InferredAtStart {
  /** A second call does nothing: by then streams may be inferring columns. */
  keep(tables: readonly Table[], inferred: readonly InferredColumn[]): void
  /** Those of a stream, once: from then on it may infer more. null: they have to be read. */
  take(stream: string): readonly InferredColumn[] | null
}

export function createInferredAtStart(): InferredAtStart {
  let kept: Map<string, InferredColumn[]> | null = null
  return {
    keep(tables, inferred) {
      if (kept !== null) return
      kept = new Map()
      for (const { name, stream } of tables)
        if (stream !== undefined)
          kept.set(stream, [...(kept.get(stream) ?? []), ...inferred.filter(({ table }) => table === name)])
    },
    take(stream) {
      const columns = kept?.get(stream) ?? null
      kept?.delete(stream)
      return columns
    },
  }
}

export async function recordInferredColumns(
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

/** Inferred columns whose names a declaration uses by now. */
export const nowDeclared = (inferred: readonly InferredColumn[], tables: readonly Table[]): InferredColumn[] =>
  inferred.filter(({ table, column }) =>
    tables.some(({ name, columns }) => name === table && columns.some(c => c.name === column && !c.inferred)),
  )

/** Deletes columns from `_sync_columns`; the columns themselves stay. */
export async function deleteInferredColumns(db: Db, columns: readonly InferredColumn[]): Promise<void> {
  for (const { table, column } of columns)
    await db.deleteFrom('_sync_columns').where('table_name', '=', table).where('column_name', '=', column).execute()
}
