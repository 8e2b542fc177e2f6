import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import { DestinationError, SyncError } from '../../common/errors.ts'
import type { ColumnMigration, MigratedColumns, SchemaChange } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import type { Table } from '../../schema/table.ts'
import { type ColumnChanges, kindOf, type RetiredColumn, type RetypedColumn } from './column-changes.ts'
import { conversion } from './conversions.ts'
import type { Dependent, Engine, Session } from './engine.ts'
import { columnsOf } from './schema-changes.ts'
import { recordMigrations, releaseColumns } from './settings.ts'
import { dropStatements } from './views/drop-statements.ts'
import { type Ledger, type LedgerEntry, recordViews } from './views/ledger.ts'

/** The tables of one stream, in one transaction. */
export interface StreamSession {
  readonly session: Session
  readonly engine: Engine
  readonly schema: string
  readonly stream: Stream
  /** The views of this program. Where they keep a column from being changed, they are dropped, and made again after the run. */
  readonly views: Ledger
}

/**
 * Converts the columns of a stream that are declared with another type by now, drops those that are no longer declared and
 * hold nothing, and notes both in the transaction. What cannot be converted without loss is refused, and nothing changes.
 * @param signal aborted: the database stops at once.
 * @throws {DestinationError} `in_use`, `incompatible`, `locked`
 */
export async function migrateColumns(
  found: ColumnChanges,
  at: StreamSession,
  signal: AbortSignal,
): Promise<MigratedColumns> {
  const { session, engine, schema } = at
  let { retyped, retired } = await stillPending(found, at)
  let ways = await refuseUnsafe(retyped, at)
  const tables = new Set([...retyped, ...retired].map(({ table }) => table.name))
  const locks = [...tables].flatMap(name => engine.lockTable(`${schema}.${name}`)?.compile(session.db) ?? [])
  if (locks.length > 0) {
    await session.withLockTimeout(async () => {
      for (const lock of locks) await session.db.executeQuery(lock)
    })
    // Before that somebody may have written to them.
    ;({ retyped, retired } = await stillPending(found, at))
    ways = await refuseUnsafe(retyped, at)
  }
  const idle = await idleColumns(retired, at)
  const dropped = await viewsToDrop(
    [...[...ways.keys()].map(({ table, column }) => ({ table, name: column.name })), ...idle],
    at,
  )
  const statements = [
    ...dropStatements(dropped, engine.viewsHold).map(statement => CompiledQuery.raw(statement)),
    ...[...ways].flatMap(([column, way]) => retypeStatements(column, way, at)),
    ...idle.map(column => dropStatement(column, at)),
  ]
  if (statements.length > 0) await alter(statements, retyped, at, signal)
  const changed = [...[...ways].map(([column, way]) => retypedNote(column, way, at)), ...idle.map(droppedNote)]
  const db = session.db.withSchema(schema)
  await recordViews(db, dropped)
  // What stays is the user's from now on: to look at it in each run would read the whole column.
  await releaseColumns(db, retired)
  await recordMigrations(db, changed)
  return { changed, kept: retired.filter(column => !idle.includes(column)).map(nameOf) }
}

/** Without what another process has changed since `prepare` found it. */
async function stillPending({ retyped, retired }: ColumnChanges, { session, schema }: At): Promise<ColumnChanges> {
  const types = await columnsOf(session, schema)
  const isStored = (table: Table, name: string, type: string): boolean => types.get(table.name)?.get(name) === type
  return {
    retyped: retyped.filter(({ table, column, stored }) => isStored(table, column.name, stored)),
    retired: retired.filter(({ table, name, stored }) => isStored(table, name, stored)),
  }
}

/**
 * The DDL for columns whose values may be convertible. Whether they are, and whether a column is no longer needed, shows
 * only when it is run.
 */
export function plannedStatements(
  { retyped }: ColumnChanges,
  at: Omit<StreamSession, 'stream' | 'views'>,
): SchemaChange[] {
  return retyped.flatMap(column => {
    const converted = conversionOf(column, at)?.converted
    if (converted === undefined) return []
    const { sql: statement } = retypeStatement(column, converted, at)
    return [{ table: column.table.name, sql: statement }]
  })
}

/** How a column gets its declared type. */
type Way =
  | { readonly kind: 'convert'; readonly converted: RawBuilder<unknown> }
  /** Its values stay in a column of another name. */
  | { readonly kind: 'rename' }

