import { DestinationError } from '../../common/errors.ts'
import type { MigratedColumns } from '../../common/model.ts'
import { allTables } from '../../schema/table.ts'
import type { ColumnMigrations } from '../destination.ts'
import type { Context } from './context.ts'
import { deleteInferredColumns, nowDeclared } from './inferred-columns.ts'
import { migrateColumns, refuseRetyped, refuseUnsafe } from './migrate-columns.ts'
import { schemaChanges } from './schema-changes.ts'
import { untilUnlocked } from './until-unlocked.ts'
import { readOwnViews } from './views/ledger.ts'

const NOTHING: MigratedColumns = { changed: [], kept: [] }

/** `ColumnMigrations` for every database that has an `Engine`. */
export function createColumnMigrations(context: Context): ColumnMigrations {
  // One stream after the other: a view that reads two streams is dropped for the first, and is not there for the second.
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(work)
    queue = done.catch(() => {})
    return done
  }
  return {
    async migrateColumns(stream, signal) {
      const { engine, schema, history, columnChanges, inSchema, recordedSchema } = context
      const changes = columnChanges.get(stream.name)
      if (changes === undefined || changes.retyped.length + changes.retired.length === 0) return NOTHING
      if (signal === null) {
        refuseRetyped(changes, engine)
        return NOTHING
      }
      try {
        const migrated = await inTurn(() =>
          untilUnlocked(engine, schema, async session => {
            const { ledger: views } = await readOwnViews(session, context)
            const done = await migrateColumns(changes, { session, engine, schema, stream, views }, signal)
            if (changes.retyped.length > 0) {
              const { inferred } = await recordedSchema(session)
              const tables = allTables(stream)
              await deleteInferredColumns(inSchema(session), nowDeclared(inferred, tables))
              await history.catchUp(session, tables, inferred)
            }
            return done
          }),
        )
        columnChanges.delete(stream.name)
        return migrated
      } catch (error) {
        // A column that is no longer needed is in nobody's way: the next run tries again.
        const canWait = changes.retyped.length === 0 && error instanceof DestinationError && error.reaction !== 'retry'
        if (!canWait) throw error
        return NOTHING
      }
    },

    refusedMigrations: streams =>
      context.engine.transaction(async session => {
        const { engine, schema, allTables: withHistory, recordedSchema } = context
        const recorded = await recordedSchema(session)
        const tables = withHistory(streams.flatMap(allTables), recorded)
        const { columns } = await schemaChanges(session, engine, schema, tables, recorded)
        const { ledger: views } = await readOwnViews(session, context)
        const refused = new Map<string, DestinationError>()
        for (const stream of streams) {
          const at = { session, engine, schema, stream, views }
          try {
            await refuseUnsafe(columns.get(stream.name)?.retyped ?? [], at)
          } catch (error) {
            if (!(error instanceof DestinationError)) throw error
            refused.set(stream.name, error)
          }
        }
        return refused
      }),
  }
}
