import { CompiledQuery, sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Checkpoint, Committed, LastRun, RunId, RunReport, Walk } from '../../common/model.ts'
import { Seal } from '../../schema/salt.ts'
import type { Stream } from '../../schema/stream.ts'
import type { StreamTables, Table } from '../../schema/table.ts'
import type { Destination } from '../destination.ts'
import { extrasOf, fill } from './backfill-columns.ts'
import { claim } from './claim-checkpoint.ts'
import { callTheRoll } from './deletions.ts'
import type { Engine, Session } from './engine.ts'
import { standingRows } from './existing-rows.ts'
import { gapsOf, keepGap } from './gaps.ts'
import { createHistory } from './history.ts'
import { forgetLearnt, keepLearnt, learntOf, takenOver } from './inferred-columns.ts'
import { merge } from './merge.ts'
import { createRejects, keptRejects } from './rejects.ts'
import { changes, columnsOf, hasTable, type Past } from './schema-changes.ts'
import { forgetSeen } from './seen-keys.ts'
import { knownSalt, notedPolicies, notePolicies, saltOf } from './settings.ts'
import { LEDGER } from './system-tables.ts'
import { arrivals, noteTombstones } from './tombstones.ts'

/**
 * What a destination promises, once for every database that has an `Engine`.
 * @param versioned streams of which every version is kept.
 * @param seal given the warehouse's salt by `prepare`.
 */