/** @throws {DestinationError} `incompatible`: values cannot be converted. `in_use`: something uses a column. */
export async function refuseUnsafe(
  retyped: readonly RetypedColumn[],
  at: StreamSession,
): Promise<ReadonlyMap<RetypedColumn, Way>> {
  const ways = new Map<RetypedColumn, Way>()
  const unsafe = new Map<RetypedColumn, string>()
  const users = new Set<string>()
  for (const column of retyped) {
    const way = await wayOf(column, at)
    if (typeof way === 'string') unsafe.set(column, way)
    else ways.set(column, way)
    for (const { what, rebuilt } of await usersOf({ table: column.table, name: column.column.name }, at))
      if (!rebuilt) users.add(what)
  }
  if (unsafe.size > 0) throw incompatible(unsafe, at)
  if (users.size > 0) throw inUse(retyped, [...users], at)
  return ways
}

/** @returns why there is none, as the end of a sentence. */
async function wayOf(retyped: RetypedColumn, at: StreamSession): Promise<Way | string> {
  const { session, engine, schema } = at
  const { table, column } = retyped
  const found = conversionOf(retyped, at)
  const held = sql`${sql.ref(column.name)} is not null`
  const fails =
    found === null
      ? held
      : sql`${held} and ${found.converted} is null${column.required ? sql`` : sql` and not ${found.meansNull}`}`
  const { rows } = await sql<{ n: string; sample: string | null }>`
    select cast(count(*) as text) as n, min(cast(${sql.ref(column.name)} as text)) as sample
    from ${sql.table(`${schema}.${table.name}`)} where ${fails}`.execute(session.db)
  const [{ n, sample } = { n: '0', sample: null }] = rows
  const type = engine.columnType(column.kind)
  if (n === '0') return { kind: 'convert', converted: found?.converted ?? sql`cast(null as ${type})` }
  if (retyped.wasInferred) return { kind: 'rename' }
  const declared = engine.catalogType(column.kind)
  if (found === null) return `what was sent as ${declared} cannot be told from the ${n} values that are stored`
  // A value that is not to be stored is not to be shown either.
  const example = column.policy === undefined && sample !== null ? `, such as ${shown(sample)}` : ''
  return `${n} of its values cannot be read as ${declared}${example}`
}

