import { type TypedColumn, VIEW_SCHEMAS } from '../../../schema/view.ts'
import { asText } from '../as-text.ts'
import type { Context } from '../context.ts'
import type { CatalogEntry, Session } from '../engine.ts'
import { parseGrants, parseViewColumns } from '../stored-values.ts'

/** What is recorded of a view that this program has made. */
export interface LedgerEntry {
  readonly view_schema: string
  readonly name: string
  /** Empty: it has to be made again. */
  readonly hash: string
  readonly columns: readonly TypedColumn[]
  readonly comment: string
  /** Statements that give its rights again, to a view that was dropped. */
  readonly grants: readonly string[]
  /** What its table was made from; null: the view has no table. */
  readonly refreshed: string | null
}

/** By `schema.name`. */
export type Ledger = ReadonlyMap<string, LedgerEntry>

type Db = Session['db']

/** What there is of the views of a warehouse, and of its tables. */
export interface OwnViews {
  /** The views that this program has made, without those in whose place is something else by now. */
  readonly ledger: Ledger
  /** All in the schema of the tables and in those of the views. */
  readonly catalog: ReadonlyMap<string, CatalogEntry>
}

/** @throws {DestinationError} `unreadable` */
export async function readOwnViews(
  session: Session,
  { schema, inSchema, exists }: Pick<Context, 'schema' | 'inSchema' | 'exists'>,
): Promise<OwnViews> {
  const recorded: Ledger = (await exists(session, '_sync_views')) ? await readLedger(inSchema(session)) : new Map()
  const catalog = await session.catalog([schema, ...viewSchemasOf(schema)])
  const isOurs = (key: string, { comment }: LedgerEntry): boolean => {
    const found = catalog.get(key)
    return found === undefined || (found.kind === 'view' && found.comment === comment)
  }
  return { ledger: new Map([...recorded].filter(([key, entry]) => isOurs(key, entry))), catalog }
}

/** The schemas of the views, for the schema of the tables. */
export const viewSchemasOf = (schema: string): readonly string[] =>
  Object.values(VIEW_SCHEMAS).map(ending => schema + ending)

/** @throws {DestinationError} `unreadable` */
export async function readLedger(db: Db): Promise<Ledger> {
  const rows = await db
    .selectFrom('_sync_views')
    .select(['view_schema', 'name', 'hash', 'comment', 'refreshed'])
    .select([asText('columns').as('columns'), asText('grants').as('grants')])
    .execute()
  return new Map(
    rows.map(({ columns, grants, ...row }) => [
      `${row.view_schema}.${row.name}`,
      { ...row, columns: parseViewColumns(columns), grants: parseGrants(grants) },
    ]),
  )
}

export async function forgetViews(db: Db, views: readonly Pick<LedgerEntry, 'view_schema' | 'name'>[]): Promise<void> {
  for (const [schema, names] of bySchema(views))
    await db.deleteFrom('_sync_views').where('view_schema', '=', schema).where('name', 'in', names).execute()
}

/** Replaces what is recorded of these views. */
export async function recordViews(db: Db, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return
  await forgetViews(db, entries)
  await db
    .insertInto('_sync_views')
    .values(
      entries.map(({ columns, grants, ...entry }) => ({
        ...entry,
        columns: JSON.stringify(columns),
        grants: JSON.stringify(grants),
      })),
    )
    .execute()
}

function bySchema(views: readonly Pick<LedgerEntry, 'view_schema' | 'name'>[]): ReadonlyMap<string, string[]> {
  const names = new Map<string, string[]>()
  for (const { view_schema: schema, name } of views) names.set(schema, [...(names.get(schema) ?? []), name])
  return names
}
