import { type RawBuilder, sql } from 'kysely'
import type { Block } from '../../common/cells.ts'
import { latestPast } from '../../common/instant.ts'
import type { Counts, FlatRecord, RowBatch } from '../../common/model.ts'
import { statedDeletion } from '../../common/stated-deletion.ts'
import { identifier } from '../../schema/name.ts'
import { type StreamTables, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { blocks, counted } from './blocks.ts'
import { deleteChildRows, parentKeys } from './child-rows.ts'
import type { KeyColumn, Session } from './engine.ts'
import { rangesOf } from './key-ranges.ts'
import { type Growth, grow } from './row-counts.ts'
import { childRows, keyWriter, rootRows, STATED } from './rows.ts'

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
  /** The changed ones, where their rows are updated; absent: those are deleted. */
  readonly updated?: readonly FlatRecord[]
  /** Those of the changed ones whose rows are marked as deleted already. Absent: not asked for, or none. */
  readonly marked?: ReadonlySet<FlatRecord>
}

export interface MergeOptions {
  readonly staged: boolean
  readonly referenced: ReadonlySet<string>
}

/** What a merge did. */
export interface Merged {
  readonly counts: Counts
  readonly growth: Growth
}

/**
 * Writes the records of a batch that are new or changed, with the rows of their lists.
 * @param staged the caller needs the temporary table after the merge.
 * @param referenced tables to whose rows foreign keys refer: a changed row is updated there.
 */
export async function merge(
  session: Session,
  schema: string,
  batch: RowBatch,
  { staged, referenced }: MergeOptions,
): Promise<Merged> {
  const growth = new Map<string, number>()
  const tables = tablesOf(batch.stream)
  const { root, children } = tables
  const inPlace = referenced.has(root.name)
  const {
    records,
    changed,
    older,
    updated = [],
    marked,
  } = !staged && (await areAllNew(session, schema, tables, batch))
    ? { records: [...batch.records.values()], changed: 0, older: 0 }
    : await session.withIndexScans(() => deleteReplaced(session, schema, tables, batch, growth, inPlace))
  const append = (table: Table, rows: Iterable<Block>): Promise<void> =>
    session.append(
      { schema, table: table.name },
      table.columns,
      counted(rows, count => grow(growth, table.name, count)),
    )
  const kept = new Set(updated)
  if (kept.size > 0) await updateChanged(session, schema, root, rootRows(root, updated, batch))
  await append(root, rootRows(root, kept.size > 0 ? records.filter(record => !kept.has(record)) : records, batch))
  for (const [list, { table }] of children.entries()) await append(table, childRows(records, list))
  const added = records.length - changed
  const deletionIn = statedDeletion(batch.stream)
  const isNewlyDeleted = (record: FlatRecord): boolean =>
    deletionIn !== null && deletionIn(record) >= 0 && !marked?.has(record)
  const counts = {
    added,
    changed,
    unchanged: batch.read - added - changed - older - batch.rejects.length,
    older,
    deleted: deletionIn === null ? 0 : records.filter(isNewlyDeleted).length,
    rejected: batch.rejects.length,
  }
  return { counts, growth }
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
  growth: Map<string, number>,
  inPlace: boolean,
): Promise<ToWrite> {
  const { root } = tables
  const records = [...batch.records.values()]
  const outcomes = await decideOutcomes(session, schema, batch, root, records)
  const written = records.filter((_, i) => outcomes[i] === 'new' || outcomes[i] === 'changed')
  const added = [...batch.records.keys()].filter((_, i) => outcomes[i] === 'new')
  const changed = written.length - added.length
  const marked = changed > 0 ? await markedAlready(session, schema, batch, root, records) : new Set<FlatRecord>()
  if (changed > 0 && !inPlace) grow(growth, root.name, -(await deleteChanged(session, schema, root)))
  await deleteChildRows(session, schema, tables, { stage: stageOf(root), changed, added }, growth)
  const older = outcomes.filter(outcome => outcome === 'older').length
  if (!inPlace) return { records: written, changed, older, marked }
  return { records: written, changed, older, marked, updated: records.filter((_, i) => outcomes[i] === 'changed') }
}

/** Of the records whose rows change, those whose rows are marked as deleted. None where no record says that it is. */
async function markedAlready(
  { db }: Session,
  schema: string,
  { stream }: RowBatch,
  root: Table,
  records: readonly FlatRecord[],
): Promise<ReadonlySet<FlatRecord>> {
  if (stream.deletions.stated === undefined) return new Set()
  const { rows } = await sql<{ position: string }>`
    select cast(s._position as text) as position
    from ${sql.table(stageOf(root))} as s join ${sql.table(`${schema}.${root.name}`)} as t
      on ${matches('t', root.key, 's', root.key)}
    where s._outcome = 'changed' and t._deleted_at is not null`.execute(db)
  return new Set(rows.flatMap(({ position }) => records[Number(position)] ?? []))
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
      when t._deleted_at is not null${unlessStated(batch)} then 'changed'
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

/** A mark that the record itself has made stays: the record says so again, or its fingerprint is another one. */
function unlessStated({ stream: { deletions } }: RowBatch): RawBuilder<unknown> {
  if (deletions.stated === undefined) return sql``
  return sql` and (t._deleted_by is distinct from ${STATED} or ${sql.ref(`t.${identifier(deletions.stated)}`)} is null)`
}

/** Before times are compared: a record from the API replaces a row from an export, and never the other way round. */
function precedence({ stream, source }: RowBatch): RawBuilder<unknown> {
  if (stream.export === null) return sql``
  if (source === undefined) return sql` when t._source is not null then 'changed'`
  return sql` when t._source is null or t._deleted_at is not null then 'older'`
}

/** @returns rows deleted: more than one for a key that has several, which somebody inserted by hand. */
async function deleteChanged({ db }: Session, schema: string, root: Table): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from ${sql.table(`${schema}.${root.name}`)} as t
    using ${sql.table(stageOf(root))} as s
    where s._outcome = 'changed' and ${matches('t', root.key, 's', root.key)}`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

async function updateChanged(session: Session, schema: string, root: Table, rows: Iterable<Block>): Promise<void> {
  const stage = identifier(`_update_${root.name}`)
  await session.createTempTable(stage, root.columns)
  await session.append({ schema: null, table: stage }, root.columns, rows)
  const values = root.columns
    .filter(({ name }) => !root.key.includes(name))
    .map(({ name }) => sql`${sql.ref(name)} = ${sql.ref(`s.${name}`)}`)
  await sql`
    update ${sql.table(`${schema}.${root.name}`)} as t set ${sql.join(values)} from ${sql.table(stage)} as s
    where ${matches('t', root.key, 's', root.key)}`.execute(session.db)
}

/** The condition that `columns` of one alias equal `keys` of another. */
export const matches = (a: string, columns: readonly string[], b: string, keys: readonly string[]) =>
  sql.join(
    columns.map((column, i) => sql`${sql.ref(`${a}.${column}`)} = ${sql.ref(`${b}.${keys[i]}`)}`),
    sql` and `,
  )
