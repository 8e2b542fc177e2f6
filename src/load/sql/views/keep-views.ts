import { CompiledQuery, sql } from 'kysely'
import { SyncError } from '../../../common/errors.ts'
import type { ViewProblem, ViewsReport } from '../../../common/run-report.ts'
import { VIEW_SCHEMAS, type View } from '../../../schema/view.ts'
import type { WantedViews } from '../../destination.ts'
import type { Session } from '../engine.ts'
import { untilUnlocked } from '../until-unlocked.ts'
import { dropStatements } from './drop-statements.ts'
import { forgetViews, readLedger, recordViews } from './ledger.ts'
import { dataVersions, materialize, tableOf } from './materialized.ts'
import { AGAIN, isMaterialized, keyOf, planViews, type State, type Unit, type ViewContext } from './plan-views.ts'
import { quoted } from './quoted.ts'

/** `ViewSupport.keepViews` for every database that has an `Engine`. */
export async function keepViews(context: ViewContext, wanted: WantedViews, signal: AbortSignal): Promise<ViewsReport> {
  const { engine, schema } = context
  const problems: ViewProblem[] = []
  const { state, units, obsolete, kept } = await engine.transaction(session =>
    planViews(session, context, wanted, problems),
  )
  const made: string[] = []
  const dropped: string[] = []
  const apply = async (group: readonly Unit[]): Promise<void> => {
    signal.throwIfAborted()
    engine.lost.throwIfAborted()
    await untilUnlocked(engine, schema, session => applyUnits(session, context, state, group))
    made.push(...group.flatMap(({ changes }) => changes.map(({ key }) => key)))
  }
  const failed = new Set<string>()
  const possible = await makeSchemas(context, state, units, problems, signal)
  await eachAlone(
    possible,
    apply,
    (unit, error) => {
      const closed = unit.changes.map(({ entry }) => entry.view_schema).find(name => isDeniedIn(name, error))
      if (closed !== undefined) {
        problems.push(deniedIn(closed, error))
        return closed
      }
      for (const { key } of unit.changes) failed.add(key)
      problems.push(...unit.changes.map(({ key }) => problemOf(key, error)))
      return null
    },
    signal,
  )
  await eachAlone(
    obsolete.length > 0 ? [{ drops: obsolete, changes: [] }] : [],
    async group => {
      await apply(group)
      dropped.push(...obsolete.map(keyOf))
    },
    (unit, error) => {
      problems.push(...unit.drops.map(entry => problemOf(keyOf(entry), error)))
      return null
    },
    signal,
  )
  const refreshed = await refreshTables(context, wanted, { state, made, skip: failed, kept }, problems, signal)
  return { made, dropped, refreshed, problems }
}

/** @returns the changes whose schema is there: without the right to make one, no view in it can be made. */
async function makeSchemas(
  { engine }: ViewContext,
  { catalog }: State,
  units: readonly Unit[],
  problems: ViewProblem[],
  signal: AbortSignal,
): Promise<readonly Unit[]> {
  const schemas = new Set(units.flatMap(({ changes }) => changes.map(({ entry }) => entry.view_schema)))
  const missing = new Set<string>()
  for (const schema of schemas) {
    if ([...catalog.keys()].some(key => key.startsWith(`${schema}.`))) continue
    try {
      await engine.transaction(async session => {
        if (await hasSchema(session, schema)) return
        await session.db.executeQuery(CompiledQuery.raw(`create schema ${quoted(schema)}`))
      })
    } catch (error) {
      rethrowIfHopeless(error, signal)
      missing.add(schema)
      if (error instanceof Error) problems.push(deniedIn(schema, error))
    }
  }
  return units.filter(({ changes }) => !changes.some(({ entry }) => missing.has(entry.view_schema)))
}

/** Whether this user may make nothing in a schema. */
const isDeniedIn = (schema: string, error: Error): boolean =>
  error instanceof SyncError && error.code === 'denied' && error.message.includes(`for schema ${schema}`)

const deniedIn = (schema: string, error: Error): ViewProblem => ({
  ...problemOf(schema, error),
  ...(error instanceof SyncError && error.code === 'denied'
    ? {
        next: `Run as an administrator: create schema if not exists ${quoted(schema)}; grant usage, create on schema ${quoted(schema)} to the role of this program. Or set views: false.`,
      }
    : {}),
})

/**
 * All at once, or, if that fails, each by itself, so that one that fails keeps none of the others.
 * @param failed returns the schema in which no other can be made either; null: the others are tried.
 */
