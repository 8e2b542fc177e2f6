import { sql } from 'kysely'
import type { RecordedStore } from '../../common/model.ts'
import type { StoreIdentification } from '../destination.ts'
import type { Context } from './context.ts'
import { columnsOf } from './schema-changes.ts'
import { readSalt, readStore } from './settings.ts'

/** Tables of the store itself, in which a warehouse of an older version says whose rows it has. */
const STORE_TABLES = ['store', 'shop']

/** `StoreIdentification` for every database that has an `Engine`. */
export const createStoreIdentification = (context: Context): StoreIdentification => {
  const { engine, salt, inSchema, exists, storeToKeep } = context
  return {
    async store() {
      const { bytes, recorded } = await engine.transaction(async session => {
        if (!(await exists(session, '_sync_settings'))) return { bytes: null, recorded: null }
        const db = inSchema(session)
        return { bytes: await readSalt(db), recorded: await readStore(db) }
      })
      if (bytes !== null) salt.open(bytes)
      return recorded ?? (await storeInTables(context))
    },

    keepStore: store => storeToKeep.set(store),
  }
}

/** The store that an older version read into a table of its own; null: it read none. */
async function storeInTables({ engine, schema, exists }: Context): Promise<Pick<RecordedStore, 'id' | 'name'> | null> {
  return await engine.transaction(async session => {
    if (!(await exists(session, '_sync_checkpoints'))) return null
    const stored = await columnsOf(session, schema)
    for (const table of STORE_TABLES) {
      const columns = stored.get(table)
      if (!['id', 'name', '_deleted_at', '_synced_at'].every(column => columns?.has(column))) continue
      const { rows } = await sql<Pick<RecordedStore, 'id' | 'name'>>`
        select cast(id as text) as id, name from ${sql.table(`${schema}.${table}`)}
        where _deleted_at is null order by _synced_at limit 1`.execute(session.db)
      if (rows[0]) return rows[0]
    }
    return null
  })
}
