import { sql } from 'kysely'
import type { Table } from '../../../schema/table.ts'
import { inOrder, type Rendering, render, VIEW_SCHEMAS, type View, type ViewKind } from '../../../schema/view.ts'
import type { Engine, Session } from '../engine.ts'
import { hasTable } from '../schema-changes.ts'
import { SYSTEM_TABLES } from '../system-tables.ts'

/** Types of the kinds that only views have. */
const TYPES: Readonly<Record<Exclude<ViewKind, Parameters<Engine['columnType']>[0]>, string>> = {
  amount: 'decimal(18, 4)',
  ratio: 'decimal(18, 6)',
  time: 'timestamp',
}

export interface ViewOptions {
  readonly engine: Engine
  /** Schema of the tables. */
  readonly schema: string
  readonly views: readonly View[]
  /** Every declared table of a stream, and those of versions. */
  readonly tables: readonly Table[]
  /** The reporting zone. */
  readonly zone: string
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Makes all views, and replaces those that exist. */
export async function createViews(session: Session, options: ViewOptions): Promise<void> {
  const { engine, schema, views } = options
  const typeOf = (kind: ViewKind): string =>
    kind in TYPES
      ? TYPES[kind as keyof typeof TYPES]
      : sql`${engine.columnType(kind as Parameters<Engine['columnType']>[0])}`.compile(session.db).sql
  const tables = new Map<string, string>()
  for (const table of [...SYSTEM_TABLES, ...options.tables])
    tables.set(
      table.name,
      (await hasTable(session, schema, table.name))
        ? `${quoted(schema)}.${quoted(table.name)}`
        : `(select ${table.columns.map(({ name, kind }) => `cast(null as ${typeOf(kind)}) as ${quoted(name)}`).join(', ')} where false)`,
    )
  const tableOf = (name: string): string => {
    const found = tables.get(name)
    if (found === undefined) throw new Error(`there is no table ${name}`)
    return found
  }
  for (const kind of ['analytics', 'fivetran'] as const) {
    const wanted = views.filter(view => view.schema === kind)
    if (wanted.length === 0) continue
    const inSchema = quoted(schema + VIEW_SCHEMAS[kind])
    await run(session, `create schema if not exists ${inSchema}`)
    const rendering: Rendering = { view: name => `${inSchema}.${quoted(name)}`, table: tableOf, zone: options.zone }
    for (const view of inOrder(wanted)) await run(session, createView(view, rendering, typeOf))
  }
}

function createView(
  { name, columns, sql: text }: View,
  rendering: Rendering,
  typeOf: (kind: ViewKind) => string,
): string {
  const cast = Object.entries(columns).map(
    ([column, { kind }]) => `cast(v.${quoted(column)} as ${typeOf(kind)}) as ${quoted(column)}`,
  )
  return `create or replace view ${rendering.view(name)} as\nselect ${cast.join(', ')}\nfrom (${render(text, rendering)}) as v`
}

const run = (session: Session, text: string): Promise<unknown> => sql.raw(text).execute(session.db)