async function eachAlone(
  units: readonly Unit[],
  apply: (units: readonly Unit[]) => Promise<void>,
  failed: (unit: Unit, error: Error) => string | null,
  signal: AbortSignal,
): Promise<void> {
  if (units.length === 0) return
  try {
    return await apply(units)
  } catch (error) {
    rethrowIfHopeless(error, signal)
  }
  const closed = new Set<string>()
  for (const unit of units) {
    if (unit.changes.some(({ entry }) => closed.has(entry.view_schema))) continue
    try {
      await apply([unit])
    } catch (error) {
      rethrowIfHopeless(error, signal)
      const schema = error instanceof Error ? failed(unit, error) : null
      if (schema !== null) closed.add(schema)
    }
  }
}

/** What concerns all views, and not one of them. */
function rethrowIfHopeless(error: unknown, signal: AbortSignal): void {
  const isHopeless = error instanceof SyncError && error.reaction === 'retry' && error.code !== 'locked'
  if (signal.aborted || isHopeless || !(error instanceof Error)) throw error
}

function problemOf(view: string, error: Error): ViewProblem {
  if (error instanceof SyncError) return { view, code: error.code, message: error.message, next: error.next }
  return { view, code: 'refused', message: error.message.split('\n')[0] ?? '', next: AGAIN }
}

async function applyUnits(
  session: Session,
  { engine, inSchema }: ViewContext,
  { catalog }: Pick<State, 'catalog'>,
  units: readonly Unit[],
): Promise<void> {
  const statements: string[] = []
  for (const { drops, changes } of units) {
    const there = drops.filter(entry => catalog.get(keyOf(entry))?.kind === 'view')
    const grants = new Map<string, readonly string[]>()
    for (const entry of there) grants.set(keyOf(entry), await session.grantsOn(entry.view_schema, entry.name))
    statements.push(...dropStatements(there, engine.viewsHold))
    for (const { key, statements: own } of changes) statements.push(...own, ...(grants.get(key) ?? []))
  }
  if (statements.length > 0)
    await session.withLockTimeout(() => session.db.executeQuery(CompiledQuery.raw(statements.join(';\n'))))
  await forgetViews(
    inSchema(session),
    units.flatMap(({ drops }) => drops),
  )
  await recordViews(
    inSchema(session),
    units.flatMap(({ changes }) => changes.map(({ entry }) => entry)),
  )
}

async function hasSchema({ db }: Session, schema: string): Promise<boolean> {
  const { rows } = await sql`select 1 from information_schema.schemata where schema_name = ${sql.lit(schema)}`.execute(
    db,
  )
  return rows.length > 0
}

interface Refreshing {
  readonly state: State
  readonly made: readonly string[]
  /** Views that could not be made. */
  readonly skip: ReadonlySet<string>
  readonly kept: readonly View[]
}

/** Makes the tables of views anew whose text or rows may have changed. @returns those views. */
async function refreshTables(
  context: ViewContext,
  wanted: WantedViews,
  { state, made, skip, kept }: Refreshing,
  problems: ViewProblem[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { engine, schema, inSchema } = context
  const keyOfView = ({ schema: kind, name }: View): string => `${schema + VIEW_SCHEMAS[kind]}.${name}`
  const tables = kept.filter(view => isMaterialized(view, wanted) && !skip.has(keyOfView(view)))
  if (tables.length === 0) return []
  const entries = made.length === 0 ? state.ledger : await engine.transaction(s => readLedger(inSchema(s)))
  const versions = await engine.transaction(session =>
    dataVersions(session, schema, tables, { views: wanted.views, tables: wanted.tables, catalog: state.catalog }),
  )
  const refreshed: string[] = []
  for (const view of tables) {
    const key = keyOfView(view)
    const entry = entries.get(key)
    if (entry === undefined) continue
    const version = versions(view, entry.hash)
    if (entry.refreshed === version) continue
    try {
      signal.throwIfAborted()
      engine.lost.throwIfAborted()
      const found = state.catalog.get(`${schema}.${tableOf(view)}`)
      await untilUnlocked(engine, schema, async session => {
        await materialize(session, { engine, schema, view, entry, texts: state.texts, found }, signal)
        await recordViews(inSchema(session), [{ ...entry, refreshed: version }])
      })
      refreshed.push(key)
    } catch (error) {
      rethrowIfHopeless(error, signal)
      if (error instanceof Error) problems.push(problemOf(key, error))
    }
  }
  return refreshed
}
