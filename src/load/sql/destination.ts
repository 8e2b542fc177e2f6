import { CompiledQuery } from 'kysely'
import type { Checkpoint, Committed, LastRun, RunReport, StartedRun } from '../../common/model.ts'
import type { Table } from '../../schema/table.ts'
import type { Destination } from '../destination.ts'
import { asText } from './as-text.ts'
import { claimCheckpoint } from './claim-checkpoint.ts'
import type { Context } from './context.ts'
import { detectDeletions } from './deletions.ts'
import type { Session } from './engine.ts'
import { recordGap } from './gaps.ts'
import { deleteInferredColumns, nowDeclared } from './inferred-columns.ts'
import { merge } from './merge.ts'
import { createRejects } from './rejects.ts'
import { schemaChanges } from './schema-changes.ts'
import { readOrCreateSalt, recordPolicies } from './settings.ts'
import { parseCheckpoint, parseCounts, stringifyCommitted } from './stored-values.ts'
import { recordTombstones, stageNewEvents } from './tombstones.ts'

/** `Destination` for every database that has an `Engine`. */
export function createDestination(context: Context): Destination {
  const { engine, schema, salt, history, storeToKeep, inSchema, exists, recordedSchema, allTables } = context
  const rejects = createRejects(inSchema)
  return {
    acquireLock: run => engine.acquireLock(run),

    async prepare(tables: readonly Table[]) {
      const prepared = await engine.transaction(async session => {
        const recorded = await recordedSchema(session)
        const all = allTables(tables, recorded)
        const statements = await schemaChanges(session, engine, schema, all, recorded)
        // In one request: with a comment for each column there are hundreds of statements.
        if (statements.length > 0)
          await session.db.executeQuery(CompiledQuery.raw(statements.map(({ query }) => query.sql).join(';\n')))
        await recordPolicies(inSchema(session), recorded.policies, all)
        await deleteInferredColumns(inSchema(session), nowDeclared(recorded.inferred, tables))
        await history.catchUp(session, tables, recorded.inferred)
        return { statements, salt: await readOrCreateSalt(inSchema(session)) }
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
        return row ? parseCheckpoint(row, stream) : unwritten(stream)
      }),

    lastCounts: stream =>
      engine.transaction(async session => {
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('counts').as('counts'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row ? parseCounts(row, stream) : null
      }),

    commit: (batch, from, to, evidence) =>
      storeToKeep.within(recordStore =>
        engine.transaction(async session => {
          await claimCheckpoint(inSchema(session), batch.receivedAt, from, to)
          await recordStore(inSchema(session))
          const hasNewEvents = await stageNewEvents(session, schema, batch)
          const merged = await merge(session, schema, batch, history.isKept(batch.stream))
          if (hasNewEvents) await recordTombstones(session, schema, batch)
          const counts: Committed = { ...merged, ...(await detectDeletions(session, schema, batch, to, evidence)) }
          if (evidence?.gap) await recordGap(inSchema(session), to, evidence.gap, batch.receivedAt)
          await history.update(session, batch.stream, counts)
          await rejects.update(session, batch, to)
          // Stored for a run that loses the connection during COMMIT: it can still report what the commit did.
          await inSchema(session)
            .updateTable('_sync_checkpoints')
            .set({ counts: stringifyCommitted(counts) })
            .where('stream', '=', to.stream)
            .execute()
          return counts
        }),
      ),

    record: (report: RunReport | StartedRun) =>
      engine.transaction(async session => {
        const { run, started_at, finished_at, outcome, streams } = report
        const db = inSchema(session)
        await db.deleteFrom('_sync_runs').where('run', '=', run).execute()
        await db
          .insertInto('_sync_runs')
          .values({ run, started_at, finished_at, outcome, report: JSON.stringify(report) })
          .execute()
        if (finished_at === null) return
        for (const stream of streams) await recordLastRun(db, { ...stream, run, finished_at })
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

async function recordLastRun(db: Session['db'], last: LastRun): Promise<void> {
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
