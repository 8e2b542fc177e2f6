import { type RawBuilder, sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Instant, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { SYSTEM_COLUMNS, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import type { Compared, Month } from '../destination.ts'
import { keyText, mayBeForgotten, monthOf } from './comparable-rows.ts'
import type { Session } from './engine.ts'
import { matches } from './merge.ts'
import { childRows, rootRows } from './rows.ts'

/**
 * Each record beside its row and the rows it owns, value by value. Not by `_hash`: who changes a row behind our back
 * does not change that. The records are brought to the database and compared there, because a decimal or a JSON that is
 * read back is no longer what was stored. Writes nothing but temporary tables.
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
  const here = sql`exists (select 1 from ${sql.table(stage)} as s where ${matches('s', root.key, 't', root.key)})`
  const differing = new Set(
    await differences(session, schema, root, keyText('d', root), root.columns.filter(compared), here),
  )
  for (const [list, { table }] of children.entries()) {
    const [owner = ''] = table.key
    await session.createTempTable(stageOf(table), table.columns)
    await session.append({ schema: null, table: stageOf(table) }, table.columns, childRows(records, list))
    const theirs = sql`exists (select 1 from ${sql.table(stage)} as s where ${matches('s', root.key, 't', [owner])})`
    const key = sql<string>`cast(${sql.ref(`d.${owner}`)} as text)`
    for (const differs of await differences(session, schema, table, key, table.columns, theirs)) differing.add(differs)
  }
  const changed = changedAt(batch)
  const { rows } = await sql<Found>`
    select ${keyText('s', root)} as key, min(${monthOf('s', stream)}) as created,
           cast(min(${changed}) as text) as changed, cast(max(t._synced_at) as text) as written,
           bool_or(case when t._synced_at is null then ${mayBeForgotten('s', stream, now)}
             else ${mayBeForgotten('t', stream, now)} end) as forgettable,
           cast(count(t._synced_at) as text) as there, cast(count(t._deleted_at) as text) as marked
    from ${sql.table(stage)} as s left join ${sql.table(`${schema}.${root.name}`)} as t
      on ${matches('s', root.key, 't', root.key)}
    group by 1`.execute(session.db)
  return rows.map(({ key, created, changed, written, there, marked, forgettable }) => ({
    key,
    created,
    forgettable,
    verdict: there === '0' || marked !== '0' ? 'missing' : differing.has(key) ? 'changed' : 'same',
    changedAt: changed === null ? null : parseInstant(changed, 'UTC'),
    writtenAt: written === null ? null : parseInstant(written, 'UTC'),
  }))
}

interface Found {
  readonly key: string
  readonly created: Month
  readonly changed: string | null
  readonly written: string | null
  readonly there: string
  readonly marked: string
  readonly forgettable: boolean
}

const stageOf = (table: Table): string => identifier(`_compare_${table.name}`)

const compared = ({ name }: TableColumn): boolean => name === '_extra' || !Object.hasOwn(SYSTEM_COLUMNS, name)

/**
 * Keys of which the tables lack a row, or have another number of rows. No two staged rows are alike, so where all are
 * there and as many as there should be, there is no other.
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

/** By the stream's cursor; where it has none, by what the record itself says, if it does. */
function changedAt({ stream: { sync, columns } }: RowBatch): RawBuilder<unknown> {
  if (sync.mode === 'incremental') return sql.ref(`s.${identifier(sync.cursor)}`)
  const said = ['updated_at', 'created_at'].filter(name => columns[name]?.kind === 'instant')
  return said.length === 0
    ? sql`cast(null as timestamptz)`
    : sql`coalesce(${sql.join(said.map(name => sql.ref(`s.${name}`)))})`
}
