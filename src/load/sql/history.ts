import { type RawBuilder, sql } from 'kysely'
import type { Counts } from '../../common/model.ts'
import { historyTable, VALID_FROM, VALID_TO } from '../../schema/history-table.ts'
import { type InferredColumn, withInferred } from '../../schema/inferred-columns.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, tablesOf } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { stageOf } from './merge.ts'
import { columnsOf } from './schema-changes.ts'

/** The temporary table of keys that limits the work, by its name, and which of its rows count; null: every row. */
export interface Touched {
  readonly stage: string
  readonly which: RawBuilder<unknown>
}

/** The history of `streams`, which is all that keep one. */
export type History = ReturnType<typeof createHistory>

export function createHistory(schema: string, streams: readonly Stream[]) {
  const among = (tables: readonly Table[], inferred: readonly InferredColumn[]): readonly Stream[] =>
    streams
      .filter(stream => tables.some(({ name }) => name === tablesOf(stream).root.name))
      .map(stream => withInferred(stream, inferred))
  const isKept = (stream: Stream): boolean => streams.some(({ name }) => name === stream.name)
  return {
    isKept,

    /** Those that go with the given ones. */
    tables: (tables: readonly Table[], inferred: readonly InferredColumn[]): readonly Table[] =>
      among(tables, inferred).map(historyTable),

    /** Rows from before the history was switched on, or from while it was off. */
    async catchUp(session: Session, tables: readonly Table[], inferred: readonly InferredColumn[]): Promise<void> {
      const stored = inferred.length === 0 ? null : await columnsOf(session, schema)
      // One that a broken run has keysRecorded and not made is not there.
      const made = inferred.filter(({ table, column }) => stored?.get(table)?.has(column))
      for (const stream of among(tables, made)) {
        await endVersions(session, schema, stream, null)
        await addVersions(session, schema, stream, null)
      }
    },

    /** The versions that the commit under way has brought, and ended. Its merge has to have left its temporary table. */
    async follow(
      session: Session,
      stream: Stream,
      { added, changed, deleted }: Pick<Counts, 'added' | 'changed' | 'deleted'>,
    ): Promise<void> {
      if (!isKept(stream)) return
      if (deleted > 0) await endVersions(session, schema, stream, null)
      if (added + changed === 0) return
      const which = sql`coalesce(s._verdict, 'changed') = 'changed'`
      await addVersions(session, schema, stream, { stage: stageOf(tablesOf(stream).root), which })
    },
  }
}

/**
 * Brings the history in step with the stream's own table, after that has been written and in the same transaction: a
 * row whose fingerprint is not that of its open version becomes a version, and the one before ends where it begins.
 *
 * A version begins at the record's own time of change. Where that is not after the beginning of the one before (the API
 * does not move it with every change, and it counts whole seconds) or the stream has none, it begins when it was seen,
 * and at the least a microsecond later: so no two versions overlap, and their order is that of their arrival.
 */
export async function addVersions(
  session: Session,
  schema: string,
  stream: Stream,
  touched: Touched | null,
): Promise<void> {
  const { db } = session
  const { root } = tablesOf(stream)
  const history = historyTable(stream)
  const live = sql.table(`${schema}.${root.name}`)
  const kept = sql.table(`${schema}.${history.name}`)
  const among = isTouched(root.key, touched)
  const keys = sql.join(root.key.map(name => sql.ref(`v.${name}`)))
  const cursor =
    stream.sync.mode === 'incremental' ? sql.ref(`t.${identifier(stream.sync.cursor)}`) : sql`cast(null as timestamptz)`
  const begun = identifier(`_begun_${root.name}`)
  await session.createTempTable(begun, [...root.columns.filter(({ name }) => root.key.includes(name)), VALID_FROM])
  await sql`
    insert into ${sql.table(begun)} (${names([...root.key, VALID_FROM.name])})
    select ${sql.join(root.key.map(name => sql.ref(`t.${name}`)))},
      case when h.least is null or ${cursor} >= h.least then coalesce(${cursor}, t._synced_at)
        else greatest(t._synced_at, h.least) end
    from ${live} as t
    left join (
      select ${keys}, max(coalesce(v.valid_to, v.valid_from + interval '1 microsecond')) as least,
        max(case when v.valid_to is null then v._hash end) as standing
      from ${kept} as v where ${among('v')}
      group by ${keys}
    ) as h on ${equal('h', 't', root.key)}
    where t._deleted_at is null and (h.standing is null or h.standing <> t._hash) and ${among('t')}`.execute(db)
  await sql`
    update ${kept} as v set valid_to = b.valid_from from ${sql.table(begun)} as b
    where v.valid_to is null and ${equal('v', 'b', root.key)}`.execute(db)
  const own = history.columns.map(({ name }) => name).filter(name => name !== VALID_FROM.name && name !== VALID_TO.name)
  await sql`
    insert into ${kept} (${names([...own, VALID_FROM.name])})
    select ${sql.join(own.map(name => sql.ref(`t.${name}`)))}, b.valid_from
    from ${live} as t join ${sql.table(begun)} as b on ${equal('t', 'b', root.key)}`.execute(db)
}

/**
 * Ends the open versions of rows that are marked in the stream's own table: at `_deleted_at`. To be called after the
 * marking and in the same transaction. What comes back later begins a new version, and the time between has none.
 */
export async function endVersions(
  { db }: Session,
  schema: string,
  stream: Stream,
  touched: Touched | null,
): Promise<void> {
  const { root } = tablesOf(stream)
  const among = isTouched(root.key, touched)
  await sql`
    update ${sql.table(`${schema}.${historyTable(stream).name}`)} as v
    set valid_to = greatest(t._deleted_at, v.valid_from)
    from ${sql.table(`${schema}.${root.name}`)} as t
    where v.valid_to is null and t._deleted_at is not null and ${equal('v', 't', root.key)}
      and ${among('t')}`.execute(db)
}

const names = (columns: readonly string[]) => sql.join(columns.map(name => sql.ref(name)))

const equal = (a: string, b: string, columns: readonly string[]) =>
  sql.join(
    columns.map(name => sql`${sql.ref(`${a}.${name}`)} = ${sql.ref(`${b}.${name}`)}`),
    sql` and `,
  )

/** Whether the key of a row of `alias` is among those that were touched. */
function isTouched(key: readonly string[], touched: Touched | null) {
  return (alias: string): RawBuilder<unknown> =>
    touched === null
      ? sql`true`
      : sql`exists (select 1 from ${sql.table(touched.stage)} as s where ${touched.which} and ${equal(alias, 's', key)})`
}
