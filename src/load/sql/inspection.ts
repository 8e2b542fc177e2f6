import { CompiledQuery, sql } from 'kysely'
import type { RunId } from '../../common/model.ts'
import type { StreamTables } from '../../schema/table.ts'
import type { Inspection } from '../inspection.ts'
import { asText } from './as-text.ts'
import type { Context } from './context.ts'
import { existingRows } from './existing-rows.ts'
import { readMarks } from './marks.ts'
import { plannedStatements } from './migrate-columns.ts'
import { schemaChanges } from './schema-changes.ts'
import { readSalt } from './settings.ts'
import { parseCompleteFrom, parseRun, parseWatermark } from './stored-values.ts'
import { streamStatuses } from './stream-statuses.ts'
import { SYSTEM_TABLES } from './system-tables.ts'
import { untilUnlocked } from './until-unlocked.ts'

/** `Inspection` for every database that has an `Engine`. */
export function createInspection(context: Context): Inspection {
  const { engine, schema, salt, forgotten, inSchema, exists, existing, hasColumn, recordedSchema, allTables } = context
  return {
    checkAccess: tables => engine.checkAccess([...SYSTEM_TABLES, ...tables].map(({ name }) => name)),

    plan: tables =>
      engine.transaction(async session => {
        const recorded = await recordedSchema(session)
        const changes = await schemaChanges(session, engine, schema, allTables(tables, recorded), recorded)
        const indexes = [...changes.indexes].flatMap(([table, missing]) => missing.map(({ sql }) => ({ table, sql })))
        const at = { session, engine, schema }
        const retyped = [...changes.columns.values()].flatMap(columns => plannedStatements(columns, at))
        return [...changes.statements, ...retyped, ...indexes]
      }),

    async loadSalt() {
      const read = await engine.transaction(async session =>
        (await exists(session, '_sync_settings'))
          ? {
              bytes: await readSalt(inSchema(session)),
              marks: (await exists(session, '_sync_forgotten')) ? await readMarks(inSchema(session)) : [],
            }
          : null,
      )
      if (!read?.bytes) return false
      salt.open(read.bytes)
      forgotten.open(read.marks)
      return true
    },

    rows: ({ root, children }: StreamTables) =>
      engine.transaction(async session => {
        const counted = new Map<string, number>()
        const tables = [root, ...children.map(child => child.table)]
        const there = await existing(
          session,
          tables.map(({ name }) => name),
        )
        for (const table of tables) {
          if (!there.has(table.name)) continue
          const live = table === root ? sql` where _deleted_at is null` : sql``
          const { rows } = await sql<{ n: string }>`
            select cast(count(*) as text) as n from ${sql.table(`${schema}.${table.name}`)}${live}`.execute(session.db)
          counted.set(table.name, Number(rows[0]?.n ?? 0))
        }
        return counted
      }),

    watermark: stream =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_checkpoints'))) return null
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(sql<string | null>`cast(watermark as text)`.as('watermark'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row ? parseWatermark(row, stream) : null
      }),

    completeFrom: stream =>
      engine.transaction(async session => {
        // An older version made the table, and no run of this one has been here: not known.
        if (!(await hasColumn(session, '_sync_checkpoints', 'complete_from'))) return null
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('complete_from').as('complete_from'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row ? parseCompleteFrom(row, stream) : null
      }),

    streamStatuses: streams =>
      untilUnlocked(engine, schema, session =>
        session.withLockTimeout(() => streamStatuses(session, context, streams)),
      ),

    runs: most =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_runs'))) return []
        const rows = await inSchema(session)
          .selectFrom('_sync_runs')
          .select(['run', asText('report').as('report')])
          .orderBy('run', 'desc')
          .limit(most)
          .execute()
        return rows.map(({ run, report }) => parseRun(report, `the row of _sync_runs for ${run}`))
      }),

    // Only Postgres has the table: a DuckDB file that a run writes to cannot be opened at all.
    writer: () =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_lease'))) return null
        const { rows } = await sql<{ holder: string }>`
          select holder from ${sql.table(`${schema}._sync_lease`)} where expires_at > clock_timestamp()`.execute(
          session.db,
        )
        return rows[0] ? (rows[0].holder as RunId) : null
      }),

    existingRows: (stream, keys) => engine.transaction(session => existingRows(session, schema, stream, keys)),

    query: question =>
      engine.transaction(async ({ db }) => {
        const { rows } = await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(question))
        return rows.map(row =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])),
        )
      }),
  }
}
