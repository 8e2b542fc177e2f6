import { type RawBuilder, sql } from 'kysely'
import type { Counts } from '../../common/model.ts'
import { historyTable, VALID_FROM, VALID_TO } from '../../schema/history-table.ts'
import { type InferredColumn, withInferred } from '../../schema/inferred-columns.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, tablesOf } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { STALE_HASH } from './lost-rows.ts'
import { stageOf } from './merge.ts'
import { columnsOf } from './schema-changes.ts'

/** A temporary table of keys, and the condition for those of its rows (alias `s`) that count. */
export interface StagedKeys {
  readonly stage: string
  readonly which: RawBuilder<unknown>
}

export type History = ReturnType<typeof createHistory>

/** @param streams of which every version is kept. */
export function createHistory(schema: string, streams: readonly Stream[]) {
  const versioned = (tables: readonly Table[], inferred: readonly InferredColumn[]): readonly Stream[] =>
    streams
      .filter(stream => tables.some(({ name }) => name === tablesOf(stream).root.name))
      .map(stream => withInferred(stream, inferred))
  const isKept = (stream: Stream): boolean => streams.some(({ name }) => name === stream.name)
  return {
    isKept,

    /** The history tables of those of `tables` whose streams keep a history. */
    tables: (tables: readonly Table[], inferred: readonly InferredColumn[]): readonly Table[] =>
      versioned(tables, inferred).map(historyTable),

    /** Adds and ends versions for what was written while the history was off. */
    async catchUp(session: Session, tables: readonly Table[], inferred: readonly InferredColumn[]): Promise<void> {
      const stored = inferred.length === 0 ? null : await columnsOf(session, schema)
      // An interrupted run may have recorded a column that it did not add.
      const added = inferred.filter(({ table, column }) => stored?.get(table)?.has(column))
      for (const stream of versioned(tables, added)) {
        await endVersions(session, schema, stream, null)
        await addVersions(session, schema, stream, null)
      }
    },

    /** Adds and ends versions for the commit under way. Its merge must have made the temporary table `stageOf`. */
    async update(
      session: Session,
      stream: Stream,
      { added, changed, deleted }: Pick<Counts, 'added' | 'changed' | 'deleted'>,
    ): Promise<void> {
      if (!isKept(stream)) return
      if (deleted > 0) await endVersions(session, schema, stream, null)
      if (added + changed === 0) return
      const which = sql`coalesce(s._outcome, 'changed') = 'changed'`
      await addVersions(session, schema, stream, { stage: stageOf(tablesOf(stream).root), which })
    },
  }
}

/**
 * Adds a version for each row that differs from its open version, and ends the open version where the new one begins. Rows
 * are found by their fingerprint, and then compared: a fingerprint also covers lists, and depends on the declared types. Runs after the stream's own table was written, in the same transaction.
 *
 * A version begins at the record's own time of change. That time may be missing, it may lie in the future, or it may not be
 * after the start of the version before: the API does not move it with every change, and it counts whole seconds. Then the version begins when
 * the record was read, and at least a microsecond after the version before. So versions never overlap, and they are in the
 * order in which they arrived.
 *
 * A row that waits to be written again has no fingerprint, and is no version.
 * @param staged only rows with these keys; null: all rows.
 */
