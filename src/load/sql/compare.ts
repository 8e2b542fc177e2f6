import { type RawBuilder, sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Instant, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { SYSTEM_COLUMNS, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import type { Compared, Month } from '../reconciliation.ts'
import { asText, keyAsText } from './as-text.ts'
import { mayBeForgotten, monthOf } from './comparable-rows.ts'
import type { Session } from './engine.ts'
import { matches } from './merge.ts'
import { childRows, rootRows } from './rows.ts'

/**
 * Compares each record with its row and its child rows, value by value. Not by `_hash`: that stays the same if somebody
 * changes a row by hand. The comparison runs in the database, because a decimal or JSON that is read back may be written
 * in another way. Writes only temporary tables.
 */
export async function compare(
  session: Session,
  schema: string,
  batch: RowBatch,
  now: Instant,
): Promise<readonly Compared[]> {
  const { stream } = batch
  const { root, children } = tablesOf(stream)
  const records = [...batch.records.values()]
  if (records.length === 0) return []
  const stage = stageOf(root)
  await session.createTempTable(stage, root.columns)
  await session.append({ schema: null, table: stage }, root.columns, rootRows(root, records, batch))
  const hasSameKey = sql`exists (select 1 from ${sql.table(stage)} as s where ${matches('s', root.key, 't', root.key)})`
  const differing = new Set(
    await differences(session, schema, root, keyAsText('d', root), root.columns.filter(isCompared), hasSameKey),
  )
  for (const [list, { table }] of children.entries()) {
    const [parent = ''] = table.key
    await session.createTempTable(stageOf(table), table.columns)
    await session.append({ schema: null, table: stageOf(table) }, table.columns, childRows(records, list))
    const hasParent = sql`exists (
      select 1 from ${sql.table(stage)} as s where ${matches('s', root.key, 't', [parent])})`
    const keys = await differences(session, schema, table, asText(`d.${parent}`), table.columns, hasParent)
    for (const key of keys) differing.add(key)
  }
  const { rows } = await sql<ComparedRow>`
    select ${keyAsText('s', root)} as key, min(${monthOf('s', stream)}) as created,
           cast(min(${changedAt(batch)}) as text) as changed, cast(max(t._synced_at) as text) as written,
           bool_or(case when t._synced_at is null then ${mayBeForgotten('s', stream, now)}
             else ${mayBeForgotten('t', stream, now)} end) as forgettable,
           cast(count(t._synced_at) as text) as found,
           cast(count(case when s._deleted_by is null or t._deleted_by is distinct from s._deleted_by then t._deleted_at end) as text) as deleted
    from ${sql.table(stage)} as s left join ${sql.table(`${schema}.${root.name}`)} as t
      on ${matches('s', root.key, 't', root.key)}
    group by 1`.execute(session.db)
  return rows.map(({ key, created, changed, written, found, deleted, forgettable }) => ({
    key,
    created,
    forgettable,
    verdict: found === '0' || deleted !== '0' ? 'missing' : differing.has(key) ? 'changed' : 'same',
    // Both are null for a time that somebody changed by hand to one that is none: repairing such rows is what this is for.
    changedAt: changed === null ? null : parseInstant(changed, 'UTC'),
    writtenAt: written === null ? null : parseInstant(written, 'UTC'),
  }))
}

interface ComparedRow {
  readonly key: string
  readonly created: Month
  readonly changed: string | null
  readonly written: string | null
  /** Rows with the key. */
  readonly found: string
  /** How many of them are marked as deleted, though the record does not say that it is. */
  readonly deleted: string
  readonly forgettable: boolean
}

const stageOf = (table: Table): string => identifier(`_compare_${table.name}`)

const isCompared = ({ name }: TableColumn): boolean => name === '_extra' || !Object.hasOwn(SYSTEM_COLUMNS, name)

/**
 * Keys of staged rows that the table lacks, or of which it has another number of rows. Staged rows all differ from each
 * other, so if the table has each of them, and as many rows, it has no other row with these keys.
 * @param which condition on the rows of the table, alias `t`.
 */
async function differences(
  { db }: Session,
  schema: string,
  table: Table,
  key: RawBuilder<string>,
  columns: readonly TableColumn[],
  which: RawBuilder<unknown>,
): Promise<readonly string[]> {
  const names = columns.map(({ name }) => name)
  const staged = sql`select ${sql.join(names.map(name => sql.ref(name)))} from ${sql.table(stageOf(table))}`
  const stored = sql`select ${sql.join(names.map(name => sql.ref(`t.${name}`)))}
    from ${sql.table(`${schema}.${table.name}`)} as t where ${which}`
  const keys = sql.join(table.key.map(name => sql.ref(name)))
  const { rows } = await sql<{ key: string }>`
    select ${key} as key from (${staged} except ${stored}) as d
    union
    select ${key} as key from (
      select ${keys}, 1 as n from ${sql.table(stageOf(table))} union all
      select ${keys}, -1 as n from ${sql.table(`${schema}.${table.name}`)} as t where ${which}
    ) as d group by 1 having sum(n) <> 0`.execute(db)
  return rows.map(row => row.key)
}

/** The stream's cursor; without one, the record's own time of change or of creation, if it has one. */
function changedAt({ stream: { sync, columns } }: RowBatch): RawBuilder<unknown> {
  if (sync.mode === 'incremental') return sql.ref(`s.${identifier(sync.cursor)}`)
  const times = ['updated_at', 'created_at'].filter(name => columns[name]?.kind === 'instant')
  return times.length === 0
    ? sql`cast(null as timestamptz)`
    : sql`coalesce(${sql.join(times.map(name => sql.ref(`s.${name}`)))})`
}
