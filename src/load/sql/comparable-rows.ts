import { type RawBuilder, sql } from 'kysely'
import { minus } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import type { ComparableKey, ComparableRows, Month } from '../reconciliation.ts'
import { KEY_SEPARATOR, keyAsText } from './as-text.ts'
import type { Session } from './engine.ts'

const DAY_MS = 86_400_000

/** Month of creation in UTC; null for streams whose records do not say when they were created. */
export function monthOf(alias: string, stream: Stream): RawBuilder<Month> {
  const column = createdColumn(alias, stream)
  return column === null ? sql`cast(null as text)` : sql`substr(cast(${column} at time zone 'UTC' as text), 1, 7)`
}

/** The time of creation; null for streams whose records do not say it. */
export function createdColumn(alias: string, { columns }: Stream): RawBuilder<unknown> | null {
  return columns.created_at?.kind === 'instant' ? sql.ref(`${alias}.created_at`) : null
}

/**
 * Whether the source may have forgotten the row, so that its absence proves nothing. Retention applies to some kinds of
 * records, and a row of another kind may have become one of them since it was read; only a row changed within the
 * retention cannot have been forgotten. The limit is one day early, since clocks differ and a run takes time.
 */
export function mayBeForgotten(alias: string, stream: Stream, now: Instant): RawBuilder<boolean> {
  const { retention, sync } = stream
  if (retention === null) return sql`false`
  const limit = at(minus(now, (retention.days - 1) * DAY_MS))
  const by = sql.ref(`${alias}.${identifier(retention.by)}`)
  if (retention.when === undefined) return sql`coalesce(${by} < ${limit}, true)`
  const kind = sql.join(
    Object.entries(retention.when).map(
      ([column, values]) => sql`${sql.ref(`${alias}.${identifier(column)}`)} in (${sql.join([...values])})`,
    ),
    sql` and `,
  )
  const changed =
    sync.mode === 'incremental' ? sql`${sql.ref(`${alias}.${identifier(sync.cursor)}`)} < ${limit}` : sql`true`
  return sql`(case when ${by} is not null then ${by} < ${limit} when ${kind} then true else coalesce(${changed}, true) end)`
}

const at = (instant: Instant): RawBuilder<unknown> => sql`cast(${instant} as timestamptz)`

function isComparable(alias: string, { stream, now, since, before, writtenBy }: ComparableRows): RawBuilder<unknown> {
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

/** Comparable rows by month. @param where a column and the value that it has. */
export async function countComparable(
  { db }: Session,
  schema: string,
  rows: ComparableRows,
  where: readonly [column: string, value: string | null] | null,
): Promise<ReadonlyMap<Month, number>> {
  const { root } = tablesOf(rows.stream)
  const hasValue =
    where === null ? sql`true` : sql`${sql.ref(`t.${identifier(where[0])}`)} is not distinct from ${where[1]}`
  const { rows: counted } = await sql<{ month: Month; n: string }>`
    select ${monthOf('t', rows.stream)} as month, cast(count(*) as text) as n
    from ${sql.table(`${schema}.${root.name}`)} as t where ${hasValue} and ${isComparable('t', rows)} group by 1`.execute(
    db,
  )
  return new Map(counted.map(({ month, n }) => [month, Number(n)]))
}

/** The distinct values of a column, deleted rows included. */
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

/** Keys of comparable rows in key order. @param after the last key of the list before. @param most keys returned. */
export async function listComparableKeys(
  { db }: Session,
  schema: string,
  rows: ComparableRows,
  after: string | null,
  most: number,
): Promise<readonly ComparableKey[]> {
  const { root } = tablesOf(rows.stream)
  const parts = root.key.map(name => sql.ref(`t.${name}`))
  const values = after?.split(KEY_SEPARATOR) ?? []
  const kinds = root.key.map(name => root.columns.find(column => column.name === name)?.kind)
  const isAfter =
    after === null
      ? sql`true`
      : sql`(${sql.join(parts)}) > (${sql.join(
          values.map((value, i) => (kinds[i] === 'int' ? sql`cast(${value} as bigint)` : sql`cast(${value} as text)`)),
        )})`
  const listed = await sql<ComparableKey>`
    select ${keyAsText('t', root)} as key, ${monthOf('t', rows.stream)} as created
    from ${sql.table(`${schema}.${root.name}`)} as t where ${isComparable('t', rows)} and ${isAfter}
    order by ${sql.join(parts)} limit ${sql.lit(most)}`.execute(db)
  return listed.rows.map(({ key, created }) => ({ key, created }))
}