export function createDestination(
  engine: Engine,
  schema: string,
  versioned: readonly Stream[] = [],
  seal = new Seal(),
): Destination {
  const history = createHistory(schema, versioned)
  const inSchema = (session: Session) => session.db.withSchema(schema)
  /** No table is ever dropped, so what was there once need not be asked for again. */
  const met = new Set<string>()
  const exists = async (session: Session, table: string): Promise<boolean> => {
    if (!met.has(table) && (await hasTable(session, schema, table))) met.add(table)
    return met.has(table)
  }
  const past = async (session: Session): Promise<Past> => ({
    noted: (await exists(session, '_sync_settings')) ? await notedPolicies(inSchema(session)) : {},
    learnt: (await exists(session, '_sync_columns')) ? await learntOf(inSchema(session), null) : [],
  })
  const rejects = createRejects(inSchema)

  return {
    hold: run => engine.hold(run),

    plan: tables =>
      engine.transaction(async session => {
        const before = await past(session)
        const all = [...LEDGER, ...tables, ...history.tables(tables, before.learnt)]
        return changes(session, engine, schema, all, before)
      }),

    async prepare(tables: readonly Table[]) {
      const prepared = await engine.transaction(async session => {
        const before = await past(session)
        const all = [...LEDGER, ...tables, ...history.tables(tables, before.learnt)]
        const statements = await changes(session, engine, schema, all, before)
        // All in one go: each column has a comment, which makes hundreds.
        if (statements.length > 0)
          await session.db.executeQuery(CompiledQuery.raw(statements.map(({ query }) => query.sql).join(';\n')))
        await notePolicies(inSchema(session), before.noted, all)
        await forgetLearnt(inSchema(session), takenOver(before.learnt, tables))
        await history.catchUp(session, tables, before.learnt)
        return { statements, salt: await saltOf(inSchema(session)) }
      })
      seal.open(prepared.salt)
      return prepared.statements
    },

    async unseal() {
      const salt = await engine.transaction(async session =>
        (await exists(session, '_sync_settings')) ? knownSalt(inSchema(session)) : null,
      )
      if (salt !== null) seal.open(salt)
      return salt !== null
    },

    checkpoint: stream =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_checkpoints'))) return unwritten(stream)
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(['shape', 'writer'])
          .select([asText('version').as('version'), asText('watermark').as('watermark'), asText('walk').as('walk')])
          .select(asText('swept').as('swept'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        if (!row) return unwritten(stream)
        return {
          stream,
          version: Number(row.version),
          watermark: row.watermark === null ? null : parseInstant(row.watermark, 'UTC'),
          walk: row.walk === null ? null : (JSON.parse(row.walk) as Walk),
          shape: row.shape,
          writer: row.writer as RunId | null,
          swept: row.swept === null ? null : parseInstant(row.swept, 'UTC'),
        }
      }),

    lastCounts: stream =>
      engine.transaction(async session => {
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('counts').as('counts'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row?.counts ? (JSON.parse(row.counts) as Committed) : null
      }),

    commit: (batch, from, to, presence) =>
      engine.transaction(async session => {
        await claim(inSchema(session), batch.receivedAt, from, to)
        const arrived = await arrivals(session, schema, batch)
        const merged = await merge(session, schema, batch, history.isKept(batch.stream))
        if (arrived) await noteTombstones(session, schema, batch)
        const counts: Committed = { ...merged, ...(await callTheRoll(session, schema, batch, to, presence)) }
        if (presence?.gap) await keepGap(inSchema(session), to, presence.gap, batch.receivedAt)
        await history.follow(session, batch.stream, counts)
        await rejects.follow(session, batch, to)
        // Beside the checkpoint, for a run that lost the answer to its COMMIT and still has to report what it did.
        await inSchema(session)
          .updateTable('_sync_checkpoints')
          .set({ counts: JSON.stringify(counts) })
          .where('stream', '=', to.stream)
          .execute()
        return counts
      }),

    standing: (stream, keys) => engine.transaction(session => standingRows(session, schema, stream, keys)),

    ...keptRejects(engine, inSchema, schema),

    extras: (stream, after) => engine.transaction(session => extrasOf(session, schema, stream, after)),

    learnt: stream =>
      engine.transaction(async session =>
        (await exists(session, '_sync_columns')) ? learntOf(inSchema(session), stream) : [],
      ),

    learn: (stream, columns, run, at) =>
      engine.transaction(session => keepLearnt(inSchema(session), stream, columns, run, at)),

    fill: (stream, filled, at) => engine.transaction(session => fill(session, schema, stream, filled, at)),

    reset: stream =>
      engine.transaction(async session => {
        if (await exists(session, '_sync_checkpoints'))
          await inSchema(session).deleteFrom('_sync_checkpoints').where('stream', '=', stream).execute()
        if (await exists(session, '_sync_seen')) await forgetSeen(inSchema(session), stream)
      }),

    gaps: stream =>
      engine.transaction(async session =>
        (await exists(session, '_sync_gaps')) ? gapsOf(inSchema(session), stream) : [],
      ),

    deleted: table =>
      engine.transaction(async session => {
        if (!(await exists(session, table.name))) return null
        const { rows } = await sql<{ n: string }>`
          select cast(count(_deleted_at) as text) as n from ${sql.table(`${schema}.${table.name}`)}`.execute(session.db)
        return Number(rows[0]?.n ?? 0)
      }),

    record: (report: RunReport) =>
      engine.transaction(async session => {
        const { run, started_at, finished_at, outcome, streams } = report
        const db = inSchema(session)
        await db.deleteFrom('_sync_runs').where('run', '=', run).execute()
        await db
          .insertInto('_sync_runs')
          .values({ run, started_at, finished_at, outcome, report: JSON.stringify(report) })
          .execute()
        for (const stream of streams) await keepLast(db, { ...stream, run, finished_at })
      }),

    rows: ({ root, owned }: StreamTables) =>
      engine.transaction(async session => {
        const stored = await columnsOf(session, schema)
        const counted = new Map<string, number>()
        for (const table of [root, ...owned.map(child => child.table)]) {
          if (!stored.has(table.name)) continue
          const there = table === root ? sql` where _deleted_at is null` : sql``
          const { rows } = await sql<{ n: string }>`
            select cast(count(*) as text) as n from ${sql.table(`${schema}.${table.name}`)}${there}`.execute(session.db)
          counted.set(table.name, Number(rows[0]?.n ?? 0))
        }
        return counted
      }),

    lastRun: stream =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_checkpoints'))) return null
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('report').as('report'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row?.report ? (JSON.parse(row.report) as LastRun) : null
      }),

    settle: () => engine.settle(),

    probe: () => engine.probe(),

    ask: question =>
      engine.transaction(async ({ db }) => {
        const { rows } = await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(question))
        return rows.map(row =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])),
        )
      }),

    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
    },
  }
}

const unwritten = (stream: string): Checkpoint => ({
  stream,
  version: 0,
  watermark: null,
  walk: null,
  shape: null,
  writer: null,
  swept: null,
})

/** The same text from both drivers, whatever each makes of the type. */
const asText = (column: string) => sql<string>`cast(${sql.ref(column)} as text)`

async function keepLast(db: Session['db'], last: LastRun): Promise<void> {
  const { stream } = last
  const report = JSON.stringify(last)
  const kept = await db.updateTable('_sync_checkpoints').set({ report }).where('stream', '=', stream).executeTakeFirst()
  if (kept.numUpdatedRows > 0n) return
  const none = { watermark: null, walk: null, shape: null, writer: null, swept: null, committed_at: null, counts: null }
  await db
    .insertInto('_sync_checkpoints')
    .values({ stream, version: '0', ...none, report })
    .execute()
}
