import { type RawBuilder, sql } from 'kysely'
import type { CellWriter } from '../../common/cell-writer.ts'
import { type BackfilledRow, type CellsByColumn, cellName, type ExtraRow, type Instant } from '../../common/model.ts'
import type { Columns } from '../../schema/column.ts'
import { historyTable } from '../../schema/history-table.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { CHILD_INDEX, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { blocks } from './blocks.ts'
import type { Session } from './engine.ts'

/** Rows read at a time. */
const BATCH = 1000

/** Rows with a value in `_extra`, in key order. @param after the last key of the batch before; null: from the start. */
export async function rowsWithExtra(
  { db }: Session,
  schema: string,
  stream: Stream,
  after: readonly string[] | null,
): Promise<ExtraRow[]> {
  const { root } = tablesOf(stream)
  const key = root.key.map(name => sql.ref(`t.${name}`))
  const isAfter =
    after === null
      ? sql`true`
      : sql`(${sql.join(key)}) > (${sql.join(keyColumns(root).map(({ kind }, i) => castKey(kind, after[i] ?? '')))})`
  const parts = key.map((ref, i) => sql`cast(${ref} as text) as ${sql.ref(`k${i}`)}`)
  const several = withSeveralNames(schema, stream)
  const positions = several.map(({ positions }, i) => sql`, ${positions} as ${sql.ref(`f${i}`)}`)
  const { rows } = await sql<Record<string, string | null>>`
    select ${sql.join(parts)}${sql.join(positions, sql``)}, cast(t._hash as text) as hash, cast(t._extra as text) as extra
    from ${sql.table(`${schema}.${root.name}`)} as t
    where t._extra is not null and ${isAfter} order by ${sql.join(key)} limit ${sql.lit(BATCH)}`.execute(db)
  return rows.map(row => ({
    key: key.map((_, i) => row[`k${i}`] ?? ''),
    hash: row.hash ?? '',
    extra: row.extra ?? 'null',
    filled: new Set(
      several.flatMap(({ column, list }, i) =>
        (row[`f${i}`] ?? '').split(',').flatMap(at => (at === '' ? [] : [cellName(column, list, Number(at))])),
      ),
    ),
  }))
}

/** A column with several names. */
interface Several {
  readonly column: string
  /** The list whose rows have it; empty: the row itself. */
  readonly list: string
  /** The positions of the rows where it has a value, separated by commas; of the row itself 0. */
  readonly positions: RawBuilder<unknown>
}

function withSeveralNames(schema: string, stream: Stream): Several[] {
  const { root, children } = tablesOf(stream)
  const [key = ''] = root.key
  const severalOf = (columns: Columns = {}): string[] =>
    Object.keys(columns).filter(name => (columns[name]?.also.length ?? 0) > 0)
  return [
    ...severalOf(stream.columns).map(column => ({
      column,
      list: '',
      positions: sql`case when ${sql.ref(`t.${identifier(column)}`)} is not null then '0' end`,
    })),
    ...children.flatMap(({ child, table }) =>
      severalOf(stream.children[child]?.columns).map(column => ({
        column,
        list: child,
        positions: sql`(select string_agg(cast(${sql.ref(`c.${CHILD_INDEX}`)} as text), ',')
          from ${sql.table(`${schema}.${table.name}`)} as c
          where ${sql.ref(`c.${table.key[0] ?? ''}`)} = ${sql.ref(`t.${key}`)}
            and ${sql.ref(`c.${identifier(column)}`)} is not null)`,
      })),
    ),
  ]
}

const castKey = (kind: TableColumn['kind'], text: string) =>
  kind === 'int' ? sql`cast(${text} as bigint)` : sql`${text}`

const keyColumns = (table: Table): TableColumn[] =>
  table.key.flatMap(name => table.columns.filter(column => column.name === name))

const HASH: TableColumn = { name: '_hash', kind: 'int', required: true, doc: '' }
const EXTRA: TableColumn = { name: '_extra', kind: 'json', required: false, doc: '' }

/**
 * Moves values from the `_extra` of rows into their columns. A row written since it was read is skipped: its fingerprint
 * has changed.
 * @param versioned every version of the rows is kept.
 */
