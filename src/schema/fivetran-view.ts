import type { ColumnKind, Columns } from './column.ts'
import { childName } from './name.ts'
import type { Stream } from './stream.ts'
import { SYSTEM_COLUMNS, type Table, tablesOf } from './table.ts'
import { type View, type ViewColumn, type ViewKind, view } from './view.ts'

/** The rows that a view shows: those of a table named `t`, whose owner is named so too unless it is another table. */
interface Rows {
  readonly stream: Stream
  readonly table: Table
  /** What the columns of the table mean. */
  readonly declared: Columns
  /** Name of the stream's own table in the query. */
  readonly owner: string
}

interface Shown {
  readonly column: ViewColumn
  /** The expression that gives the value. */
  readonly sql: string
}

/** Where a column comes from. */
export type FivetranColumn = (rows: Rows) => Shown

interface FivetranInput {
  readonly name: string
  readonly doc: string
  readonly of: Stream
  /** A list of the stream, whose elements are the rows. Default: the records themselves. */
  readonly list?: string
  /** A relation with the columns of the stream's own table, in place of that table. */
  readonly rows?: string
  /** Whether rows stay whose record is gone, marked by `_fivetran_deleted` where the layout has that column. */
  readonly gone: 'kept' | 'left out'
  readonly grain: readonly string[]
  readonly columns: Readonly<Record<string, FivetranColumn>>
}

/** A view that has the rows and columns that Fivetran's connector for Recharge writes into the table of this name. */
export function fivetranView({ name, doc, of, list, rows: relation, gone, grain, columns }: FivetranInput): View {
  const { root } = tablesOf(of)
  const rows = rowsOf(of, list)
  const shown = Object.entries(columns).map(([column, source]) => [column, source(rows)] as const)
  const from =
    list === undefined
      ? `${relation ?? `{{table ${root.name}}}`} as t`
      : `{{table ${rows.table.name}}} as t\njoin {{table ${root.name}}} as o on o."${root.key[0]}" = t."${rows.table.key[0]}"`
  return view({
    name,
    layer: 'fivetran',
    doc,
    grain,
    columns: Object.fromEntries(shown.map(([column, { column: declared }]) => [column, declared])),
    sql: `
select
${shown.map(([column, { sql }]) => `  ${sql} as "${column}"`).join(',\n')}
from ${from}${gone === 'kept' ? '' : `\nwhere ${rows.owner}._deleted_at is null`}`,
  })
}

function rowsOf(stream: Stream, list: string | undefined): Rows {
  const { root, children } = tablesOf(stream)
  if (list === undefined) return { stream, table: root, declared: stream.columns, owner: 't' }
  const table = children.find(({ child }) => child === list)?.table
  const declared = stream.children[list]?.columns
  if (table === undefined || declared === undefined) throw new Error(`there is no list ${childName(stream.name, list)}`)
  return { stream, table, declared, owner: 'o' }
}

interface Value {
  readonly kind: ColumnKind
  readonly doc: string
  readonly sql: string
}

function columnOf({ stream, table, declared }: Rows, name: string): Value {
  const column = table.columns.find(column => column.name === name)
  if (column === undefined) throw new Error(`there is no column ${table.name}.${name}`)
  const ofOwner = table.name !== stream.name && name === table.key[0]
  const doc = declared[name]?.doc ?? (ofOwner ? `Id of the ${stream.singular}.` : column.doc)
  return { kind: column.kind, doc, sql: `t."${name}"` }
}

/** Instants and days become times in UTC without a zone. Everything else keeps its type, and money its decimals. */
const TIMES: Partial<Record<ColumnKind, (value: string) => string>> = {
  instant: value => `${value} at time zone 'UTC'`,
  day: value => `cast(${value} as timestamp)`,
}

/** A column of the same rows. */
export const from =
  (name: string): FivetranColumn =>
  rows => {
    const { kind, doc, sql } = columnOf(rows, name)
    const time = TIMES[kind]
    return time === undefined ? shown(kind, doc, sql) : shown('time', doc, time(sql))
  }

/** A column of the same rows, as its text. */
export const asText =
  (name: string): FivetranColumn =>
  rows => {
    const { doc, sql } = columnOf(rows, name)
    return shown('text', doc, `cast(${sql} as text)`)
  }

/** A text of the same rows, as a whole number. */
export const asInt =
  (name: string): FivetranColumn =>
  rows => {
    const { doc, sql } = columnOf(rows, name)
    const meaning = `${doc} Null where it is not a number of at most 18 digits.`
    return shown('int', meaning, `case when ${sql} ~ '^[0-9]{1,18}$' then cast(${sql} as bigint) end`)
  }

/** What the API does not have. */
export const absent =
  (kind: 'text' | 'int', doc: string): FivetranColumn =>
  () =>
    shown(kind, `${doc} Always null, because the API has no such field.`, 'null')

/** @param sql an expression over the rows, which are named `t`. */
export const computed =
  (kind: ViewKind, doc: string, sql: string): FivetranColumn =>
  () =>
    shown(kind, doc, sql)

/** Whether the record is gone. */
export const deleted: FivetranColumn = ({ owner }) =>
  shown('flag', 'Whether the record is gone from Recharge.', `${owner}._deleted_at is not null`)

/** When the record last changed in the warehouse. */
export const synced: FivetranColumn = ({ owner }) =>
  shown('time', SYSTEM_COLUMNS._synced_at.doc, `${owner}._synced_at at time zone 'UTC'`)

const shown = (kind: ViewKind, doc: string, sql: string): Shown => ({ column: { kind, doc, values: [] }, sql })
