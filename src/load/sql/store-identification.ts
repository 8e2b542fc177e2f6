import { sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { RecordedStore } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import { tablesOf } from '../../schema/table.ts'
import type { KnownRecord, StoreIdentification } from '../destination.ts'
import type { Context } from './context.ts'
import { columnsOf } from './schema-changes.ts'
import { readSalt, readStore } from './settings.ts'

/** Tables of the store itself, in which a warehouse of an older version says whose rows it has. */
const STORE_TABLES = ['store', 'shop']

/** `StoreIdentification` for every database that has an `Engine`. */
export const createStoreIdentification = (context: Context): StoreIdentification => {
  const { engine, schema, salt, inSchema, exists, storeToKeep } = context
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

    knownRecords: streams =>
      engine.transaction(async session => {
        const stored = await columnsOf(session, schema)
        const known: KnownRecord[] = []
        let isEmpty = true
        for (const stream of streams) {
          const { root } = tablesOf(stream)
          const columns = stored.get(root.name)
          const key = identifier(stream.key[0] ?? '')
          if (columns === undefined || !columns.has(key)) continue
          const table = sql.table(`${schema}.${root.name}`)
          const { rows: any } = await sql`select 1 from ${table} limit 1`.execute(session.db)
          if (any.length === 0) continue
          isEmpty = false
          if (!stream.retrieve || stream.columns.created_at?.kind !== 'instant') continue
          if (!['created_at', '_deleted_at', '_synced_at'].every(column => columns.has(column))) continue
          const { rows } = await sql<{ key: string; created: string }>`
            select cast(${sql.ref(key)} as text) as key, cast(created_at at time zone 'UTC' as text) as created from ${table}
            where _deleted_at is null and created_at is not null order by _synced_at desc limit 1`.execute(session.db)
          const [row] = rows
          const createdAt = row ? parseInstant(row.created, 'UTC') : null
          if (row && createdAt !== null) known.push({ stream, key: row.key, createdAt })
        }
        return isEmpty ? null : known
      }),

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
