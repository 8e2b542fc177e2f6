import { randomBytes } from 'node:crypto'
import type { Column, Columns, Policy } from './column.ts'
import { identifier } from './name.ts'
import { SALT, Salt } from './salt.ts'
import type { Child, Drift, OnMismatch, Stream } from './stream.ts'
import { tablesOf } from './table.ts'

/** What an operator says about what is stored. */
export interface Policies {
  /** For every column that is declared sensitive. */
  readonly sensitive: Policy
  /** By table, as in docs/streams.md, and by column. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, Policy>>>>
  readonly onMismatch: OnMismatch
  readonly drift: Drift
}

/** The declared columns of each table of a stream, by the names that the database has. */
export function declaredTables(stream: Stream): ReadonlyMap<string, Columns> {
  const { root, children } = tablesOf(stream)
  return new Map([
    [root.name, stored(stream.columns)],
    ...children.map(({ child, table }) => [table.name, stored(stream.children[child]?.columns ?? {})] as const),
  ])
}

const stored = (columns: Columns): Columns =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [identifier(name), column]))

/** The stream as it is stored under these policies. It is compiled anew, so this is done once for each. */
export function underPolicies(stream: Stream, { sensitive, columns, onMismatch, drift }: Policies, salt: Salt): Stream {
  const under = (table: string, declared: Columns): Columns => {
    const policyOf = (name: string, column: Column): Policy =>
      columns[table]?.[identifier(name)] ?? (column.sensitive ? sensitive : column.policy)
    return Object.fromEntries(
      Object.entries(declared).map(([name, column]): [string, Column] => {
        const own = policyOf(name, column)
        // What is kept of a part says something of the whole.
        const [whole] = column.derived
          ? Object.entries(declared).filter(([other, { derived, from }]) => !derived && (from ?? other) === column.from)
          : []
        return [name, { ...column, policy: own === 'keep' && whole ? policyOf(...whole) : own }]
      }),
    )
  }
  const { root, children: lists } = tablesOf(stream)
  const children = lists.map(({ child, table }): [string, Child] => {
    const declared = stream.children[child] as Child
    return [child, { ...declared, columns: under(table.name, declared.columns) }]
  })
  return {
    ...stream,
    columns: under(root.name, stream.columns),
    children: Object.fromEntries(children),
    salt,
    onMismatch,
    drift,
  }
}

/** The stream for a reading whose rows are thrown away, before there is a salt. */
export function onTrial(stream: Stream): Stream {
  const salt = new Salt()
  salt.open(randomBytes(SALT))
  return { ...stream, salt }
}

/** Why a column of the stream's table, or of one of its lists, cannot be stored like this; null: it can. */
export function policyProblem(stream: Stream, table: string, name: string, policy: Policy): string | null {
  if (policy === 'keep') return null
  const column = declaredTables(stream).get(table)?.[name]
  if (column === undefined) return null
  if (table === tablesOf(stream).root.name && usedColumns(stream).has(name))
    return `cannot be ${PAST[policy]}: ${stream.name} is read by its value; it can only be kept`
  if (policy === 'omit' && column.required) return 'cannot be omitted: no row is without it; write hash or keep'
  if (policy === 'hash' && column.kind !== 'text' && column.kind !== 'json')
    return `cannot be hashed: a hash is text, and this is ${column.kind}; write omit`
  return null
}

const PAST = { hash: 'hashed', omit: 'omitted' } as const

/** Columns that the scan and the load go by. */
function usedColumns({
  key,
  sync,
  retention,
  parent,
  deletions,
  deletionEvents,
  count,
  created,
}: Stream): ReadonlySet<string> {
  const { absence, except } = deletions
  return new Set([
    ...key,
    ...(sync.mode === 'incremental' ? [sync.cursor] : []),
    ...(retention ? [retention.by, ...Object.keys(retention.when ?? {})] : []),
    ...(parent ? [parent.as, ...(parent.position ? [parent.position] : [])] : []),
    ...(typeof absence === 'object' ? [absence.column] : []),
    ...(except ? [except.column] : []),
    ...(deletionEvents ? [deletionEvents.type, deletionEvents.key, deletionEvents.verb, deletionEvents.at] : []),
    ...(count?.by ? [count.by] : []),
    // A reconciliation goes by it.
    ...(created ? ['created_at'] : []),
  ])
}
