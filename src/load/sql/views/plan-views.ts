import { sql } from 'kysely'
import type { ViewProblem } from '../../../common/run-report.ts'
import { isZone } from '../../../common/zone.ts'
import { DEFAULT_ZONE, STORE_ZONE } from '../../../schema/lookup-views.ts'
import { inOrder, VIEW_SCHEMAS, type View } from '../../../schema/view.ts'
import type { WantedViews } from '../../destination.ts'
import type { Context } from '../context.ts'
import type { CatalogEntry, Session, ViewUser } from '../engine.ts'
import { type Ledger, type LedgerEntry, type OwnViews, readOwnViews, viewSchemasOf } from './ledger.ts'
import { tableOf } from './materialized.ts'
import { quoted } from './quoted.ts'
import { columnOrder, hashOf, keepsColumns, type ViewTexts, viewTexts } from './view-texts.ts'

export type ViewContext = Pick<Context, 'engine' | 'schema' | 'inSchema' | 'exists'>

/** What there is before anything is changed. */
export interface State extends OwnViews {
  readonly texts: ViewTexts
}

/** A view that has to be made or replaced. */
export interface Change {
  readonly view: View
  readonly key: string
  readonly entry: LedgerEntry
  readonly statements: readonly string[]
  /** It cannot be replaced in place. */
  readonly remade: boolean
}

/** Changes that are made in one transaction, or not at all. */
export interface Unit {
  /** Views that are dropped first. */
  readonly drops: readonly LedgerEntry[]
  readonly changes: readonly Change[]
}

export const keyOf = ({ view_schema, name }: Pick<LedgerEntry, 'view_schema' | 'name'>): string =>
  `${view_schema}.${name}`

export const AGAIN = 'Every sync tries again, and so does the command views.'

/** What has to be done so that the views are as they are wanted. */
export interface Plan {
  readonly state: State
  readonly units: readonly Unit[]
  readonly obsolete: readonly LedgerEntry[]
  /** The declared views that are ours, or can become it, in an order in which each comes after those that it reads. */
  readonly kept: readonly View[]
}

/** @param problems gets what keeps a view from being made or dropped. */
export async function planViews(
  session: Session,
  context: ViewContext,
  wanted: WantedViews,
  problems: ViewProblem[],
): Promise<Plan> {
  const { engine, schema } = context
  const { ledger, catalog } = await readOwnViews(session, context)
  const zone = wanted.zone === STORE_ZONE ? await storeZone(session, schema, catalog, problems) : wanted.zone
  const texts = viewTexts({ engine, session, schema, tables: wanted.tables, zone, catalog })
  const state: State = { ledger, catalog, texts }
  const changes: Change[] = []
  const kept: View[] = []
  const declared = new Set<string>()
  for (const kind of ['analytics', 'fivetran'] as const) {
    const views = wanted.views.filter(view => view.schema === kind)
    const viewSchema = schema + VIEW_SCHEMAS[kind]
    for (const { name } of views) declared.add(`${viewSchema}.${name}`)
    if (views.length === 0) continue
    const others = othersIn(viewSchema, state)
    if (others.length > 0) {
      problems.push(notOurSchema(viewSchema, others))
      continue
    }
    for (const view of inOrder(views)) {
      const key = `${viewSchema}.${view.name}`
      if (catalog.has(key) && !ledger.has(key)) {
        problems.push(notOurs(key, catalog.get(key)?.kind ?? 'relation'))
        continue
      }
      kept.push(view)
      const change = changeOf(view, viewSchema, state, schema, isMaterialized(view, wanted), engine.viewsHold)
      if (change !== null) changes.push(change)
    }
  }
  const old = [...ledger.values()].filter(entry => !declared.has(keyOf(entry)))
  const needsUsers = engine.viewsHold && (old.length > 0 || changes.some(({ remade }) => remade))
  const users = needsUsers ? await session.viewUsers(viewSchemasOf(schema)) : []
  const again = (key: string): Change | null => {
    const view = kept.find(({ schema: kind, name }) => `${schema + VIEW_SCHEMAS[kind]}.${name}` === key)
    return view === undefined ? null : madeAnew(view, schema, state)
  }
  return {
    state,
    units: unitsOf(changes, { ledger, users, again, kept, schema }, problems),
    obsolete: droppable(old, { ledger, users }, problems),
    kept,
  }
}

