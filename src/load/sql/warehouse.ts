import { sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { InferredColumns, OlderReports, Reset, ViewSupport, Warehouse } from '../destination.ts'
import { backfillColumns, rowsWithExtra } from './backfill-columns.ts'
import { createColumnMigrations } from './column-migrations.ts'
import { type Context, createContext } from './context.ts'
import { createDestination } from './destination.ts'
import { createExpectedRows } from './expected-rows.ts'
import { createOldRuns } from './forget-runs.ts'
import { createForgetting } from './forgetting.ts'
import { createIndexing } from './indexing.ts'
import { readInferredColumns, recordInferredColumns } from './inferred-columns.ts'
import { createInspection } from './inspection.ts'
import { createKeysInRange } from './keys-in-range.ts'
import { createLearntRates } from './learnt-rates.ts'
import { writeAgainIfChildRowsMissing } from './lost-rows.ts'
import { olderReports } from './older-reports.ts'
import { createQueries } from './queries.ts'
import { createReconciliation } from './reconciliation.ts'
import { createRejectReader } from './rejects.ts'
import { hasColumn } from './schema-changes.ts'
import { resetSeen } from './seen-keys.ts'
import { createStoreIdentification } from './store-identification.ts'
import { createTotals } from './totals.ts'
import { keepViews } from './views/keep-views.ts'

/** A destination with all optional capabilities, for every database that has an `Engine`. */
export function createWarehouse(...options: Parameters<typeof createContext>): Warehouse {
  const context = createContext(...options)
  return {
    ...createDestination(context),
    ...createIndexing(context),
    ...createColumnMigrations(context),
    ...createInspection(context),
    ...createStoreIdentification(context),
    ...createLearntRates(context),
    ...createExpectedRows(context),
    ...createKeysInRange(context),
    ...createOlderReports(context),
    ...createReset(context),
    ...createRejectReader(context),
    ...createInferredColumns(context),
    ...createReconciliation(context),
    ...createViewSupport(context),
    ...createTotals(context),
    ...createOldRuns(context),
    ...createForgetting(context),
    ...createQueries(context),
    compact: signal => context.engine.compact(signal),
    replaceReadCopy: signal => context.engine.replaceReadCopy(signal),
  }
}

const createReset = (context: Context): Reset => ({
  reset: stream =>
    context.engine.transaction(async session => {
      const { schema, inSchema, exists } = context
      const db = inSchema(session)
      const { name } = stream
      if ((await exists(session, name)) && (await hasColumn(session, schema, '_sync_checkpoints', 'rows')))
        await writeAgainIfChildRowsMissing(session, context, stream)
      const row = (await exists(session, '_sync_checkpoints'))
        ? await db
            .selectFrom('_sync_checkpoints')
            .select(sql<string | null>`cast(watermark as text)`.as('watermark'))
            .where('stream', '=', name)
            .executeTakeFirst()
        : undefined
      if (row) await db.deleteFrom('_sync_checkpoints').where('stream', '=', name).execute()
      if (await exists(session, '_sync_seen')) await resetSeen(db, name)
      // Not parsed strictly: a reset is the way out of a checkpoint that cannot be read.
      return row?.watermark ? parseInstant(row.watermark, 'UTC') : null
    }),
})

const createOlderReports = ({ engine, schema }: Context): OlderReports => ({
  olderReports: (stream, most) => engine.transaction(session => olderReports(session, schema, stream, most)),
})

const createInferredColumns = ({
  engine,
  schema,
  history,
  inferredAtStart,
  inSchema,
  exists,
}: Context): InferredColumns => ({
  rowsWithExtra: (stream, after) => engine.transaction(session => rowsWithExtra(session, schema, stream, after)),

  inferredColumns: async stream =>
    inferredAtStart.take(stream) ??
    (await engine.transaction(async session =>
      (await exists(session, '_sync_columns')) ? readInferredColumns(inSchema(session), stream) : [],
    )),

  keepInferredColumns: (stream, columns, run, at) => {
    // Whoever asks from now on has to see the new ones too.
    inferredAtStart.take(stream)
    return engine.transaction(session => recordInferredColumns(inSchema(session), stream, columns, run, at))
  },

  backfillColumns: (stream, backfilled, at) =>
    engine.transaction(session =>
      backfillColumns(session, schema, stream, backfilled, { at, versioned: history.isKept(stream) }),
    ),
})

const createViewSupport = ({ engine, schema, inSchema, exists }: Context): ViewSupport => ({
  keepViews: (wanted, signal) => keepViews({ engine, schema, inSchema, exists }, wanted, signal),
})
