import { type RawBuilder, sql } from 'kysely'
import type { CellWriter } from '../../common/cell-writer.ts'
import type { BackfilledRow, CellsByColumn, ExtraRow, Instant } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { CHILD_INDEX, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { blocks } from './blocks.ts'
import type { Session } from './engine.ts'

/** Rows asked for, and backfilled, at once. */
const TOGETHER = 1000

/** Rows with something in `_extra`, by key, after the given one. */
export async function extrasOf(
  { db }: Session,
  schema: string,
  stream: Stream,
  after: readonly string[] | null,
): Promise<ExtraRow[]> {
  const { root } = tablesOf(stream)
  const key = root.key.map(name => sql.ref(`t.${name}`))
  const beyond =
    after === null
      ? sql`true`
      : sql`(${sql.join(key)}) > (${sql.join(keyColumns(root).map(({ kind }, i) => castKey(kind, after[i] ?? '')))})`
  const parts = key.map((ref, i) => sql`cast(${ref} as text) as ${sql.ref(`k${i}`)}`)
  const { rows } = await sql<Record<string, string>>`
    select ${sql.join(parts)}, cast(t._hash as text) as hash, cast(t._extra as text) as extra
    from ${sql.table(`${schema}.${root.name}`)} as t
    where t._extra is not null and ${beyond} order by ${sql.join(key)} limit ${sql.lit(TOGETHER)}`.execute(db)
  return rows.map(row => ({
    key: key.map((_, i) => row[`k${i}`] ?? ''),
    hash: row.hash ?? '',
    extra: row.extra ?? 'null',
  }))
}

const castKey = (kind: TableColumn['kind'], text: string) =>
  kind === 'int' ? sql`cast(${text} as bigint)` : sql`${text}`

const keyColumns = (table: Table): TableColumn[] =>
  table.key.flatMap(name => table.columns.filter(column => column.name === name))

const HASH: TableColumn = { name: '_hash', kind: 'int', required: true, doc: '' }
const EXTRA: TableColumn = { name: '_extra', kind: 'json', required: false, doc: '' }

/**
 * Gives rows what was found for them in their `_extra`, and takes it from there. A row that somebody wrote since it was
 * read is left alone: its fingerprint is another one.
 */
export async function backfillColumns(
  session: Session,
  schema: string,
  stream: Stream,
  backfilled: readonly BackfilledRow[],
  at: Instant,
): Promise<void> {
  const { root, children } = tablesOf(stream)
  const keys = keyColumns(root)
  // Lists first: whether a row is as it was read shows in the stream's own table, which changes last.
  for (const { child, table } of children) {
    const rows = backfilled.flatMap(({ row, lists }) =>
      [...(lists.get(child) ?? [])].map(([index, cells]) => ({ row, index, cells })),
    )
    const columns = among(
      table,
      stream.children[child]?.columns ?? {},
      rows.map(({ cells }) => cells),
    )
    if (columns.length === 0) continue
    const [owner = ''] = table.key
    const place: TableColumn = { name: CHILD_INDEX, kind: 'int', required: true, doc: '' }
    const staged = [...keys.map(key => ({ ...key, name: owner })), place, HASH, ...columns.map(([, column]) => column)]
    const stage = await staging(session, table, staged, rows, (to, { row, index, cells }) => {
      putKey(to, keys, row)
      to.int(index)
      to.bigint(BigInt(row.hash))
      for (const [name] of columns) put(to, cells.get(name))
    })
    const [key = ''] = root.key
    await sql`
      update ${sql.table(`${schema}.${table.name}`)} as t set ${assigned(columns)} from ${sql.table(stage)} as s
      where ${equal(table.key, 's')} and exists (
        select 1 from ${sql.table(`${schema}.${root.name}`)} as r
        where ${sql.ref(`r.${key}`)} = ${sql.ref(`s.${owner}`)} and r._hash = s._hash)`.execute(session.db)
  }
  const columns = among(
    root,
    stream.columns,
    backfilled.map(({ cells }) => cells),
  )
  const staged = [...keys, HASH, EXTRA, ...columns.map(([, column]) => column)]
  const stage = await staging(session, root, staged, backfilled, (to, { row, extra, cells }) => {
    putKey(to, keys, row)
    to.bigint(BigInt(row.hash))
    if (extra === null) to.null()
    else to.json(extra)
    for (const [name] of columns) put(to, cells.get(name))
  })
  const set = columns.length === 0 ? sql`` : sql`, ${assigned(columns)}`
  await sql`
    update ${sql.table(`${schema}.${root.name}`)} as t set _extra = s._extra, _synced_at = ${at}${set}
    from ${sql.table(stage)} as s where ${equal(root.key, 's')} and t._hash = s._hash`.execute(session.db)
}

/** Columns that some row has a value for, each by its declared name. */
function among(
  { columns }: Table,
  declared: Readonly<Record<string, unknown>>,
  rows: readonly CellsByColumn[],
): (readonly [name: string, column: TableColumn])[] {
  const found = new Set(rows.flatMap(cells => [...cells.keys()]))
  return Object.keys(declared)
    .filter(name => found.has(name))
    .flatMap(name => columns.filter(column => column.name === identifier(name)).map(column => [name, column] as const))
}

async function staging<T>(
  session: Session,
  table: Table,
  columns: readonly TableColumn[],
  rows: readonly T[],
  write: (to: CellWriter, row: T) => void,
): Promise<string> {
  const stage = identifier(`_fill_${table.name}`)
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

const assigned = (columns: readonly (readonly [name: string, column: TableColumn])[]): RawBuilder<unknown> =>
  sql.join(
    columns.map(([, { name }]) => sql`${sql.ref(name)} = coalesce(${sql.ref(`s.${name}`)}, ${sql.ref(`t.${name}`)})`),
  )

const equal = (key: readonly string[], other: string): RawBuilder<unknown> =>
  sql.join(
    key.map(name => sql`${sql.ref(`t.${name}`)} = ${sql.ref(`${other}.${name}`)}`),
    sql` and `,
  )
