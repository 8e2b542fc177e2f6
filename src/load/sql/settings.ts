import { randomBytes } from 'node:crypto'
import type { Policy } from '../../schema/column.ts'
import { SALT } from '../../schema/salt.ts'
import type { Table } from '../../schema/table.ts'
import type { Session } from './engine.ts'

type Db = Session['db']

/** What the comments of columns say is stored, by `table.column`; what is not named is kept. */
export type Noted = Readonly<Record<string, Policy>>

async function settingOf(db: Db, name: 'salt' | 'policies'): Promise<string | null> {
  const row = await db.selectFrom('_sync_settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? null
}

async function keepSetting(db: Db, name: 'salt' | 'policies', value: string): Promise<void> {
  await db.deleteFrom('_sync_settings').where('name', '=', name).execute()
  await db.insertInto('_sync_settings').values({ name, value }).execute()
}

export async function knownSalt(db: Db): Promise<Buffer | null> {
  const stored = await settingOf(db, 'salt')
  return stored === null ? null : Buffer.from(stored, 'hex')
}

/** The warehouse's salt, made up where there is none yet. Another one would part every hash from those before. */
export async function saltOf(db: Db): Promise<Buffer> {
  const known = await knownSalt(db)
  if (known !== null) return known
  const salt = randomBytes(SALT)
  await keepSetting(db, 'salt', salt.toString('hex'))
  return salt
}

export async function storedPolicies(db: Db): Promise<Noted> {
  return JSON.parse((await settingOf(db, 'policies')) ?? '{}') as Noted
}

/** After the comments of these tables have been brought in step. */
export async function recordPolicies(db: Db, before: Noted, tables: readonly Table[]): Promise<void> {
  const columns = tables.flatMap(({ name, columns }) =>
    columns.map(column => [`${name}.${column.name}`, column.policy ?? 'keep'] as const),
  )
  if (columns.every(([column, policy]) => (before[column] ?? 'keep') === policy)) return
  const policies = { ...before, ...Object.fromEntries(columns) }
  const protectedOnes = Object.entries(policies).filter(([, policy]) => policy !== 'keep')
  await keepSetting(db, 'policies', JSON.stringify(Object.fromEntries(protectedOnes)))
}
