import { createHash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { Table } from '../../../schema/table.ts'
import {
  isColumnKind,
  type Rendering,
  render,
  type TypedColumn,
  VIEW_SCHEMAS,
  VIEW_TYPES,
  type View,
  type ViewKind,
} from '../../../schema/view.ts'
import type { CatalogEntry, Engine, Session } from '../engine.ts'
import { SYSTEM_TABLES } from '../system-tables.ts'
import { literal, quoted } from './quoted.ts'

export interface ViewTextOptions {
  readonly engine: Engine
  readonly session: Session
  /** Schema of the tables. */
  readonly schema: string
  /** Every declared table of a stream, and those of versions. */
  readonly tables: readonly Table[]
  /** The reporting zone. */
  readonly zone: string
  /** What there is in the schema of the tables, by `schema.name`. */
  readonly catalog: ReadonlyMap<string, CatalogEntry>
}

/** Writes the SQL of views, for one warehouse. */
export interface ViewTexts {
  /** Its name in quotes. */
  nameOf(view: View): string
  /** The query of a view, with its columns in this order and of their declared types. */
  query(view: View, columns: readonly TypedColumn[]): string
  /** The query that reads the view's table instead. */
  tableQuery(view: View, columns: readonly TypedColumn[], table: string): string
  create(view: View, query: string): string
  /** The comments of the view and of its columns. */
  comments(view: View): readonly string[]
}

export function viewTexts({ engine, session, schema, tables, zone, catalog }: ViewTextOptions): ViewTexts {
  const compiled = (part: RawBuilder<unknown>): string => part.compile(session.db).sql
  const types = new Map<ViewKind, string>()
  /** Compiled once: there are thousands of columns. */
  const typeOf = (kind: ViewKind): string => {
    const known = types.get(kind)
    if (known !== undefined) return known
    const type = isColumnKind(kind) ? compiled(sql`${engine.columnType(kind)}`) : VIEW_TYPES[kind]
    types.set(kind, type)
    return type
  }
  const declared = new Map([...SYSTEM_TABLES, ...tables].map(table => [table.name, table]))
  const nullOf = ({ name, kind }: Table['columns'][number]): string =>
    `cast(null as ${typeOf(kind)}) as ${quoted(name)}`
  /** A table that is not there is empty, and a column that is not there yet is null in each row. */
  const tableOf = (name: string): string => {
    const table = declared.get(name)
    if (table === undefined) throw new Error(`there is no table ${name}`)
    const found = catalog.get(`${schema}.${name}`)
    if (found === undefined) return `(select ${table.columns.map(nullOf).join(', ')} where false)`
    const relation = `${quoted(schema)}.${quoted(name)}`
    const missing = table.columns.filter(column => !found.columns.includes(column.name))
    if (missing.length === 0) return relation
    const there = table.columns.filter(column => found.columns.includes(column.name)).map(column => quoted(column.name))
    return `(select ${[...there, ...missing.map(nullOf)].join(', ')} from ${relation})`
  }
  const inSchema = (kind: View['schema'], name: string): string =>
    `${quoted(schema + VIEW_SCHEMAS[kind])}.${quoted(name)}`
  const nameOf = (view: View): string => inSchema(view.schema, view.name)
  const columnsFrom = (columns: readonly TypedColumn[], relation: string): string =>
    `select ${columns
      .map(({ name, kind }) => `cast(v.${quoted(name)} as ${typeOf(kind)}) as ${quoted(name)}`)
      .join(', ')}\nfrom ${relation} as v`
  return {
    nameOf,
    query: (view, columns) => {
      const rendering: Rendering = {
        view: name => inSchema(view.schema, name),
        table: tableOf,
        zone,
        elements: list => compiled(engine.jsonElements(sql.raw(list))),
        member: (object, name) => `(${compiled(engine.jsonMember(sql.raw(object), name))})`,
      }
      return columnsFrom(columns, `(${render(view.sql, rendering)})`)
    },
    tableQuery: (_view, columns, table) => columnsFrom(columns, `${quoted(schema)}.${quoted(table)}`),
    create: (view, query) => `create or replace view ${nameOf(view)} as\n${query}`,
    comments: view => [
      `comment on view ${nameOf(view)} is ${literal(view.doc)}`,
      ...Object.entries(view.columns).map(
        ([column, { doc }]) => `comment on column ${nameOf(view)}.${quoted(column)} is ${literal(doc)}`,
      ),
    ],
  }
}

/** Hash of a view's text and of its comments. */
export const hashOf = (view: View, query: string): string =>
  createHash('sha256')
    .update(JSON.stringify([query, view.doc, Object.entries(view.columns).map(([name, { doc }]) => [name, doc])]))
    .digest('hex')
    .slice(0, 32)

/**
 * The columns of a view in the order in which it is made: those that it has had keep their places, and new ones come last,
 * so that what others have built on it stays.
 */
export function columnOrder(view: View, before: readonly TypedColumn[]): readonly TypedColumn[] {
  const declared = Object.entries(view.columns).map(([name, { kind }]) => ({ name, kind }))
  const known = before.flatMap(({ name }) => declared.filter(column => column.name === name))
  return [...known, ...declared.filter(({ name }) => !before.some(column => column.name === name))]
}

/** Whether a view can be replaced in place: each of its columns stays where it is, with its type. */
export const keepsColumns = (before: readonly TypedColumn[], after: readonly TypedColumn[]): boolean =>
  before.every(({ name, kind }, i) => after[i]?.name === name && after[i]?.kind === kind)
