import { type RawBuilder, sql } from 'kysely'
import type { Counts, FlatRecord, RowBatch } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { type StreamTables, type Table, type TableColumn, tablesOf } from '../../schema/table.ts'
import { blocks } from './blocks.ts'
import { ownersIn, removeChildRows } from './child-rows.ts'
import type { KeyColumn, Session } from './engine.ts'
import { rangesOf } from './key-ranges.ts'
import { childRows, keyWriter, rootRows } from './rows.ts'

/** What is to become of a record: it is not there yet, is there otherwise, is there as it is, or is there newer. */
type Verdict = 'new' | 'changed' | 'same' | 'older'

/*
 * The temporary table holds keys, not rows: what decides is a key, a cursor and a fingerprint, and a record that turns
 * out to be unchanged is then never sent at all. What remains is deleted by key and appended straight to its table.
 */
const PLACE: TableColumn = { name: '_place', kind: 'int', required: true, doc: '' }
const CURSOR: TableColumn = { name: '_cursor', kind: 'instant', required: false, doc: '' }
const HASH: TableColumn = { name: '_hash', kind: 'int', required: true, doc: '' }
const VERDICT: TableColumn = { name: '_verdict', kind: 'text', required: false, doc: '' }

interface Won {
  /** Records whose rows are to be written. */
  readonly winners: readonly FlatRecord[]
  /** How many of them were there already. */
  readonly changed: number
}

/**
 * Decides once for each record, and acts on it for the record and for the rows it owns.
 * @param staged the temporary table is needed after the merge.
 */
export async function merge(session: Session, schema: string, batch: RowBatch, staged: boolean): Promise<Counts> {
  const tables = tablesOf(batch.stream)
  const { root, children } = tables
  const { winners, changed } =
    !staged && (await areNew(session, schema, tables, batch))
      ? { winners: [...batch.records.values()], changed: 0 }
      : await session.withIndexScans(() => makeRoom(session, schema, tables, batch))
  await session.append({ schema, table: root.name }, root.columns, rootRows(root, winners, batch))
  for (const [list, { table }] of children.entries())
    await session.append({ schema, table: table.name }, table.columns, childRows(winners, list))
  const added = winners.length - changed
  return {
    added,
    changed,
    unchanged: batch.read - added - changed - batch.rejects.length,
    deleted: 0,
    rejected: batch.rejects.length,
  }
}

/** Seen by a look at the parts of the tables where they would be, which spares a backfill the temporary table. */
async function areNew(
  session: Session,
  schema: string,
  { root, children }: StreamTables,
  { records }: RowBatch,
): Promise<boolean> {
  if (records.size === 0) return true
  const [key] = root.columns.filter(({ name }) => root.key.includes(name))
  if (root.key.length > 1 || key?.kind !== 'int') return false
  const ranges = rangesOf([...records.keys()])
  const isHeld = async (columns: readonly KeyColumn[]): Promise<boolean> =>
    (await session.mayContainKeys(columns, ranges)).includes(true)
  if (await isHeld([{ table: `${schema}.${root.name}`, column: key.name }])) return false
  // Of a record that somebody deleted by hand there may be rows that it children.
  return children.length === 0 || !(await isHeld(ownersIn(schema, children)))
}

/** Takes away what stands in the place of the rows that are to be written. */
async function makeRoom(session: Session, schema: string, tables: StreamTables, batch: RowBatch): Promise<Won> {
  const { root } = tables
  const records = [...batch.records.values()]
  const verdicts = await decide(session, schema, batch, root, records)
  const winners = records.filter((_, place) => verdicts[place] === 'new' || verdicts[place] === 'changed')
  const added = [...batch.records.keys()].filter((_, place) => verdicts[place] === 'new')
  const changed = winners.length - added.length
  if (changed > 0) await removeChanged(session, schema, root)
  await removeChildRows(session, schema, tables, { stage: stageOf(root), changed, added })
  return { winners, changed }
}

/** The temporary table of a merge: a row for each key of the batch, its `_verdict` null where the record is new. */
export const stageOf = (root: Table): string => identifier(`_stage_${root.name}`)

async function decide(
  session: Session,
  schema: string,
  batch: RowBatch,
  root: Table,
  records: readonly FlatRecord[],
): Promise<readonly Verdict[]> {
  const { stream } = batch
  if (records.length === 0) return []
  const writeKey = keyWriter(stream)
  const keys = root.key.map(name => root.columns.find(column => column.name === name)).filter(column => !!column)
  const columns = [...keys, PLACE, CURSOR, HASH]
  const stage = stageOf(root)
  await session.createTempTable(stage, [...columns, VERDICT])
  const temporary = sql.table(stage)
  await session.append(
    { schema: null, table: stage },
    [...columns, VERDICT],
    blocks(records.entries(), (to, [place, record]) => {
      const { cursor, hash } = record
      to.short(columns.length + 1)
      writeKey(to, record)
      to.int(place)
      if (cursor === null) to.null()
      else to.instant(cursor)
      to.bigint(hash)
      to.null()
      return 1
    }),
  )
  const target = sql.table(`${schema}.${root.name}`)
  const cursor = stream.sync.mode === 'incremental' ? sql.ref(`t.${identifier(stream.sync.cursor)}`) : sql`null`
  await sql`
    update ${temporary} as s
    set _verdict = case${precedence(batch)}
      when t._deleted_at is not null then 'changed'
      when ${cursor} > s._cursor then 'older'
      when t._hash = s._hash then 'same'
      else 'changed'
    end
    from ${target} as t
    where ${matches('t', root.key, 's', root.key)}`.execute(session.db)
  const rows = await sql<{ place: string; verdict: Verdict }>`
    select cast(_place as text) as place, _verdict as verdict from ${temporary} where _verdict is not null`.execute(
    session.db,
  )
  const verdicts: Verdict[] = records.map(() => 'new')
  for (const { place, verdict } of rows.rows) verdicts[Number(place)] = verdict
  return verdicts
}

/** Whatever the times say: a row that the API gave stands before one from an export, and takes its place. */
function precedence({ stream, source }: RowBatch): RawBuilder<unknown> {
  if (stream.export === null) return sql``
  if (source === undefined) return sql` when t._source is not null then 'changed'`
  return sql` when t._source is null or t._deleted_at is not null then 'older'`
}

async function removeChanged({ db }: Session, schema: string, root: Table): Promise<void> {
  await sql`
    delete from ${sql.table(`${schema}.${root.name}`)} as t
    using ${sql.table(stageOf(root))} as s
    where s._verdict = 'changed' and ${matches('t', root.key, 's', root.key)}`.execute(db)
}

export const matches = (a: string, columns: readonly string[], b: string, keys: readonly string[]) =>
  sql.join(
    columns.map((column, i) => sql`${sql.ref(`${a}.${column}`)} = ${sql.ref(`${b}.${keys[i]}`)}`),
    sql` and `,
  )
