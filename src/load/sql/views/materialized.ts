import { createHash } from 'node:crypto'
import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import { DestinationError } from '../../../common/errors.ts'
import { identifier } from '../../../schema/name.ts'
import type { Table } from '../../../schema/table.ts'
import { readsOf, tablesReadBy, VIEW_SCHEMAS, type View } from '../../../schema/view.ts'
import type { CatalogEntry, Engine, Session } from '../engine.ts'
import type { LedgerEntry } from './ledger.ts'
import { literal, quoted } from './quoted.ts'
import type { ViewTexts } from './view-texts.ts'

/** Name of the table, in the schema of the tables, that keeps the rows of a view. */
export const tableOf = ({ name }: Pick<View, 'name'>): string => identifier(`_view_${name}`)

interface Materializing {
  readonly engine: Engine
  readonly schema: string
  readonly view: View
  readonly entry: LedgerEntry
  readonly texts: ViewTexts
  /** What has the name of its table; undefined: nothing. */
  readonly found: CatalogEntry | undefined
}

/**
 * Makes the table of a view anew and has the view read it, in one transaction: who reads the view sees the rows before or
 * those after.
 * @throws {DestinationError} `not_ours`, `locked`
 */
export async function materialize(
  session: Session,
  { engine, schema, view, entry, texts, found }: Materializing,
  signal: AbortSignal,
): Promise<void> {
  const table = tableOf(view)
  const doc = `Rows of the view ${schema}${VIEW_SCHEMAS[view.schema]}.${view.name}, made anew after a sync.`
  if (found !== undefined && (found.kind !== 'table' || found.comment !== doc))
    throw new DestinationError(
      'not_ours',
      `${schema}.${table}, the name of the table for its rows, is a ${found.kind} that this program did not make`,
    )
  const qualified = `${quoted(schema)}.${quoted(table)}`
  const fill = texts.query(view, entry.columns)
  const comment = `comment on table ${qualified} is ${literal(doc)}`
  const statements = engine.viewsHold
    ? // The view holds the table before, so it is told of the new one first. It follows the new one to its name.
      [
        `create table ${qualified.replace(/"$/, '_new"')} as ${fill}`,
        texts.create(view, texts.tableQuery(view, entry.columns, `${table}_new`)),
        `drop table if exists ${qualified}`,
        `alter table ${qualified.replace(/"$/, '_new"')} rename to ${quoted(table)}`,
        comment,
        `analyze ${qualified}`,
      ]
    : [
        `create or replace table ${qualified} as ${fill}`,
        comment,
        ...(entry.refreshed === null
          ? [texts.create(view, texts.tableQuery(view, entry.columns, table)), ...texts.comments(view)]
          : []),
      ]
  await session.longDdl(
    statements.map(statement => CompiledQuery.raw(statement)),
    signal,
  )
}

interface Declared {
  readonly views: readonly View[]
  readonly tables: readonly Table[]
  readonly catalog: ReadonlyMap<string, CatalogEntry>
}

/**
 * Reads, in one statement, what says that rows of a table have changed: the newest time and the number of rows
 * in the table of a stream, the newest version in a history, and the number of rows in a system table.
 * @returns a hash of what a view's rows are made from.
 */
export async function dataVersions(
  session: Session,
  schema: string,
  materialized: readonly View[],
  { views, tables, catalog }: Declared,
): Promise<(view: View, hash: string) => string> {
  const byName = new Map(tables.map(table => [table.name, table]))
  const rootOf = (name: string): string => {
    const table = byName.get(name)
    return table?.stream === undefined ? name : identifier(table.stream)
  }
  const reads = new Map(materialized.map(view => [view, new Set([...tablesBelow(view, views)].map(rootOf))]))
  const names = [...new Set([...reads.values()].flatMap(found => [...found]))]
    .filter(name => catalog.has(`${schema}.${name}`))
    .sort()
  const parts = names.map(
    name => sql`select ${sql.lit(name)} as name, cast(${newest(schema, name, byName.get(name))} as text) as version
    from ${sql.table(`${schema}.${name}`)}`,
  )
  const { rows } =
    parts.length === 0
      ? { rows: [] }
      : await sql<{ name: string; version: string | null }>`${sql.join(parts, sql` union all `)}`.execute(session.db)
  const versions = new Map(rows.map(({ name, version }) => [name, version]))
  return (view, hash) =>
    createHash('sha256')
      .update(JSON.stringify([hash, [...(reads.get(view) ?? [])].sort().map(name => [name, versions.get(name)])]))
      .digest('hex')
      .slice(0, 32)
}

function newest(schema: string, name: string, table: Table | undefined): RawBuilder<unknown> {
  if (name === '_sync_checkpoints') return sql`concat(max(watermark), ' ', max(complete_from), ' ', min(complete_from))`
  if (table?.historyOf !== undefined) return sql`concat(max(valid_from), ' ', max(valid_to))`
  if (table?.stream !== undefined)
    return sql`concat(max(_synced_at), ' ',
      (select c.rows from ${sql.table(`${schema}._sync_checkpoints`)} as c where c.stream = ${sql.lit(table.stream)}))`
  return sql`count(*)`
}

/** The tables that a view reads, also through other views. */
function tablesBelow(view: View, views: readonly View[], seen = new Set<View>()): ReadonlySet<string> {
  seen.add(view)
  const below = views.filter(
    other => other.schema === view.schema && readsOf(view.sql).has(other.name) && !seen.has(other),
  )
  return new Set([...tablesReadBy(view.sql), ...below.flatMap(other => [...tablesBelow(other, views, seen)])])
}
