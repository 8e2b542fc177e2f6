import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { ColumnMigration, LearntRate, RecordedStore } from '../../common/model.ts'
import { SALT } from '../../schema/salt.ts'
import type { Table } from '../../schema/table.ts'
import type { ColumnChanges, RetiredColumn } from './column-changes.ts'
import type { Session } from './engine.ts'
import type { MadeColumns } from './ownership.ts'
import {
  parseLearntRate,
  parseMadeColumns,
  parseMigrations,
  parsePolicies,
  parseSalt,
  parseStore,
  type StoredPolicies,
} from './stored-values.ts'

type Db = Session['db']
type Name = 'salt' | 'policies' | 'tables' | 'migrations' | 'store' | 'rate'

async function readSetting(db: Db, name: Name): Promise<string | null> {
  const row = await db.selectFrom('_sync_settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? null
}

/** @param exists whether the setting is there; null: it is not known. */
async function writeSetting(db: Db, name: Name, value: string, exists: boolean | null): Promise<void> {
  const kept =
    exists === false
      ? null
      : await db.updateTable('_sync_settings').set({ value }).where('name', '=', name).executeTakeFirst()
  if (!kept || kept.numUpdatedRows === 0n) await db.insertInto('_sync_settings').values({ name, value }).execute()
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
  await writeSetting(db, 'salt', salt.toString('hex'), false)
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
  await writeSetting(db, 'policies', JSON.stringify(Object.fromEntries(notKept)), null)
}

/** The columns that this program has made, by table; null: none was recorded. @throws {DestinationError} `unreadable` */
export async function readMadeColumns(db: Db): Promise<MadeColumns | null> {
  const stored = await readSetting(db, 'tables')
  return stored === null ? null : parseMadeColumns(stored)
}

/**
 * Records that `tables` are ours, with all their columns. Called in the transaction that has made them.
 * @param changes the columns that older versions declared are ours too.
 */
export async function recordMadeColumns(
  db: Db,
  before: MadeColumns | null,
  tables: readonly Table[],
  changes: ReadonlyMap<string, ColumnChanges>,
): Promise<void> {
  const retired = [...changes.values()].flatMap(({ retired }) => retired)
  const grown = tables.flatMap(({ name, columns }) => {
    const known = before?.[name]
    const ours = [...columns, ...retired.filter(({ table }) => table.name === name)]
    const added = ours.map(column => column.name).filter(column => known?.includes(column) !== true)
    return known !== undefined && added.length === 0 ? [] : [[name, [...(known ?? []), ...added]] as const]
  })
  if (grown.length > 0)
    await writeSetting(db, 'tables', JSON.stringify({ ...before, ...Object.fromEntries(grown) }), before !== null)
}

/** Records that columns are no longer ours. */
export async function releaseColumns(db: Db, columns: readonly RetiredColumn[]): Promise<void> {
  const made = columns.length === 0 ? null : await readMadeColumns(db)
  if (made === null) return
  const isReleased = (table: string, column: string): boolean =>
    columns.some(released => released.table.name === table && released.name === column)
  const left = Object.entries(made).map(([table, names]) => [table, names.filter(name => !isReleased(table, name))])
  await writeSetting(db, 'tables', JSON.stringify(Object.fromEntries(left)), true)
}

/** Adds to the list of the columns that were changed. Called in the transaction that has changed them. */
export async function recordMigrations(db: Db, changed: readonly ColumnMigration[]): Promise<void> {
  if (changed.length === 0) return
  const stored = await readSetting(db, 'migrations')
  const { rows } = await sql<{ at: string }>`select cast(now() as text) as at`.execute(db)
  const noted = changed.map(migration => ({ ...migration, at: rows[0]?.at ?? null }))
  const before = stored === null ? [] : parseMigrations(stored)
  await writeSetting(db, 'migrations', JSON.stringify([...before, ...noted]), stored !== null)
}

/** The store that the rows are of; null: no run has recorded it. @throws {DestinationError} `unreadable` */
export async function readStore(db: Db): Promise<RecordedStore | null> {
  const stored = await readSetting(db, 'store')
  return stored === null ? null : parseStore(stored)
}

export const writeStore = (db: Db, store: RecordedStore): Promise<void> =>
  writeSetting(db, 'store', JSON.stringify(store), null)

/** The rate that a run has learnt; null: none has. */
export async function readLearntRate(db: Db): Promise<LearntRate | null> {
  const stored = await readSetting(db, 'rate')
  return stored === null ? null : parseLearntRate(stored)
}

export const writeLearntRate = (db: Db, rate: LearntRate): Promise<void> =>
  writeSetting(db, 'rate', JSON.stringify(rate), null)
