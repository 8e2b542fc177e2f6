import type { InferredColumns, Reset, Warehouse } from '../destination.ts'
import { backfillColumns, extrasOf } from './backfill-columns.ts'
import { type Context, createContext } from './context.ts'
import { createDestination } from './destination.ts'
import { inferredColumnsOf, keepInferredColumns } from './inferred-columns.ts'
import { createInspection } from './inspection.ts'
import { createReconciliation } from './reconciliation.ts'
import { keptRejects } from './rejects.ts'
import { forgetSeen } from './seen-keys.ts'

/** A destination with all optional capabilities, once for every database. */
export function createWarehouse(...of: Parameters<typeof createContext>): Warehouse {
  const context = createContext(...of)
  const { engine, schema, inSchema } = context
  return {
    ...createDestination(context),
    ...createInspection(context),
    ...createReset(context),
    ...keptRejects(engine, inSchema, schema),
    ...createInferredColumns(context),
    ...createReconciliation(context),
  }
}

const createReset = ({ engine, inSchema, exists }: Context): Reset => ({
  reset: stream =>
    engine.transaction(async session => {
      if (await exists(session, '_sync_checkpoints'))
        await inSchema(session).deleteFrom('_sync_checkpoints').where('stream', '=', stream).execute()
      if (await exists(session, '_sync_seen')) await forgetSeen(inSchema(session), stream)
    }),
})

const createInferredColumns = ({ engine, schema, inSchema, exists }: Context): InferredColumns => ({
  rowsWithExtra: (stream, after) => engine.transaction(session => extrasOf(session, schema, stream, after)),

  inferredColumns: stream =>
    engine.transaction(async session =>
      (await exists(session, '_sync_columns')) ? inferredColumnsOf(inSchema(session), stream) : [],
    ),

  keepInferredColumns: (stream, columns, run, at) =>
    engine.transaction(session => keepInferredColumns(inSchema(session), stream, columns, run, at)),

  backfillColumns: (stream, backfilled, at) =>
    engine.transaction(session => backfillColumns(session, schema, stream, backfilled, at)),
})
