import { sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import { EMAIL, type NewMark } from '../../schema/forgotten.ts'
import { tablesOf } from '../../schema/table.ts'
import type { ErasedReject, Forgetting, PersonStart, Persons } from '../forgetting.ts'
import { asText } from './as-text.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { countRows, eraseRows } from './erase-rows.ts'
import { customersWith, findPerson } from './find-person.ts'
import { insertMarks } from './marks.ts'
import { fingerprintOf } from './rejects.ts'
import { tableOf } from './views/materialized.ts'

/** System tables whose rows may have held something of a person, now or in a version that was replaced since. */
const OWN = ['_sync_rejects', '_sync_runs', '_sync_checkpoints'] as const
/** Marks in one statement, at most. */
const CHUNK = 500

/** `Forgetting` for every database that has an `Engine`. */
export function createForgetting(context: Context): Forgetting {
  const { engine, schema, persons, forgotten, inSchema, exists } = context
  const personsOf = ({ customers, emails }: PersonStart): Persons => ({
    ids: new Map([['customers', new Set(customers)]]),
    emails: new Set(emails),
  })
  return {
    existingStreams: streams =>
      engine.transaction(async session => {
        const relations = await session.relations(schema)
        return streams.filter(stream => relations.has(tablesOf(stream).root.name))
      }),

    customersWith: email => engine.transaction(session => customersWith(session, context, persons, email)),

    findPerson: start =>
      engine.transaction(async session => {
        const found = await findPerson(session, context, persons, personsOf(start))
        return { ...found, rows: await countRows(session, context, persons, found) }
      }),

    personReports: erase =>
      engine.transaction(async session => ({
        runs: (await changedReports(session, context, '_sync_runs', 'run', erase)).length,
        streams: (await changedReports(session, context, '_sync_checkpoints', 'stream', erase)).length,
      })),

    erasePerson: ({ person, rejects, erase, run, at }) =>
      engine
        .transaction(async session => {
          engine.lost.throwIfAborted()
          const db = inSchema(session)
          const rows = [...(await eraseRows(session, context, persons, person, at))]
          const add = (table: string, count: number): void => {
            if (count > 0) rows.push({ table, rows: count })
          }
          for (const reject of rejects) await replaceReject(db, reject)
          add('_sync_rejects', rejects.length)
          for (const [table, key] of REPORTS) {
            const changed = await changedReports(session, context, table, key, erase)
            for (const { id, report } of changed)
              await sql`update ${sql.table(`${schema}.${table}`)} set report = ${report} where ${sql.ref(key)} = ${id}`.execute(
                session.db,
              )
            add(table, changed.length)
          }
          const marks = forgotten.unstored(null)
          if (rows.length + marks.length === 0) return { rows, marks }
          const kept = await keptViews(session, context)
          await db.updateTable('_sync_views').set({ refreshed: STALE }).where('refreshed', 'is not', null).execute()
          const toRewrite = [...new Set([...person.tables, ...rows.map(({ table }) => table), ...OWN, ...kept])].sort()
          await markToRewrite(db, marksOf(context, person), toRewrite)
          await insertMarks(db, marks, { run, at, toRewrite })
          return { rows, marks }
        })
        .then(({ rows, marks }) => {
          forgotten.stored(marks)
          return rows
        }),

    toRewrite: () =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_forgotten'))) return []
        const rows = await inSchema(session)
          .selectFrom('_sync_forgotten')
          .select(asText('to_rewrite').as('tables'))
          .where('to_rewrite', 'is not', null)
          .distinct()
          .execute()
        return [...new Set(rows.flatMap(({ tables }) => tablesIn(tables)))].sort()
      }),

    async rewrite(tables, signal) {
      try {
        return await engine.rewrite(tables, signal)
      } catch (error) {
        if (!(error instanceof DestinationError) || error.kind !== 'locked') throw error
        const holders = await engine.lockHolders(schema)
        const who = holders.length > 0 ? holders.join('; ') : 'a transaction that has ended since'
        throw new DestinationError(
          'locked',
          `the rows are erased, and their old bytes are not yet: a table of the schema ${schema} has to be rewritten, and it is held by ${who}`,
          error,
        )
      }
    },

    rewritten: () =>
      engine.transaction(async session => {
        await inSchema(session)
          .updateTable('_sync_forgotten')
          .set({ to_rewrite: null })
          .where('to_rewrite', 'is not', null)
          .execute()
      }),
  }
}

/** No hash is like it: the table of the view is made anew. */
const STALE = 'erased'

const REPORTS = [
  ['_sync_runs', 'run'],
  ['_sync_checkpoints', 'stream'],
] as const

const tablesIn = (json: string): readonly string[] => {
  const tables: unknown = JSON.parse(json)
  return Array.isArray(tables) ? tables.map(String) : []
}

/** The tables that keep the rows of views. */
async function keptViews(session: Session, { inSchema, exists }: Context): Promise<readonly string[]> {
  if (!(await exists(session, '_sync_views'))) return []
  const rows = await inSchema(session)
    .selectFrom('_sync_views')
    .select('name')
    .where('refreshed', 'is not', null)
    .execute()
  return rows.map(({ name }) => tableOf({ name }))
}

async function changedReports(
  session: Session,
  { schema, exists }: Context,
  table: (typeof REPORTS)[number][0],
  key: string,
  erase: (report: string) => string,
): Promise<readonly { id: string; report: string }[]> {
  if (!(await exists(session, table))) return []
  const { rows } = await sql<{ id: string; report: string }>`
    select ${sql.ref(key)} as id, cast(report as text) as report from ${sql.table(`${schema}.${table}`)}
    where report is not null`.execute(session.db)
  return rows.flatMap(({ id, report }) => {
    const erased = erase(report)
    return erased === report ? [] : [{ id, report: erased }]
  })
}

async function replaceReject(db: Session['db'], { fingerprint, stream, reject }: ErasedReject): Promise<void> {
  const { key, path, reason, record } = reject
  const replacement = fingerprintOf(stream, reject)
  // Two versions of a record may be the same without what is personal.
  const same = await db
    .selectFrom('_sync_rejects')
    .select('fingerprint')
    .where('fingerprint', '=', replacement)
    .executeTakeFirst()
  if (same !== undefined && replacement !== fingerprint)
    await db.deleteFrom('_sync_rejects').where('fingerprint', '=', fingerprint).execute()
  else
    await db
      .updateTable('_sync_rejects')
      .set({ fingerprint: replacement, key, path, reason, record })
      .where('fingerprint', '=', fingerprint)
      .execute()
}

/** The marks of a person, also those that are stored: the tables may have got something of theirs since. */
const marksOf = ({ forgotten }: Context, { ids, emails }: Persons): readonly NewMark[] => [
  ...[...ids].flatMap(([of, keys]) => [...keys].map(key => forgotten.markOf(of, key))),
  ...[...emails].map(email => forgotten.markOf(EMAIL, email)),
]

async function markToRewrite(db: Session['db'], marks: readonly NewMark[], tables: readonly string[]): Promise<void> {
  for (let start = 0; start < marks.length; start += CHUNK)
    await db
      .updateTable('_sync_forgotten')
      .set({ to_rewrite: JSON.stringify(tables) })
      .where(
        'mark',
        'in',
        marks.slice(start, start + CHUNK).map(({ mark }) => mark),
      )
      .execute()
}