/** What is in a schema in which this program has made nothing yet. */
function othersIn(viewSchema: string, { ledger, catalog }: State): readonly string[] {
  if ([...ledger.values()].some(entry => entry.view_schema === viewSchema)) return []
  return [...catalog.keys()].filter(key => key.startsWith(`${viewSchema}.`))
}

/** Views in another layout are not: some have the name of a view for analysts, and a table of it would be that of both. */
export const isMaterialized = (
  { name, schema, materialized }: View,
  { materialize: { add, except } }: WantedViews,
): boolean => schema === 'analytics' && (materialized || add.includes(name)) && !except.includes(name)

/** @returns null: the view is as it should be. */
function changeOf(
  view: View,
  viewSchema: string,
  state: State,
  schema: string,
  isTable: boolean,
  viewsHold: boolean,
): Change | null {
  const key = `${viewSchema}.${view.name}`
  const { ledger, catalog, texts } = state
  const before = ledger.get(key)
  const isThere = catalog.has(key)
  const ordered = columnOrder(view, before?.columns ?? [])
  const hash = hashOf(view, texts.query(view, ordered))
  const hasTable = before !== undefined && before.refreshed !== null
  const tableFits = !hasTable || (isTable && catalog.has(`${schema}.${tableOf(view)}`))
  if (before && isThere && before.hash === hash && tableFits) return null
  const remade = viewsHold && isThere && before !== undefined && !keepsColumns(before.columns, ordered)
  if (remade) return { ...madeAnew(view, schema, state), remade }
  return changeWith(view, viewSchema, ordered, state, schema)
}

/** A view whose columns need not stay in their places: they get those of the declaration. */
function madeAnew(view: View, schema: string, state: State): Change {
  const viewSchema = schema + VIEW_SCHEMAS[view.schema]
  return changeWith(view, viewSchema, columnOrder(view, []), state, schema)
}

function changeWith(
  view: View,
  viewSchema: string,
  columns: LedgerEntry['columns'],
  { ledger, texts }: State,
  schema: string,
): Change {
  const key = `${viewSchema}.${view.name}`
  const before = ledger.get(key)
  const query = texts.query(view, columns)
  return {
    view,
    key,
    remade: false,
    entry: {
      view_schema: viewSchema,
      name: view.name,
      hash: hashOf(view, query),
      columns,
      comment: view.doc,
      grants: [],
      refreshed: null,
    },
    statements: [
      texts.create(view, query),
      ...texts.comments(view),
      ...(before?.grants ?? []),
      ...(before?.refreshed ? [`drop table if exists ${quoted(schema)}.${quoted(tableOf(view))}`] : []),
    ],
  }
}

interface Users {
  readonly ledger: Ledger
  readonly users: readonly ViewUser[]
}

/** The views that have to be dropped with this one, and what is not ours and keeps it from that. */
function usersOf(key: string, { ledger, users }: Users): { ours: Set<string>; others: Set<string> } {
  const ours = new Set([key])
  const others = new Set<string>()
  for (const one of ours)
    for (const { used, what, view } of users) {
      if (used !== one) continue
      if (view !== null && ledger.has(view)) ours.add(view)
      else others.add(what)
    }
  return { ours, others }
}

interface UnitOptions extends Users {
  /** The change that makes a view again. */
  readonly again: (key: string) => Change | null
  readonly kept: readonly View[]
  readonly schema: string
}

/**
 * Views that can be replaced in place are a unit each. Those that cannot are dropped and made again together, with all views of
 * this program that read them; one that somebody else's view reads is left as it was.
 */
