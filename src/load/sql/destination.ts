import { CompiledQuery, sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { Checkpoint, Committed } from '../../common/model.ts'
import type { LastRun, RunReport, StartedRun } from '../../common/run-report.ts'
import type { Table } from '../../schema/table.ts'
import type { DeletionSupport, Destination, RowCounts } from '../destination.ts'
import { asText } from './as-text.ts'
import { claimCheckpoint, holdCheckpoint } from './claim-checkpoint.ts'
import type { Context } from './context.ts'
import { detectDeletions, markConfirmed } from './deletions.ts'
import type { Session } from './engine.ts'
import { recordGap } from './gaps.ts'
import { deleteInferredColumns, nowDeclared } from './inferred-columns.ts'
import { forgetLostRows, writeAgainIfChildRowsMissing } from './lost-rows.ts'
import { readMarks, storeNewMarks } from './marks.ts'
import { merge } from './merge.ts'
import { createRejects } from './rejects.ts'
import { hasRows, keepCounts, missingRows } from './row-counts.ts'
import { schemaChanges } from './schema-changes.ts'
import { selectCheckpoints } from './select-checkpoints.ts'
import { readOrCreateSalt, recordMadeColumns, recordPolicies } from './settings.ts'
import { parseCheckpoint, parseCounts } from './stored-values.ts'
import { SYSTEM_TABLES } from './system-tables.ts'
import { recordTombstones, stageNewEvents } from './tombstones.ts'
import { untilUnlocked } from './until-unlocked.ts'

/** `Destination` for every database that has an `Engine`. */
export function createDestination(context: Context): Destination & RowCounts & DeletionSupport {
  const {
    engine,
    schema,
    salt,
    forgotten,
    history,
    found,
    referenced,
    missingIndexes,
    columnChanges,
    inferredAtStart,
    storeToKeep,
    inSchema,
    exists,
    hasColumn,
    recordedSchema,
    allTables,
  } = context
  const rejects = createRejects(inSchema)
  return {
    async acquireLock(run) {
      await engine.acquireLock(run)
      return engine.lost
    },

    async prepare(tables: readonly Table[]) {
      const prepared = await untilUnlocked(engine, schema, async session => {
        const recorded = await recordedSchema(session)
        const all = allTables(tables, recorded)
        const { statements, columns, indexes, dropped } = await schemaChanges(session, engine, schema, all, recorded)
        // In one request: with a comment for each column there are hundreds of statements.
        if (statements.length > 0)
          await session.withLockTimeout(() =>
            session.db.executeQuery(CompiledQuery.raw(statements.map(({ query }) => query.sql).join(';\n'))),
          )
        await recordPolicies(inSchema(session), recorded.policies, all)
        await recordMadeColumns(inSchema(session), recorded.made, all, columns)
        for (const what of dropped) await forgetLostRows(session, schema, what)
        // `migrateColumns` does both for a stream that has columns of another type.
        const asDeclared = tables.filter(({ stream = '' }) => !columns.get(stream)?.retyped.length)
        const declared = nowDeclared(recorded.inferred, asDeclared)
        await deleteInferredColumns(inSchema(session), declared)
        const inferred = recorded.inferred.filter(column => !declared.includes(column))
        await history.catchUp(session, asDeclared, recorded.inferred)
        for (const table of await session.referencedTables(schema)) referenced.add(table)
        for (const [table, missing] of indexes) missingIndexes.set(table, missing)
        for (const [stream, changes] of columns) columnChanges.set(stream, changes)
        // No other run can add a mark, so they are read once.
        const marks = forgotten.isOpen ? [] : await readMarks(inSchema(session))
        return { statements, salt: await readOrCreateSalt(inSchema(session)), marks, asDeclared, inferred }
      })
      for (const { name, columns } of [...SYSTEM_TABLES, ...tables])
        for (const key of [name, ...columns.map(column => `${name}.${column.name}`)]) found.add(key)
      salt.open(prepared.salt)
      forgotten.open(prepared.marks)
      inferredAtStart.keep(prepared.asDeclared, prepared.inferred)
      return prepared.statements
    },

    checkpoint: stream =>
      engine.transaction(async session => {
        if (!(await exists(session, '_sync_checkpoints'))) return unwritten(stream)
        const row = await (await selectCheckpoints(session, context)).where('stream', '=', stream).executeTakeFirst()
        return row ? parseCheckpoint(row, stream) : unwritten(stream)
      }),

    async missingRows(stream) {
      try {
        return await engine.transaction(async session =>
          (await hasColumn(session, '_sync_checkpoints', 'rows'))
            ? await session.withLockTimeout(() => missingRows(session, context, stream))
            : [],
        )
      } catch (error) {
        // Somebody keeps the table from being read, which is no reason to wait: the next run counts.
        if (error instanceof DestinationError && error.kind === 'locked') return []
        throw error
      }
    },

    hasRows: stream => engine.transaction(session => hasRows(session, schema, stream)),

    lastCounts: stream =>
      engine.transaction(async session => {
        const row = await inSchema(session)
          .selectFrom('_sync_checkpoints')
          .select(asText('counts').as('counts'))
          .where('stream', '=', stream)
          .executeTakeFirst()
        return row ? parseCounts(row, stream) : null
      }),

    async commit(batch, from, to, evidence) {
      const marks = forgotten.unstored(batch.stream.name)
      const counts = await storeToKeep.within(recordStore =>
        engine.transaction(async session => {
          engine.lost.throwIfAborted()
          const stored = await claimCheckpoint(inSchema(session), batch.receivedAt, from, to)
          await recordStore(inSchema(session))
          if (from.scan === null && batch.stream.sync.mode === 'full')
            await writeAgainIfChildRowsMissing(session, context, batch.stream)
          const hasNewEvents = await stageNewEvents(session, schema, batch)
          const { counts: merged, growth } = await merge(session, schema, batch, {
            staged: history.isKept(batch.stream),
            referenced,
          })
          if (hasNewEvents) await recordTombstones(session, schema, batch)
          const marked = await detectDeletions(session, schema, batch, to, evidence)
          const counts: Committed = { ...merged, ...marked, deleted: merged.deleted + marked.deleted }
          if (evidence?.gap) await recordGap(inSchema(session), to, evidence.gap, batch.receivedAt)
          await history.update(session, batch.stream, counts)
          await rejects.update(session, batch, to)
          const endsFullScan = evidence?.last === true && batch.stream.sync.mode === 'full'
          const claimed = { key: to.stream, stored, endsFullScan }
          await keepCounts(session, schema, batch.stream, claimed, counts, growth)
          if (marks.length > 0) await storeNewMarks(session, context, marks, { run: to.writer, at: batch.receivedAt })
          return counts
        }),
      )
      forgotten.stored(marks)
      return counts
    },

    markAbsent: (stream, checkpoint, scan, at) =>
      engine.transaction(async session => {
        await holdCheckpoint(inSchema(session), checkpoint)
        const deletions = await markConfirmed({ session, schema, stream, scan, at })
        await history.update(session, stream, { added: 0, changed: 0, deleted: deletions.deleted })
        return deletions
      }),

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
        await recordLastRuns(
          session,
          context,
          streams.map(stream => ({ ...stream, run, finished_at })),
        )
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
  completeFrom: null,
})

const UNCOUNTED = { rows: null, child_rows: null, lost: null }

/** Stores them beside the checkpoints, in one statement for all: the end of a run does not wait for each of them. */
async function recordLastRuns(session: Session, { engine, schema, inSchema }: Context, lasts: readonly LastRun[]) {
  if (lasts.length === 0) return
  const reports = lasts.map(last => ({ stream: last.stream, report: JSON.stringify(last) }))
  const values = reports.map(({ stream, report }) => sql`(cast(${stream} as text), cast(${report} as text))`)
  const kept = await sql<{ stream: string }>`
    update ${sql.table(`${schema}._sync_checkpoints`)} as c
    set report = cast(v.report as ${engine.columnType('json')})
    from (values ${sql.join(values)}) as v (stream, report) where c.stream = v.stream
    returning c.stream`.execute(session.db)
  const known = new Set(kept.rows.map(({ stream }) => stream))
  const fresh = reports.filter(({ stream }) => !known.has(stream))
  if (fresh.length === 0) return
  const none = {
    watermark: null,
    walk: null,
    shape: null,
    writer: null,
    swept: null,
    complete_from: null,
    committed_at: null,
    counts: null,
    ...UNCOUNTED,
  }
  await inSchema(session)
    .insertInto('_sync_checkpoints')
    .values(fresh.map(({ stream, report }) => ({ stream, version: '0', ...none, report })))
    .execute()
}