const LONGEST = 60
const shown = (text: string): string => JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}…` : text)

function conversionOf({ column, stored }: RetypedColumn, { engine }: Pick<StreamSession, 'engine'>) {
  const kind = kindOf(engine, stored)
  return kind === null ? null : conversion(engine, kind, column, sql.ref(column.name))
}

/** The columns that hold no value and that nothing uses. An empty list or object of JSON is no value. */
async function idleColumns(retired: readonly RetiredColumn[], at: StreamSession): Promise<readonly RetiredColumn[]> {
  const { session, engine, schema } = at
  const idle: RetiredColumn[] = []
  for (const column of retired) {
    const { table, name, stored } = column
    const value = kindOf(engine, stored) === 'json' ? engine.jsonAsText(sql.ref(name)) : sql.ref(name)
    const { rows } = await sql`
      select 1 from ${sql.table(`${schema}.${table.name}`)} where ${value} is not null limit 1`.execute(session.db)
    if (rows.length === 0 && (await usersOf(column, at)).length === 0) idle.push(column)
  }
  return idle
}

type Place = Pick<RetiredColumn, 'table' | 'name'>

const dependentsOf = ({ table, name }: Place, { session, schema, views }: At): Promise<readonly Dependent[]> =>
  session.dependents(schema, table.name, name, new Set(views.keys()))

/** What uses a column, but for our own views. What uses it through one of those counts. */
const usersOf = async (column: Place, at: At): Promise<readonly Dependent[]> =>
  (await dependentsOf(column, at)).filter(({ view }) => view === null || !at.views.has(view))

/** Our own views that keep columns from being changed, with what gives their rights again. */
async function viewsToDrop(columns: readonly Place[], at: At): Promise<readonly LedgerEntry[]> {
  if (!at.engine.viewsHold) return []
  const found = new Map<string, LedgerEntry>()
  for (const column of columns)
    for (const { view } of await dependentsOf(column, at)) {
      const entry = view === null ? undefined : at.views.get(view)
      if (entry === undefined || view === null || found.has(view)) continue
      const grants = await at.session.grantsOn(entry.view_schema, entry.name)
      found.set(view, { ...entry, hash: '', grants })
    }
  return [...found.values()]
}

type At = Omit<StreamSession, 'stream'>
type Plain = Omit<At, 'views'>

function retypeStatements(retyped: RetypedColumn, way: Way, at: At): CompiledQuery[] {
  const { table, column } = retyped
  const { db } = at.session
  const name = sql.ref(`${at.schema}.${table.name}.${column.name}`)
  const comment = sql`comment on column ${name} is ${sql.lit(column.doc)}`.compile(db)
  if (way.kind === 'convert') return [retypeStatement(retyped, way.converted, at), comment]
  const qualified = sql.table(`${at.schema}.${table.name}`)
  return [
    renameStatement(retyped, at),
    sql`alter table ${qualified} add column ${sql.ref(column.name)} ${at.engine.columnType(column.kind)}`.compile(db),
    comment,
  ]
}

const retypeStatement = ({ table, column }: RetypedColumn, converted: RawBuilder<unknown>, at: Plain): CompiledQuery =>
  sql`alter table ${sql.table(`${at.schema}.${table.name}`)} alter column ${sql.ref(column.name)}
    type ${at.engine.columnType(column.kind)} using ${converted}`.compile(at.session.db)

const renameStatement = (retyped: RetypedColumn, { session, engine, schema }: At): CompiledQuery =>
  sql`alter table ${sql.table(`${schema}.${retyped.table.name}`)}
    rename column ${sql.ref(retyped.column.name)} to ${sql.ref(renamed(retyped, engine))}`.compile(session.db)

const dropStatement = ({ table, name }: RetiredColumn, { session, schema }: At): CompiledQuery =>
  sql`alter table ${sql.table(`${schema}.${table.name}`)} drop column ${sql.ref(name)}`.compile(session.db)

const renamed = ({ column, stored }: RetypedColumn, engine: Engine): string =>
  identifier(`${column.name}_was_${kindOf(engine, stored) ?? stored.replace(/\W+/g, '_')}`)

/** Runs the statements. What a user added may refuse them without being a dependent, such as an index for one type alone. */
async function alter(
  statements: readonly CompiledQuery[],
  retyped: readonly RetypedColumn[],
  { session, engine }: At,
  signal: AbortSignal,
): Promise<void> {
  try {
    await session.alterColumns(statements, signal)
  } catch (error) {
    if (error instanceof SyncError || !(error instanceof Error) || signal.aborted || !engine.isRefusal(error))
      throw error
    throw new DestinationError(
      'in_use',
      `${retyped.map(column => hasToBecome(column, engine)).join('; ')}, and the database refuses it: ${error.message}`,
      error,
      'Drop what was added to the table and does not allow it, such as an index, a constraint or a trigger. The next run converts the column; then create it again.',
    )
  }
}

function inUse(retyped: readonly RetypedColumn[], users: readonly string[], { engine }: At): DestinationError {
  return new DestinationError(
    'in_use',
    `${retyped.map(column => hasToBecome(column, engine)).join('; ')}. Nothing was changed, because this uses it: ${users.join(', ')}`,
    undefined,
    `Drop it (${users.join(', ')}), or recreate it without the column. The next sync converts the column; then create again what was dropped.`,
  )
}

function incompatible(unsafe: ReadonlyMap<RetypedColumn, string>, at: StreamSession): DestinationError {
  const { retention } = at.stream
  const reasons = [...unsafe].map(([column, why]) => `${hasToBecome(column, at.engine)}, and ${why}`)
  const renames = [...unsafe.keys()].map(column => `${renameStatement(column, at).sql};`)
  const gone =
    retention === null
      ? ''
      : ` Records older than ${retention.days} days, which Recharge no longer returns, keep them there.`
  return new DestinationError(
    'incompatible',
    `${reasons.join('; ')}. Nothing was changed`,
    undefined,
    `Give the values another name: ${renames.join(' ')} The next sync makes the column again and reads the stream from its start.${gone}`,
  )
}

/** @throws {DestinationError} `incompatible` if columns have to be converted, which only a run that has the lock may do. */
export function refuseRetyped({ retyped }: ColumnChanges, engine: Engine): void {
  if (retyped.length === 0) return
  throw new DestinationError(
    'incompatible',
    `${retyped.map(column => hasToBecome(column, engine)).join('; ')}, which this command does not change`,
    undefined,
    'Run sync, which converts the column, and then this command again.',
  )
}

const hasToBecome = ({ table, column, stored }: RetypedColumn, engine: Engine): string =>
  `${table.name}.${column.name} is ${stored} and has to become ${engine.catalogType(column.kind)}`

const nameOf = ({ table, name }: RetiredColumn): string => `${table.name}.${name}`

function retypedNote(retyped: RetypedColumn, way: Way, { engine }: At): ColumnMigration {
  const { table, column, stored } = retyped
  return {
    column: `${table.name}.${column.name}`,
    from: stored,
    to: engine.catalogType(column.kind),
    keptIn: way.kind === 'rename' ? `${table.name}.${renamed(retyped, engine)}` : null,
  }
}

const droppedNote = (column: RetiredColumn): ColumnMigration => ({
  column: nameOf(column),
  from: column.stored,
  to: null,
  keptIn: null,
})
