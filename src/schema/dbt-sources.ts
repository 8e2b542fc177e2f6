import type { Reference } from './column.ts'
import type { Stream } from './stream.ts'
import { CHILD_INDEX, type Table } from './table.ts'
import { VIEW_SCHEMAS, type View } from './view.ts'

/** The part of a sources file of dbt that is written. `arguments` under a test is read by dbt 1.10.5 and newer. */
export interface DbtSources {
  readonly version: 2
  readonly sources: readonly DbtSource[]
}

interface DbtSource {
  readonly name: string
  readonly description: string
  readonly database: string
  readonly schema: string
  readonly tables: readonly DbtTable[]
}

interface DbtTable {
  readonly name: string
  readonly description: string
  readonly config?: { readonly freshness: typeof FRESHNESS; readonly loaded_at_query: string }
  readonly data_tests?: readonly DbtTest[]
  readonly columns: readonly DbtColumn[]
}

interface DbtColumn {
  readonly name: string
  readonly description: string
  /** The name is a word of SQL. */
  readonly quote?: true
  readonly data_tests?: readonly DbtTest[]
}

type DbtTest = 'not_null' | 'unique' | Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface DbtSourcesOptions {
  /** Schema of the tables. */
  readonly schema: string
  readonly streams: readonly Stream[]
  /** Tables of the streams, those of versions, and the connector's own. */
  readonly tables: readonly Table[]
  /** Views in the schema for analysts. */
  readonly views: readonly View[]
}

/** A full scan is made once a day by default, and a sync may then be half a day late. */
const FRESHNESS = {
  warn_after: { count: 36, period: 'hour' },
  error_after: { count: 72, period: 'hour' },
} as const

/** Column names that SQL reserves. */
const RESERVED: ReadonlySet<string> = new Set([CHILD_INDEX, 'from', 'to'])

/** dbt fills these in. Each has a default, so that a project needs to set none. */
const DATABASE = "{{ var('recharge_database', target.database) }}"
const REFERENCES = "{{ var('recharge_references', 'warn') }}"
const VALUES = "{{ var('recharge_values', 'error') }}"

/**
 * The name of the source that has the tables. Not that of the schema: the package dbt_recharge has a source `recharge`, and
 * dbt would give its models the tables of the project's own source of that name, without a word.
 */
const sourceOf = (schema: string): string => `${schema}_tables`

/** A sources file of dbt: every table and view with its description, keys, references, known values and freshness. */
export function dbtSources(options: DbtSourcesOptions): DbtSources {
  const { schema, tables, views } = options
  const source = (name: string, schema: string, description: string, members: readonly DbtTable[]): DbtSource[] =>
    members.length === 0 ? [] : [{ name, description, database: DATABASE, schema, tables: members }]
  const analytics = schema + VIEW_SCHEMAS.analytics
  return {
    version: 2,
    sources: [
      ...source(
        sourceOf(schema),
        schema,
        'Recharge, as recharge-sync loads it. Rows that are deleted at the source stay, with the time in _deleted_at.',
        tables.map(table => tableOf(table, options)),
      ),
      ...source(
        analytics,
        analytics,
        'Views of recharge-sync: the rows that exist, and metrics computed from them.',
        views.map(view => viewOf(view, options)),
      ),
    ],
  }
}

function tableOf(table: Table, options: DbtSourcesOptions): DbtTable {
  const { name, doc, key, columns } = table
  const [only] = key.length === 1 ? key : []
  const stream = table.stream ?? table.historyOf
  return {
    name,
    description: described(doc),
    ...(stream === undefined ? {} : { config: freshnessOf(stream, options.schema) }),
    ...(only === undefined ? { data_tests: compoundKey(name, key) } : {}),
    columns: columns.map(({ name: column, doc: meaning, policy, references = [], values = [] }) => {
      const tests = [
        ...(column === only ? (['unique', 'not_null'] as const) : []),
        ...references.flatMap(reference => relationship(table, column, reference, options)),
        ...(policy === undefined ? acceptedValues(values) : []),
      ]
      return columnOf(column, meaning, tests)
    }),
  }
}

