import { CompiledQuery, sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Checkpoint, Committed, LastRun, RunId, RunReport } from '../../common/model.ts'
import type { Table } from '../../schema/table.ts'
import type { Destination } from '../destination.ts'
import { claimCheckpoint } from './claim-checkpoint.ts'
import type { Context } from './context.ts'
import { detectDeletions } from './deletions.ts'
import type { Session } from './engine.ts'
import { keepGap } from './gaps.ts'
import { forgetInferredColumns, takenOver } from './inferred-columns.ts'
import { merge } from './merge.ts'
import { createRejects } from './rejects.ts'
import { changes } from './schema-changes.ts'
import { recordPolicies, saltOf } from './settings.ts'
import { parseCommitted, parseScan, stringifyCommitted } from './stored-json.ts'
import { arrivals, noteTombstones } from './tombstones.ts'

/** What a sync needs, once for every database that has an `Engine`. */
export function createDestination(context: Context): Destination {
  const { engine, schema, salt, history, inSchema, exists, past, allTables } = context
  const rejects = createRejects(inSchema)
  return {
    acquireLock: run => engine.acquireLock(run),

    async prepare(tables: readonly Table[]) {
      const prepared = await engine.transaction(async session => {
        const before = await past(session)
        const all = allTables(tables, before)
        const statements = await changes(session, engine, schema, all, before)
        // All in one go: each column has a comment, which makes hundreds.
        if (statements.length > 0)
          await session.db.executeQuery(CompiledQuery.raw(statements.map(({ query }) => query.sql).join(';\n')))
        await recordPolicies(inSchema(session), before.policies, all)
        await forgetInferredColumns(inSchema(session), takenOver(before.inferred, tables))
        await history.catchUp(session, tables, before.inferred)
        return { statements, salt: await saltOf(inSchema(session)) }
      })
      salt.open(prepared.salt)
      return prepared.statements
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
          scan: row.walk === null ? null : parseScan(row.walk, stream),
          schemaHash: row.shape,
          writer: row.writer as RunId | null,
          lastSnapshotAt: row.swept === null ? null : parseInstant(row.swept, 'UTC'),
        }
      }),

    lastCounts: stream =>
      engine.transaction(async session => {
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('counts').as('counts'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row?.counts ? parseCommitted(row.counts, stream) : null
      }),

    commit: (batch, from, to, evidence) =>
      engine.transaction(async session => {
        await claimCheckpoint(inSchema(session), batch.receivedAt, from, to)
        const arrived = await arrivals(session, schema, batch)
        const merged = await merge(session, schema, batch, history.isKept(batch.stream))
        if (arrived) await noteTombstones(session, schema, batch)
        const counts: Committed = { ...merged, ...(await detectDeletions(session, schema, batch, to, evidence)) }
        if (evidence?.gap) await keepGap(inSchema(session), to, evidence.gap, batch.receivedAt)
        await history.follow(session, batch.stream, counts)
        await rejects.follow(session, batch, to)
        // Beside the checkpoint, for a run that lost the answer to its COMMIT and still has to report what it did.
        await inSchema(session)
          .updateTable('_sync_checkpoints')
          .set({ counts: stringifyCommitted(counts) })
          .where('stream', '=', to.stream)
          .execute()
        return counts
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

    finalize: () => engine.finalize(),

    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
    },
  }
}

const unwritten = (stream: string): Checkpoint => ({
  stream,
  version: 0,
  watermark: null,
  scan: null,
  schemaHash: null,
  writer: null,
  lastSnapshotAt: null,
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
