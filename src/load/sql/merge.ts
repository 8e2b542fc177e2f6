import { type RawBuilder, sql } from 'kysely'
import { latestPast } from '../../common/instant.ts'
import type { Counts, FlatRecord, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { type StreamTables, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { blocks } from './blocks.ts'
import { deleteChildRows, parentKeys } from './child-rows.ts'
import type { KeyColumn, Session } from './engine.ts'
import { rangesOf } from './key-ranges.ts'
import { childRows, keyWriter, rootRows } from './rows.ts'

/** Merge outcome: new, changed, unchanged, or older than the stored row. */
type Outcome = 'new' | 'changed' | 'unchanged' | 'older'

/*
 * The temporary table holds keys, not rows. Key, cursor and fingerprint decide the outcome, so an unchanged record is
 * never sent to the database. Rows that will be replaced are deleted by key, and the new ones are appended straight to
 * their table.
 */
const POSITION: TableColumn = { name: '_position', kind: 'int', required: true, doc: '' }
const CURSOR: TableColumn = { name: '_cursor', kind: 'instant', required: false, doc: '' }
const HASH: TableColumn = { name: '_hash', kind: 'int', required: true, doc: '' }
const OUTCOME: TableColumn = { name: '_outcome', kind: 'text', required: false, doc: '' }

interface ToWrite {
  /** Records that are new or changed. */
  readonly records: readonly FlatRecord[]
  /** How many of them are changed. */
  readonly changed: number
  /** How many records are not written because the stored row is newer. */
  readonly older: number
}

/**
 * Writes the records of a batch that are new or changed, with the rows of their lists.
 * @param staged the caller needs the temporary table after the merge.
 */
export async function merge(session: Session, schema: string, batch: RowBatch, staged: boolean): Promise<Counts> {
  const tables = tablesOf(batch.stream)
  const { root, children } = tables
  const { records, changed, older } =
    !staged && (await areAllNew(session, schema, tables, batch))
      ? { records: [...batch.records.values()], changed: 0, older: 0 }
      : await session.withIndexScans(() => deleteReplaced(session, schema, tables, batch))
  await session.append({ schema, table: root.name }, root.columns, rootRows(root, records, batch))
  for (const [list, { table }] of children.entries())
    await session.append({ schema, table: table.name }, table.columns, childRows(records, list))
  const added = records.length - changed
  return {
    added,
    changed,
    unchanged: batch.read - added - changed - older - batch.rejects.length,
    older,
    deleted: 0,
    rejected: batch.rejects.length,
  }
}

/** Looks only for ranges of keys: in a backfill that is enough, and the temporary table is not needed. */
async function areAllNew(
  session: Session,
  schema: string,
  { root, children }: StreamTables,
  { records }: RowBatch,
): Promise<boolean> {
  if (records.size === 0) return true
  const [key] = root.columns.filter(({ name }) => root.key.includes(name))
  if (root.key.length > 1 || key?.kind !== 'int') return false
  const ranges = rangesOf([...records.keys()])
  const mayExist = async (columns: readonly KeyColumn[]): Promise<boolean> =>
    (await session.mayContainKeys(columns, ranges)).includes(true)
  if (await mayExist([{ table: `${schema}.${root.name}`, column: key.name }])) return false
  // Child rows may remain of a record whose row somebody deleted by hand.
  return children.length === 0 || !(await mayExist(parentKeys(schema, children)))
}

/** Decides the outcome of each record and deletes the rows that will be written again. */
async function deleteReplaced(
  session: Session,
  schema: string,
  tables: StreamTables,
  batch: RowBatch,
): Promise<ToWrite> {
  const { root } = tables
  const records = [...batch.records.values()]
  const outcomes = await decideOutcomes(session, schema, batch, root, records)
  const written = records.filter((_, i) => outcomes[i] === 'new' || outcomes[i] === 'changed')
  const added = [...batch.records.keys()].filter((_, i) => outcomes[i] === 'new')
  const changed = written.length - added.length
  if (changed > 0) await deleteChanged(session, schema, root)
  await deleteChildRows(session, schema, tables, { stage: stageOf(root), changed, added })
  return { records: written, changed, older: outcomes.filter(outcome => outcome === 'older').length }
}

/** Name of a merge's temporary table: a row for each key of the batch, with `_outcome` null if the record is new. */
export const stageOf = (root: Table): string => identifier(`_stage_${root.name}`)

async function decideOutcomes(
  session: Session,
  schema: string,
  batch: RowBatch,
  root: Table,
  records: readonly FlatRecord[],
): Promise<readonly Outcome[]> {
  const { stream } = batch
  if (records.length === 0) return []
  const writeKey = keyWriter(stream)
  const keys = root.key.map(name => root.columns.find(column => column.name === name)).filter(column => !!column)
  const columns = [...keys, POSITION, CURSOR, HASH]
  const stage = stageOf(root)
  await session.createTempTable(stage, [...columns, OUTCOME])
  const temporary = sql.table(stage)
  await session.append(
    { schema: null, table: stage },
    [...columns, OUTCOME],
    blocks(records.entries(), (to, [position, record]) => {
      const { cursor, hash } = record
      to.short(columns.length + 1)
      writeKey(to, record)
      to.int(position)
      if (cursor === null) to.null()
      else to.instant(cursor)
      to.bigint(hash)
      to.null()
      return 1
    }),
  )
  const target = sql.table(`${schema}.${root.name}`)
  await sql`
    update ${temporary} as s
    set _outcome = case${precedence(batch)}
      when t._deleted_at is not null then 'changed'
      when ${isNewer(batch)} then 'older'
      when t._hash = s._hash then 'unchanged'
      else 'changed'
    end
    from ${target} as t
    where ${matches('t', root.key, 's', root.key)}`.execute(session.db)
  const { rows } = await sql<{ position: string; outcome: Outcome }>`
    select cast(_position as text) as position, _outcome as outcome
    from ${temporary} where _outcome is not null`.execute(session.db)
  const outcomes: Outcome[] = records.map(() => 'new')
  for (const { position, outcome } of rows) outcomes[Number(position)] = outcome
  return outcomes
}

/**
 * The stored row has a later cursor. A cursor in the future says nothing: with it the row could never change again, so
 * what arrives later wins.
 */
function isNewer({ stream: { sync }, receivedAt }: RowBatch): RawBuilder<unknown> {
  if (sync.mode === 'full') return sql`false`
  const cursor = sql.ref(`t.${identifier(sync.cursor)}`)
  return sql`${cursor} > s._cursor and ${cursor} <= cast(${latestPast(receivedAt)} as timestamptz)`
}

/** Before times are compared: a record from the API replaces a row from an export, and never the other way round. */
function precedence({ stream, source }: RowBatch): RawBuilder<unknown> {
  if (stream.export === null) return sql``
  if (source === undefined) return sql` when t._source is not null then 'changed'`
  return sql` when t._source is null or t._deleted_at is not null then 'older'`
}

async function deleteChanged({ db }: Session, schema: string, root: Table): Promise<void> {
  await sql`
    delete from ${sql.table(`${schema}.${root.name}`)} as t
    using ${sql.table(stageOf(root))} as s
    where s._outcome = 'changed' and ${matches('t', root.key, 's', root.key)}`.execute(db)
}

/** The condition that `columns` of one alias equal `keys` of another. */
export const matches = (a: string, columns: readonly string[], b: string, keys: readonly string[]) =>
  sql.join(
    columns.map((column, i) => sql`${sql.ref(`${a}.${column}`)} = ${sql.ref(`${b}.${keys[i]}`)}`),
    sql` and `,
  )