export async function backfillColumns(
  session: Session,
  schema: string,
  stream: Stream,
  backfilled: readonly BackfilledRow[],
  { at, versioned }: { readonly at: Instant; readonly versioned: boolean },
): Promise<void> {
  const { root, children } = tablesOf(stream)
  const keys = keyColumns(root)
  // Child tables first: the fingerprint of the row in the stream's own table is checked for them too.
  for (const { child, table } of children) {
    await addRows(session, schema, stream, child, table, backfilled)
    const rows = backfilled.flatMap(({ row, lists }) =>
      [...(lists.get(child) ?? [])].map(([index, cells]) => ({ row, index, cells })),
    )
    const columns = columnsWithValues(
      table,
      stream.children[child]?.columns ?? {},
      rows.map(({ cells }) => cells),
    )
    if (columns.length === 0) continue
    const [parent = ''] = table.key
    const index: TableColumn = { name: CHILD_INDEX, kind: 'int', required: true, doc: '' }
    const staged = [...keys.map(key => ({ ...key, name: parent })), index, HASH, ...columns.map(([, column]) => column)]
    const stage = await stageRows(session, table, staged, rows, (to, { row, index, cells }) => {
      putKey(to, keys, row)
      to.int(index)
      to.bigint(BigInt(row.hash))
      for (const [name] of columns) put(to, cells.get(name))
    })
    const [key = ''] = root.key
    await sql`
      update ${sql.table(`${schema}.${table.name}`)} as t set ${assignments(columns)} from ${sql.table(stage)} as s
      where ${equal(table.key, 's')} and exists (
        select 1 from ${sql.table(`${schema}.${root.name}`)} as r
        where ${sql.ref(`r.${key}`)} = ${sql.ref(`s.${parent}`)} and r._hash = s._hash)`.execute(session.db)
  }
  const columns = columnsWithValues(
    root,
    stream.columns,
    backfilled.map(({ cells }) => cells),
  )
  const staged = [...keys, HASH, EXTRA, ...columns.map(([, column]) => column)]
  const stage = await stageRows(session, root, staged, backfilled, (to, { row, extra, cells }) => {
    putKey(to, keys, row)
    to.bigint(BigInt(row.hash))
    if (extra === null) to.null()
    else to.json(extra)
    for (const [name] of columns) put(to, cells.get(name))
  })
  const set = columns.length === 0 ? sql`` : sql`, ${assignments(columns)}`
  await sql`
    update ${sql.table(`${schema}.${root.name}`)} as t set _extra = s._extra, _synced_at = ${at}${set}
    from ${sql.table(stage)} as s where ${equal(root.key, 's')} and t._hash = s._hash`.execute(session.db)
  // The open version stays equal to its row: a value that moves is no change.
  if (versioned)
    await sql`
      update ${sql.table(`${schema}.${historyTable(stream).name}`)} as t set _extra = s._extra${set}
      from ${sql.table(stage)} as s
      where ${equal(root.key, 's')} and t.valid_to is null and t._hash = s._hash`.execute(session.db)
}

/** Adds the rows of a list that was not declared when the rows of the stream were loaded. */
async function addRows(
  session: Session,
  schema: string,
  stream: Stream,
  child: string,
  table: Table,
  backfilled: readonly BackfilledRow[],
): Promise<void> {
  const { root } = tablesOf(stream)
  const rows = backfilled.flatMap(({ row, newLists }) =>
    (newLists?.get(child) ?? []).map((cells, index) => ({ row, index, cells })),
  )
  if (rows.length === 0) return
  const declared = Object.keys(stream.children[child]?.columns ?? {})
  const write = (to: CellWriter, { row, index, cells }: (typeof rows)[number]): void => {
    putKey(to, keyColumns(root), row)
    to.int(index)
    for (const name of declared) put(to, cells.get(name))
    to.bigint(BigInt(row.hash))
  }
  const stage = await stageRows(session, table, [...table.columns, HASH], rows, write, '_added')
  const [parent = ''] = table.key
  const [key = ''] = root.key
  const names = table.columns.map(({ name }) => name)
  await sql`
    insert into ${sql.table(`${schema}.${table.name}`)} (${sql.join(names.map(name => sql.ref(name)))})
    select ${sql.join(names.map(name => sql.ref(`s.${name}`)))} from ${sql.table(stage)} as s
    where exists (
        select 1 from ${sql.table(`${schema}.${root.name}`)} as r
        where ${sql.ref(`r.${key}`)} = ${sql.ref(`s.${parent}`)} and r._hash = s._hash)
      and not exists (
        select 1 from ${sql.table(`${schema}.${table.name}`)} as t
        where ${sql.ref(`t.${parent}`)} = ${sql.ref(`s.${parent}`)})`.execute(session.db)
}

/** Columns for which some row has a value, each with its declared name. */
function columnsWithValues(
  { columns }: Table,
  declared: Readonly<Record<string, unknown>>,
  rows: readonly CellsByColumn[],
): (readonly [name: string, column: TableColumn])[] {
  const found = new Set(rows.flatMap(cells => [...cells.keys()]))
  return Object.keys(declared)
    .filter(name => found.has(name))
    .flatMap(name => columns.filter(column => column.name === identifier(name)).map(column => [name, column] as const))
}

/** A temporary table of the rows. @param prefix of its name, another one for each use in a transaction. @returns its name. */
async function stageRows<T>(
  session: Session,
  table: Table,
  columns: readonly TableColumn[],
  rows: readonly T[],
  write: (to: CellWriter, row: T) => void,
  prefix = '_backfill',
): Promise<string> {
  const stage = identifier(`${prefix}_${table.name}`)
  await session.createTempTable(stage, columns)
  await session.append(
    { schema: null, table: stage },
    columns,
    blocks(rows, (to, row) => {
      to.short(columns.length)
      write(to, row)
      return 1
    }),
  )
  return stage
}

function putKey(to: CellWriter, keys: readonly TableColumn[], { key }: ExtraRow): void {
  for (const [i, { kind }] of keys.entries())
    if (kind === 'int') to.bigint(BigInt(key[i] ?? ''))
    else to.text(key[i] ?? '')
}

function put(to: CellWriter, cell: Buffer | undefined): void {
  if (cell === undefined) to.null()
  else to.copy(cell, 0, cell.length)
}

const assignments = (columns: readonly (readonly [name: string, column: TableColumn])[]): RawBuilder<unknown> =>
  sql.join(
    columns.map(([, { name }]) => sql`${sql.ref(name)} = coalesce(${sql.ref(`s.${name}`)}, ${sql.ref(`t.${name}`)})`),
  )

const equal = (key: readonly string[], other: string): RawBuilder<unknown> =>
  sql.join(
    key.map(name => sql`${sql.ref(`t.${name}`)} = ${sql.ref(`${other}.${name}`)}`),
    sql` and `,
  )
