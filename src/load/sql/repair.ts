import { sql } from 'kysely'
import type { Instant, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { KEY_SEPARATOR } from './as-text.ts'
import { mayBeForgotten } from './comparable-rows.ts'
import type { Session } from './engine.ts'
import { type Merged, matches, merge } from './merge.ts'

/**
 * Writes the records of the batch, whatever rows have their keys. Those rows are deleted first, or marked as deleted where
 * foreign keys refer to them: a merge trusts the cursor and the fingerprint of the stored row, and somebody may have
 * changed them by hand.
 */
export async function replace(
  session: Session,
  schema: string,
  batch: RowBatch,
  referenced: ReadonlySet<string>,
): Promise<Merged> {
  const options = { staged: true, referenced }
  if (batch.records.size === 0) return merge(session, schema, batch, options)
  const { root } = tablesOf(batch.stream)
  const rows = sql.table(`${schema}.${root.name}`)
  const stage = await stageKeys(session, '_replaced', root, [...batch.records.keys()])
  const which = matches('t', root.key, 's', root.key)
  if (referenced.has(root.name)) {
    await sql`
      update ${rows} as t set _deleted_at = ${batch.receivedAt}, _deleted_by = null from ${sql.table(stage)} as s where ${which}`.execute(
      session.db,
    )
    return merge(session, schema, batch, options)
  }
  const { numAffectedRows } = await sql`
    delete from ${rows} as t using ${sql.table(stage)} as s where ${which}`.execute(session.db)
  const { counts, growth } = await merge(session, schema, batch, options)
  const grown = (growth.get(root.name) ?? 0) - Number(numAffectedRows ?? 0n)
  return { counts, growth: new Map([...growth, [root.name, grown]]) }
}

/** Marks rows as deleted, except those that the source may have forgotten. @returns rows marked. */
export async function markNotFound(
  session: Session,
  schema: string,
  stream: Stream,
  keys: readonly string[],
  at: Instant,
): Promise<number> {
  if (keys.length === 0) return 0
  const { root } = tablesOf(stream)
  const stage = await stageKeys(session, '_deleted', root, keys)
  const result = await sql`
    update ${sql.table(`${schema}.${root.name}`)} as t
    set _deleted_at = ${at}, _deleted_by = 'probe', _synced_at = ${at}
    from ${sql.table(stage)} as s
    where ${matches('t', root.key, 's', root.key)} and t._deleted_at is null
      and not ${mayBeForgotten('t', stream, at)}`.execute(session.db)
  return Number(result.numAffectedRows ?? 0n)
}

/** A temporary table of the keys. @returns its name. */
async function stageKeys(session: Session, name: string, root: Table, keys: readonly string[]): Promise<string> {
  const stage = identifier(`${name}_${root.name}`)
  const columns = root.key.map(name => root.columns.find(column => column.name === name)).filter(isColumn)
  await session.createTempTable(stage, columns)
  const values = keys.map(key => {
    const parts = key.split(KEY_SEPARATOR)
    const cells = columns.map(({ kind }, i) => sql`cast(${parts[i]} as ${kind === 'int' ? sql`bigint` : sql`text`})`)
    return sql`(${sql.join(cells)})`
  })
  await sql`insert into ${sql.table(stage)} values ${sql.join(values)}`.execute(session.db)
  return stage
}

const isColumn = (column: TableColumn | undefined): column is TableColumn => column !== undefined