function viewOf({ name, layer, doc, grain, columns }: View, { schema, tables }: DbtSourcesOptions): DbtTable {
  // A live view has rows of one table, which has the tests.
  const live = layer === 'live'
  const table = live ? tables.find(table => table.name === name) : undefined
  const stream = table?.stream ?? table?.historyOf
  return {
    name,
    description: described(doc),
    ...(stream === undefined ? {} : { config: freshnessOf(stream, schema) }),
    ...(!live && grain.length > 0 ? { data_tests: [uniqueGrain(name, grain)] } : {}),
    columns: Object.entries(columns).map(([column, { doc: meaning, values }]) =>
      columnOf(column, meaning, live ? [] : acceptedValues(values)),
    ),
  }
}

const columnOf = (name: string, doc: string, tests: readonly DbtTest[]): DbtColumn => ({
  name,
  description: described(doc),
  ...(RESERVED.has(name) ? { quote: true as const } : {}),
  ...(tests.length > 0 ? { data_tests: tests } : {}),
})

/** dbt reads braces in a description as a template. */
const described = (doc: string): string => doc.replaceAll(/\{(?=[{%#])/g, '{ ')

const quoted = (name: string): string => `"${name}"`

/** The parts of a key as one text; null if a part is. */
const joined = (key: readonly string[]): string =>
  key.map(name => `cast(${quoted(name)} as varchar)`).join(" || '|' || ")

const compoundKey = (table: string, key: readonly string[]): readonly DbtTest[] =>
  (['unique', 'not_null'] as const).map(test => ({
    [test]: { name: `${test}_${table}_key`, arguments: { column_name: joined(key) } },
  }))

/** Two rows without a value in a part of the grain are equal in it. */
const uniqueGrain = (view: string, grain: readonly string[]): DbtTest => ({
  unique: {
    name: `unique_${view}_grain`,
    arguments: {
      column_name: grain.map(name => `coalesce(cast(${quoted(name)} as varchar), '')`).join(" || '|' || "),
    },
  },
})

const acceptedValues = (values: readonly string[]): readonly DbtTest[] =>
  values.length === 0 ? [] : [{ accepted_values: { arguments: { values }, config: { severity: VALUES } } }]

/**
 * A list has its owner in the same transaction, so a row without one is an error. What other ids name, the source may have
 * forgotten or deleted, or the run may have read the one before the other: a warning, unless the project says otherwise.
 */
function relationship(
  { key, columns, stream, historyOf }: Table,
  column: string,
  { stream: target, when }: Reference,
  { schema, streams, tables }: DbtSourcesOptions,
): readonly DbtTest[] {
  const alternatives = columns.find(({ name }) => name === column)?.references ?? []
  // Without a condition it is not known of which stream an id is. Versions have the ids of the rows that they are of.
  if ((when === null && alternatives.length > 1) || historyOf !== undefined) return []
  const field = streams.find(({ name }) => name === target)?.key[0]
  if (field === undefined || !tables.some(({ name }) => name === target)) return []
  const owner = target === stream && column === key[0] && key[1] === CHILD_INDEX
  return [
    {
      relationships: {
        arguments: { to: `source('${sourceOf(schema)}', '${target}')`, field },
        config: {
          ...(when === null ? {} : { where: `${quoted(when.column)} = '${when.value}'` }),
          ...(owner ? {} : { severity: REFERENCES }),
        },
      },
    },
  ]
}

/** By the checkpoint: `_synced_at` moves only when a row changes, so a table in which nothing happens would look stale. */
const freshnessOf = (stream: string, schema: string): NonNullable<DbtTable['config']> => ({
  freshness: FRESHNESS,
  loaded_at_query: `select max(committed_at) from {{ this.incorporate(path={'schema': '${schema}', 'identifier': '_sync_checkpoints'}) }} where stream = '${stream}'`,
})
