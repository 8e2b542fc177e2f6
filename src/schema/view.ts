import { DeclarationError } from './check.ts'
import type { Column, ColumnKind } from './column.ts'

/**
 * The kind of a view's column: those of tables, and three that only views have. `amount` is DECIMAL(18,4): money that was
 * computed. `ratio` is DECIMAL(18,6): a fraction from 0 to 1. `time` is TIMESTAMP: an instant in UTC without its zone.
 */
export const VIEW_KINDS = [
  'int',
  'money',
  'rate',
  'instant',
  'day',
  'flag',
  'text',
  'json',
  'amount',
  'ratio',
  'time',
] as const satisfies readonly (ColumnKind | string)[]
export type ViewKind = (typeof VIEW_KINDS)[number]

export interface ViewColumn {
  readonly kind: ViewKind
  /** What the value means, for an analyst. */
  readonly doc: string
  /** The values that there are; none: not listed. */
  readonly values: readonly string[]
}

/** SQL types of the kinds that only views have, the same in every database. */
export const VIEW_TYPES: Readonly<Record<Exclude<ViewKind, ColumnKind>, string>> = {
  amount: 'decimal(18, 4)',
  ratio: 'decimal(18, 6)',
  time: 'timestamp',
}

export const isColumnKind = (kind: ViewKind): kind is ColumnKind => !Object.hasOwn(VIEW_TYPES, kind)

/** A column of a view that exists. */
export interface TypedColumn {
  readonly name: string
  readonly kind: ViewKind
}

/** Each schema of views has its own name, the name of the tables' schema and this ending. */
export const VIEW_SCHEMAS = { analytics: '_analytics', fivetran: '_fivetran' } as const
export type ViewSchema = keyof typeof VIEW_SCHEMAS

/** `live`: the rows that exist. `metrics`: what is computed from them. `trust`: how far both can be believed. `fivetran`: rows in another layout. */
export type Layer = 'live' | 'metrics' | 'trust' | 'fivetran'

/** A query that has to come back without rows. */
export interface ViewCheck {
  readonly name: string
  /** What holds if it does. */
  readonly doc: string
  readonly sql: string
}

/** A figure that analysts ask for, and what exactly it counts. */
export interface Metric {
  readonly name: string
  /** The column of the view that has it. */
  readonly column: string
  readonly definition: string
  /** What the definition follows. */
  readonly source: string
  /** Why Recharge's dashboard may show another figure; null: no reason is known. */
  readonly differsFromRecharge: string | null
}

/** A view, declared once for all databases. */
export interface View {
  readonly name: string
  readonly layer: Layer
  readonly schema: ViewSchema
  /** What one row is, and what it is for. */
  readonly doc: string
  /** No two rows have the same values in these columns. None: the view has one row. */
  readonly grain: readonly string[]
  readonly columns: Readonly<Record<string, ViewColumn>>
  /**
   * A query in the SQL that DuckDB and Postgres share. It selects the columns of the declaration by name, in any order;
   * each is cast to its declared type. `{{orders}}` is the view `orders` of the same schema, `{{table orders}}` a table of
   * the warehouse, and `{{zone}}` the reporting zone as a literal. `{{elements t.tax_lines}}` is a relation with a row for
   * each element of a list in JSON, with the columns `index`, from 0, and `element`; anything but a list has none.
   * `{{member e.element title}}` is the text of a member.
   */
  readonly sql: string
  /** Whether its rows are kept in a table, because computing them takes long, unless the configuration says otherwise. */
  readonly materialized: boolean
  readonly checks: readonly ViewCheck[]
  /** The metrics that the view has. The view `metric_definitions` lists those of all views. */
  readonly metrics?: readonly Metric[]
}

export interface ViewInput extends Omit<View, 'schema' | 'columns' | 'checks' | 'materialized'> {
  readonly columns: Readonly<Record<string, ViewColumn | Column>>
  /** Default: false. */
  readonly materialized?: boolean
  /** Default: none but that of the grain, which every view has. */
  readonly checks?: readonly ViewCheck[]
}

const viewColumn = (kind: ViewKind, doc: string): ViewColumn => ({ kind, doc, values: [] })
/** DECIMAL(18,4). Money that was computed, in the currency of the row. */
export const amount = (doc: string): ViewColumn => viewColumn('amount', doc)
/** DECIMAL(18,6). A fraction from 0 to 1; null if its denominator is 0. */
export const ratio = (doc: string): ViewColumn => viewColumn('ratio', doc)
/** TIMESTAMP without a zone, in UTC. */
export const time = (doc: string): ViewColumn => viewColumn('time', doc)

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g
const NAME = /^[a-z][a-z0-9_]{0,62}$/

