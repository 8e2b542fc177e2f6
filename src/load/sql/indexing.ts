import { sql } from 'kysely'
import type { SchemaChange } from '../../common/model.ts'
import type { Indexing } from '../destination.ts'
import type { Context } from './context.ts'
import { untilUnlocked } from './until-unlocked.ts'

/** `Indexing` for every database that has an `Engine`. */
export const createIndexing = ({ engine, schema, missingIndexes }: Context): Indexing => ({
  async createIndexes(tables, signal) {
    const made: SchemaChange[] = []
    const failures: unknown[] = []
    const isComplete = tables.every(({ name }) => !missingIndexes.get(name)?.length)
    for (const { name, key, indexed = [] } of isComplete ? [] : tables) {
      const missing = missingIndexes.get(name) ?? []
      // The planner uses an index only if it knows its columns, and nobody has looked at them since they were loaded.
      const columns = sql.join([...new Set([...key, ...indexed])].map(column => sql.ref(column)))
      const statistics = sql`analyze ${sql.table(`${schema}.${name}`)} (${columns})`
      try {
        await untilUnlocked(engine, schema, session =>
          session.longDdl([...missing, statistics.compile(session.db)], signal),
        )
        missingIndexes.delete(name)
        made.push(...missing.map(statement => ({ table: name, sql: statement.sql })))
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return made
  },
})
