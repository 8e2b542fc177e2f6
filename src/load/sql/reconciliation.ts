import type { Reconciliation, ReconciliationSupport } from '../reconciliation.ts'
import { claimCheckpoint } from './claim-checkpoint.ts'
import { countComparable, distinctValues, listComparableKeys } from './comparable-rows.ts'
import { compare } from './compare.ts'
import type { Context } from './context.ts'
import { createRejects } from './rejects.ts'
import { markNotFound, replace } from './repair.ts'
import { keepGrowth } from './row-counts.ts'

/** `ReconciliationSupport` for every database that has an `Engine`. */
export function createReconciliation({
  engine,
  schema,
  history,
  referenced,
  inSchema,
}: Context): ReconciliationSupport {
  const rejects = createRejects(inSchema)
  return {
    compare: (batch, now) => engine.transaction(session => compare(session, schema, batch, now)),

    countComparable: (rows, where) =>
      engine.transaction(session => countComparable(session, schema, rows, where ?? null)),

    valuesOf: (stream, column) => engine.transaction(session => distinctValues(session, schema, stream, column)),

    comparableKeys: (rows, after, most) =>
      engine.transaction(session => listComparableKeys(session, schema, rows, after, most)),

    repair: (batch, gone, from, to) =>
      engine.transaction(async session => {
        engine.lost.throwIfAborted()
        await claimCheckpoint(inSchema(session), batch.receivedAt, from, to)
        const { counts, growth } = await replace(session, schema, batch, referenced)
        const deleted = await markNotFound(session, schema, batch.stream, gone, batch.receivedAt)
        await rejects.update(session, batch, to)
        await history.update(session, batch.stream, { ...counts, deleted: counts.deleted + deleted })
        await keepGrowth(session, schema, batch.stream, growth)
        return deleted
      }),

    keepReconciliations: found =>
      engine.transaction(async ({ db }) => {
        for (const reconciliation of found)
          await db.withSchema(schema).insertInto('_sync_reconciliations').values(rowOf(reconciliation)).execute()
      }),
  }
}

/** Keys stored of each kind in a bucket. The counts beside them are of all keys. */
const MOST_KEYS = 1000

function rowOf({ missing, changed, gone, source_count, warehouse_count, repaired, ...row }: Reconciliation) {
  const first = (keys: readonly string[]): readonly string[] => keys.slice(0, MOST_KEYS)
  return {
    ...row,
    source_count: String(source_count),
    warehouse_count: String(warehouse_count),
    missing: String(missing.length),
    changed: String(changed.length),
    gone: String(gone.length),
    repaired: String(repaired),
    keys: JSON.stringify({ missing: first(missing), changed: first(changed), gone: first(gone) }),
  }
}