function unitsOf(
  changes: readonly Change[],
  { ledger, users, again, kept, schema }: UnitOptions,
  problems: ViewProblem[],
): readonly Unit[] {
  const dropped = new Set<string>()
  const left = new Set<string>()
  for (const { key, entry, remade } of changes) {
    if (!remade) continue
    const { ours, others } = usersOf(key, { ledger, users })
    if (others.size > 0) {
      left.add(key)
      problems.push(inUse(key, lostColumns(ledger.get(key), entry), [...others]))
    } else for (const one of ours) dropped.add(one)
  }
  const position = (key: string): number =>
    kept.findIndex(({ schema: kind, name }) => `${schema + VIEW_SCHEMAS[kind]}.${name}` === key)
  const together = [...dropped]
    .sort((a, b) => position(a) - position(b))
    .flatMap(key => changes.find(change => change.key === key) ?? again(key) ?? [])
  const drops = [...dropped].flatMap(key => ledger.get(key) ?? [])
  const alone = changes.filter(({ key }) => !dropped.has(key) && !left.has(key))
  const last = Math.max(...together.map(({ key }) => position(key)))
  const before = alone.filter(({ key }) => position(key) < last)
  const after = alone.filter(({ key }) => position(key) >= last)
  const single = (change: Change): Unit => ({ drops: [], changes: [change] })
  return [
    ...(drops.length > 0 ? before : alone).map(single),
    ...(drops.length > 0 ? [{ drops, changes: together }, ...after.map(single)] : []),
  ]
}

/**
 * Views that are no longer declared and that nobody else uses. A view of this program that reads one by its old text has
 * been replaced when they are dropped.
 */
function droppable(
  old: readonly LedgerEntry[],
  { ledger, users }: Users,
  problems: ViewProblem[],
): readonly LedgerEntry[] {
  return old.filter(entry => {
    const others = users.filter(({ used, view }) => used === keyOf(entry) && (view === null || !ledger.has(view)))
    if (others.length > 0)
      problems.push({
        view: keyOf(entry),
        code: 'in_use',
        message: `the view is no longer made, and this uses it: ${others.map(({ what }) => what).join(', ')}`,
        next: 'Drop what uses it. The next sync drops the view.',
      })
    return others.length === 0
  })
}

const lostColumns = (before: LedgerEntry | undefined, after: LedgerEntry): readonly string[] =>
  (before?.columns ?? [])
    .filter(({ name, kind }) => !after.columns.some(column => column.name === name && column.kind === kind))
    .map(({ name }) => name)

const inUse = (view: string, columns: readonly string[], others: readonly string[]): ViewProblem => ({
  view,
  code: 'in_use',
  message: `the view has to be made anew, because of ${columns.length > 0 ? `its columns ${columns.join(', ')}` : 'the order of its columns'}. It is left as it was, because this uses it: ${others.join(', ')}`,
  next: `Drop what uses it (${others.join(', ')}), run the command views, and create again what was dropped.`,
})

const notOurs = (view: string, kind: string): ViewProblem => ({
  view,
  code: 'not_ours',
  message: `a ${kind} that this program did not make has the name of one of its views`,
  next: `Rename or drop it. ${AGAIN}`,
})

const notOurSchema = (schema: string, others: readonly string[]): ViewProblem => ({
  view: schema,
  code: 'not_ours',
  message: `the schema has ${others.slice(0, 3).join(', ')}${others.length > 3 ? ' and more' : ''}, and this program has made nothing in it`,
  next: 'Rename the schema, choose another one for the tables (destination.schema), or set views: false.',
})

/** The zone that the table of the store names, or else that of the shop. */
async function storeZone(
  session: Session,
  schema: string,
  catalog: ReadonlyMap<string, CatalogEntry>,
  problems: ViewProblem[],
): Promise<string> {
  const places = [
    ['store', 'timezone_iana_name'],
    ['shop', 'iana_timezone'],
  ] as const
  for (const [table, column] of places) {
    if (!catalog.get(`${schema}.${table}`)?.columns.includes(column)) continue
    const { rows } = await sql<{ zone: string | null }>`
      select max(${sql.ref(column)}) as zone from ${sql.table(`${schema}.${table}`)} where _deleted_at is null`.execute(
      session.db,
    )
    const zone = rows[0]?.zone
    if (zone && isZone(zone)) return zone
  }
  problems.push({
    view: schema + VIEW_SCHEMAS.analytics,
    code: 'no_zone',
    message: `analytics.zone is ${STORE_ZONE}, and no row of store or shop names a zone: days are counted in ${DEFAULT_ZONE}`,
    next: 'Give the token the scope store_info, or write the name of a zone.',
  })
  return DEFAULT_ZONE
}
