import { type RawBuilder, sql } from 'kysely'
import { minus } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, tablesOf } from '../../schema/table.ts'
import type { ComparableKey, ComparableRows, Month } from '../destination.ts'
import type { Session } from './engine.ts'

const DAY = 86_400_000
/** Parts of a key in a text, as `FlatRecord.key` has them. */
const SEPARATOR = '\u001f'

/** The key of a row as one text. */
export const keyText = (alias: string, { key }: Table): RawBuilder<string> =>
  sql`${sql.join(
    key.map(name => sql`cast(${sql.ref(`${alias}.${name}`)} as text)`),
    sql` || chr(31) || `,
  )}`

/** Month of creation in UTC, for streams that say when a record was created. */
export function monthOf(alias: string, stream: Stream): RawBuilder<Month> {
  const column = createdColumn(alias, stream)
  return column === null ? sql`cast(null as text)` : sql`substr(cast(${column} at time zone 'UTC' as text), 1, 7)`
}

export function createdColumn(alias: string, { columns }: Stream): RawBuilder<unknown> | null {
  return columns.created_at?.kind === 'instant' ? sql.ref(`${alias}.created_at`) : null
}

/**
 * Whether the source may have forgotten the row, so that its absence says nothing. A row of another kind than those
 * that are forgotten may have become one since: only one changed within the source's memory cannot have been forgotten.
 * The edge is a day early, for clocks and for the time that a run takes.
 */
export function mayBeForgotten(alias: string, stream: Stream, now: Instant): RawBuilder<boolean> {
  const { retention, sync } = stream
  if (retention === null) return sql`false`
  const edge = at(minus(now, (retention.days - 1) * DAY))
  const by = sql.ref(`${alias}.${identifier(retention.by)}`)
  if (retention.when === undefined) return sql`coalesce(${by} < ${edge}, true)`
  const kind = sql.join(
    Object.entries(retention.when).map(
      ([column, values]) => sql`${sql.ref(`${alias}.${identifier(column)}`)} in (${sql.join([...values])})`,
    ),
    sql` and `,
  )
  const changed =
    sync.mode === 'incremental' ? sql`${sql.ref(`${alias}.${identifier(sync.cursor)}`)} < ${edge}` : sql`true`
  return sql`(case when ${by} is not null then ${by} < ${edge} when ${kind} then true else coalesce(${changed}, true) end)`
}

const at = (instant: Instant): RawBuilder<unknown> => sql`cast(${instant} as timestamptz)`

function condition(alias: string, { stream, now, since, before, writtenBy }: ComparableRows): RawBuilder<unknown> {
  const created = createdColumn(alias, stream)
  return sql.join(
    [
      sql`${sql.ref(`${alias}._deleted_at`)} is null`,
      sql`not ${mayBeForgotten(alias, stream, now)}`,
      ...(since !== null && created !== null ? [sql`${created} >= ${at(since)}`] : []),
      ...(before !== null && created !== null ? [sql`${created} < ${at(before)}`] : []),
      ...(writtenBy === null ? [] : [sql`${sql.ref(`${alias}._synced_at`)} <= ${at(writtenBy)}`]),
    ],
    sql` and `,
  )
}

export async function countComparable(
  { db }: Session,
  schema: string,
  rows: ComparableRows,
  where: readonly [column: string, value: string | null] | null,
): Promise<ReadonlyMap<Month, number>> {
  const { root } = tablesOf(rows.stream)
  const only =
    where === null ? sql`true` : sql`${sql.ref(`t.${identifier(where[0])}`)} is not distinct from ${where[1]}`
  const { rows: counted } = await sql<{ month: Month; n: string }>`
    select ${monthOf('t', rows.stream)} as month, cast(count(*) as text) as n
    from ${sql.table(`${schema}.${root.name}`)} as t where ${only} and ${condition('t', rows)} group by 1`.execute(db)
  return new Map(counted.map(({ month, n }) => [month, Number(n)]))
}

export async function distinctValues(
  { db }: Session,
  schema: string,
  stream: Stream,
  column: string,
): Promise<readonly (string | null)[]> {
  const { rows } = await sql<{ value: string | null }>`
    select distinct ${sql.ref(identifier(column))} as value
    from ${sql.table(`${schema}.${tablesOf(stream).root.name}`)}`.execute(db)
  return rows.map(({ value }) => value)
}

export async function listComparableKeys(
  { db }: Session,
  schema: string,
  rows: ComparableRows,
  after: string | null,
  most: number,
): Promise<readonly ComparableKey[]> {
  const { root } = tablesOf(rows.stream)
  const parts = root.key.map(name => sql.ref(`t.${name}`))
  const values = after?.split(SEPARATOR) ?? []
  const kinds = root.key.map(name => root.columns.find(column => column.name === name)?.kind)
  const beyond =
    after === null
      ? sql`true`
      : sql`(${sql.join(parts)}) > (${sql.join(
          values.map((value, i) => (kinds[i] === 'int' ? sql`cast(${value} as bigint)` : sql`cast(${value} as text)`)),
        )})`
  const listed = await sql<ComparableKey>`
    select ${keyText('t', root)} as key, ${monthOf('t', rows.stream)} as created
    from ${sql.table(`${schema}.${root.name}`)} as t where ${condition('t', rows)} and ${beyond}
    order by ${sql.join(parts)} limit ${sql.lit(most)}`.execute(db)
  return listed.rows.map(({ key, created }) => ({ key, created }))
}