export async function addVersions(
  session: Session,
  schema: string,
  stream: Stream,
  staged: StagedKeys | null,
): Promise<void> {
  const { db } = session
  const { root } = tablesOf(stream)
  const history = historyTable(stream)
  const rows = sql.table(`${schema}.${root.name}`)
  const versions = sql.table(`${schema}.${history.name}`)
  const isStaged = stagedCondition(root.key, staged)
  const keys = sql.join(root.key.map(name => sql.ref(`v.${name}`)))
  const cursor = changedAt(stream)
  const starts = identifier(`_starts_${root.name}`)
  await session.createTempTable(starts, [...root.columns.filter(({ name }) => root.key.includes(name)), VALID_FROM])
  await sql`
    insert into ${sql.table(starts)} (${names([...root.key, VALID_FROM.name])})
    select ${sql.join(root.key.map(name => sql.ref(`t.${name}`)))},
      case when h.earliest is null or ${cursor} >= h.earliest then coalesce(${cursor}, t._synced_at)
        else greatest(t._synced_at, h.earliest) end
    from ${rows} as t
    left join (
      select ${keys}, max(coalesce(v.valid_to, v.valid_from + interval '1 microsecond')) as earliest,
        max(case when v.valid_to is null then v._hash end) as open_hash
      from ${versions} as v where ${isStaged('v')}
      group by ${keys}
    ) as h on ${equal('h', 't', root.key)}
    where t._deleted_at is null and t._hash <> ${sql.lit(Number(STALE_HASH))} and (h.open_hash is null or h.open_hash <> t._hash) and ${isStaged('t')}`.execute(
    db,
  )
  const own = history.columns.map(({ name }) => name).filter(name => name !== VALID_FROM.name && name !== VALID_TO.name)
  // Another fingerprint of the same values: the declaration has changed, or a list of the record. The open version stays.
  const values = own.filter(name => name !== '_hash' && !root.key.includes(name))
  const isOpen = sql`v.valid_to is null and ${equal('v', 'b', root.key)} and ${equal('t', 'b', root.key)}`
  await sql`
    update ${versions} as v set _hash = t._hash from ${sql.table(starts)} as b, ${rows} as t
    where ${isOpen} and ${same('v', 't', values)}`.execute(db)
  await sql`
    delete from ${sql.table(starts)} as b using ${versions} as v, ${rows} as t
    where ${isOpen} and v._hash = t._hash`.execute(db)
  await sql`
    update ${versions} as v set valid_to = b.valid_from from ${sql.table(starts)} as b
    where v.valid_to is null and ${equal('v', 'b', root.key)}`.execute(db)
  await sql`
    insert into ${versions} (${names([...own, VALID_FROM.name])})
    select ${sql.join(own.map(name => sql.ref(`t.${name}`)))}, b.valid_from
    from ${rows} as t join ${sql.table(starts)} as b on ${equal('t', 'b', root.key)}`.execute(db)
}

/** When the record of a row says that it changed; null: it does not say, or names a time after it was read. */
function changedAt({ sync }: Stream): RawBuilder<unknown> {
  if (sync.mode === 'full') return sql`cast(null as timestamptz)`
  const cursor = sql.ref(`t.${identifier(sync.cursor)}`)
  return sql`(case when ${cursor} <= t._synced_at + interval '5 minutes' then ${cursor} end)`
}

/**
 * Ends the open versions of rows marked as deleted, at `_deleted_at`. Runs after the rows were marked, in the same
 * transaction. A record that comes back later starts a new version; no version covers the time between.
 * @param staged only rows with these keys; null: all rows.
 */
export async function endVersions(
  { db }: Session,
  schema: string,
  stream: Stream,
  staged: StagedKeys | null,
): Promise<void> {
  const { root } = tablesOf(stream)
  const isStaged = stagedCondition(root.key, staged)
  await sql`
    update ${sql.table(`${schema}.${historyTable(stream).name}`)} as v
    set valid_to = greatest(t._deleted_at, v.valid_from)
    from ${sql.table(`${schema}.${root.name}`)} as t
    where v.valid_to is null and t._deleted_at is not null and ${equal('v', 't', root.key)}
      and ${isStaged('t')}`.execute(db)
}

const names = (columns: readonly string[]) => sql.join(columns.map(name => sql.ref(name)))

const equal = (a: string, b: string, columns: readonly string[]) =>
  sql.join(
    columns.map(name => sql`${sql.ref(`${a}.${name}`)} = ${sql.ref(`${b}.${name}`)}`),
    sql` and `,
  )

/** The condition that values are the same, null included. */
const same = (a: string, b: string, columns: readonly string[]) =>
  sql.join(
    [
      sql`true`,
      ...columns.map(name => sql`${sql.ref(`${a}.${name}`)} is not distinct from ${sql.ref(`${b}.${name}`)}`),
    ],
    sql` and `,
  )

/** A condition on the rows of an alias: their keys are staged. */
function stagedCondition(key: readonly string[], staged: StagedKeys | null) {
  return (alias: string): RawBuilder<unknown> =>
    staged === null
      ? sql`true`
      : sql`exists (select 1 from ${sql.table(staged.stage)} as s where ${staged.which} and ${equal(alias, 's', key)})`
}
