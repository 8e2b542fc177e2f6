import { sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { Reconciliation, ReconciliationSupport } from '../destination.ts'
import { claimCheckpoint } from './claim-checkpoint.ts'
import { countComparable, distinctValues, listComparableKeys } from './comparable-rows.ts'
import { compare } from './compare.ts'
import type { Context } from './context.ts'
import { createRejects } from './rejects.ts'
import { markGone, replace } from './repair.ts'
import { columnsOf } from './schema-changes.ts'

/** Compares rows with records of the source, and repairs them, once for every database. */
export function createReconciliation({ engine, schema, history, inSchema }: Context): ReconciliationSupport {
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
        await claimCheckpoint(inSchema(session), batch.receivedAt, from, to)
        const counts = await replace(session, schema, batch)
        const deleted = await markGone(session, schema, batch.stream, gone, batch.receivedAt)
        await rejects.follow(session, batch, to)
        await history.follow(session, batch.stream, { ...counts, deleted })
        return deleted
      }),

    keepReconciliations: found =>
      engine.transaction(async ({ db }) => {
        for (const reconciliation of found)
          await db.withSchema(schema).insertInto('_sync_reconciliations').values(rowOf(reconciliation)).execute()
      }),

    lastReconciliation: stream =>
      engine.transaction(async session => {
        if (!(await columnsOf(session, schema)).has('_sync_reconciliations')) return null
        const { rows } = await sql<{ at: string; differing: string }>`
          select cast(reconciled_at as text) as at, cast(missing + changed + gone - repaired as text) as differing
          from ${sql.table(`${schema}._sync_reconciliations`)}
          where stream = ${stream} and method = 'records' and bucket = 'all' order by run desc limit 1`.execute(
          session.db,
        )
        const at = parseInstant(rows[0]?.at ?? '', 'UTC')
        return at === null ? null : { at, agreed: rows[0]?.differing === '0' }
      }),
  }
}

/** Keys kept of each kind and bucket; the counts are exact. */
const MOST_KEYS = 1000

function rowOf({ missing, changed, gone, source_count, warehouse_count, repaired, ...row }: Reconciliation) {
  const some = (keys: readonly string[]): readonly string[] => keys.slice(0, MOST_KEYS)
  return {
    ...row,
    source_count: String(source_count),
    warehouse_count: String(warehouse_count),
    missing: String(missing.length),
    changed: String(changed.length),
    gone: String(gone.length),
    repaired: String(repaired),
    keys: JSON.stringify({ missing: some(missing), changed: some(changed), gone: some(gone) }),
  }
}
