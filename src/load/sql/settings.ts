import { randomBytes } from 'node:crypto'
import type { RecordedStore } from '../../common/model.ts'
import { SALT } from '../../schema/salt.ts'
import type { Table } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { parsePolicies, parseSalt, parseStore, type StoredPolicies } from './stored-values.ts'

type Db = Session['db']
type Name = 'salt' | 'policies' | 'store'

async function readSetting(db: Db, name: Name): Promise<string | null> {
  const row = await db.selectFrom('_sync_settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? null
}

async function writeSetting(db: Db, name: Name, value: string): Promise<void> {
  await db.deleteFrom('_sync_settings').where('name', '=', name).execute()
  await db.insertInto('_sync_settings').values({ name, value }).execute()
}

/** The warehouse's salt; null: it has none yet. @throws {DestinationError} `unreadable` */
export async function readSalt(db: Db): Promise<Buffer | null> {
  const stored = await readSetting(db, 'salt')
  return stored === null ? null : parseSalt(stored)
}

/**
 * The warehouse's salt, made at random if there is none yet. It is never replaced: values hashed with another salt would
 * not match those hashed before. @throws {DestinationError} `unreadable`
 */
export async function readOrCreateSalt(db: Db): Promise<Buffer> {
  const known = await readSalt(db)
  if (known !== null) return known
  const salt = randomBytes(SALT)
  await writeSetting(db, 'salt', salt.toString('hex'))
  return salt
}

/** The policies that the comments of columns state. @throws {DestinationError} `unreadable` */
export async function readPolicies(db: Db): Promise<StoredPolicies> {
  return parsePolicies((await readSetting(db, 'policies')) ?? '{}')
}

/** Records the policies of `tables`. Called after the comments of their columns have been changed. */
export async function recordPolicies(db: Db, before: StoredPolicies, tables: readonly Table[]): Promise<void> {
  const columns = tables.flatMap(({ name, columns }) =>
    columns.map(column => [`${name}.${column.name}`, column.policy ?? 'keep'] as const),
  )
  if (columns.every(([column, policy]) => (before[column] ?? 'keep') === policy)) return
  const policies = { ...before, ...Object.fromEntries(columns) }
  const notKept = Object.entries(policies).filter(([, policy]) => policy !== 'keep')
  await writeSetting(db, 'policies', JSON.stringify(Object.fromEntries(notKept)))
}

/** The store that the rows are of; null: no run has recorded it. @throws {DestinationError} `unreadable` */
export async function readStore(db: Db): Promise<RecordedStore | null> {
  const stored = await readSetting(db, 'store')
  return stored === null ? null : parseStore(stored)
}

export const writeStore = (db: Db, store: RecordedStore): Promise<void> =>
  writeSetting(db, 'store', JSON.stringify(store))