/** Completes and checks a declaration in `schemas/views/`. @throws {DeclarationError} with every problem. */
export function view(input: ViewInput): View {
  const { name, layer, columns, grain, doc } = input
  const declared: View = {
    ...input,
    schema: layer === 'fivetran' ? 'fivetran' : 'analytics',
    columns: Object.fromEntries(
      Object.entries(columns).map(([column, { kind, doc, values }]) => [column, { kind, doc, values }]),
    ),
    materialized: input.materialized ?? false,
    checks: input.checks ?? [],
  }
  const problems = [
    ...(NAME.test(name) ? [] : ['name: is not snake_case']),
    ...(/\S.*\.$/s.test(doc) ? [] : ['doc: needs a doc that is a sentence']),
    ...grain.filter(column => !Object.hasOwn(columns, column)).map(column => `grain: ${column} is not declared`),
    ...(input.metrics ?? [])
      .filter(metric => !Object.hasOwn(columns, metric.column))
      .map(metric => `metrics: ${metric.column} is not declared`),
    ...Object.entries(columns).flatMap(([column, { doc }]) => [
      ...(/^[a-z_][a-z0-9_]{0,62}$/.test(column) ? [] : [`${column}: is not snake_case`]),
      ...(/\S.*\.$/s.test(doc) ? [] : [`${column}: needs a doc that is a sentence`]),
    ]),
  ]
  if (problems.length > 0) throw new DeclarationError(`views/${name}`, problems)
  return declared
}

/** What a view's text stands for in one warehouse. */
export interface Rendering {
  /** A view of the same schema, quoted. */
  readonly view: (name: string) => string
  /** A table of the warehouse as a relation, quoted; an empty one with the same columns if it does not exist. */
  readonly table: (name: string) => string
  /** Name of the reporting zone in the time zone database. */
  readonly zone: string
  /** The elements of a list in JSON, as a relation. */
  readonly elements: (list: string) => string
  /** The text of a member of an object in JSON. */
  readonly member: (object: string, name: string) => string
}

/** The text of a query with its placeholders replaced. @throws {Error} for an unknown placeholder. */
export const render = (sql: string, { view, table, zone, elements, member }: Rendering): string =>
  sql.replace(PLACEHOLDER, (all, what: string) => {
    const [first = '', second, third] = what.split(' ')
    if (what === 'zone') return `'${zone.replaceAll("'", "''")}'`
    if (first === 'table' && second !== undefined) return table(second)
    if (first === 'elements' && second !== undefined) return elements(second)
    if (first === 'member' && second !== undefined && third !== undefined) return member(second, third)
    if (second === undefined && NAME.test(first)) return view(first)
    throw new Error(`${all} stands for nothing`)
  })

const placeholdersIn = (sql: string): readonly string[] => [...sql.matchAll(PLACEHOLDER)].map(([, what = '']) => what)

/** The views of the same schema that a query reads. */
export const readsOf = (sql: string): ReadonlySet<string> =>
  new Set(placeholdersIn(sql).filter(what => what !== 'zone' && NAME.test(what)))

/** The tables of the warehouse that a query names. */
export const tablesReadBy = (sql: string): ReadonlySet<string> =>
  new Set(placeholdersIn(sql).flatMap(what => (what.startsWith('table ') ? [what.slice('table '.length)] : [])))

/** The views in an order in which each comes after those that it reads. @throws {Error} for a missing view or a circle. */
export function inOrder(views: readonly View[]): readonly View[] {
  const byName = new Map(views.map(view => [view.name, view]))
  const ordered = new Set<View>()
  const visit = (view: View, above: readonly string[]): void => {
    if (ordered.has(view)) return
    if (above.includes(view.name)) throw new Error(`the views ${[...above, view.name].join(' → ')} read each other`)
    for (const name of readsOf(view.sql)) {
      const read = byName.get(name)
      if (read === undefined) throw new Error(`the view ${view.name} reads ${name}, which is not declared`)
      visit(read, [...above, view.name])
    }
    ordered.add(view)
  }
  for (const view of views) visit(view, [])
  return [...ordered]
}
