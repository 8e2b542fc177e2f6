import { randomBytes } from 'node:crypto'
import type { Column, Columns, Policy } from './column.ts'
import { identifier } from './name.ts'
import { SALT, Salt } from './salt.ts'
import type { Child, Drift, OnMismatch, Stream } from './stream.ts'
import { tablesOf } from './table.ts'

/** What the configuration says about what is stored. */
export interface Policies {
  /** For every column that is declared sensitive, and for fields that are not declared and named like a credential. */
  readonly sensitive: Policy
  /** By table and column, with the names in docs/streams.md. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, Policy>>>>
  readonly onMismatch: OnMismatch
  readonly drift: Drift
}

/** The declared columns of each table of a stream, by their names in the database. */
export function declaredTables(stream: Stream): ReadonlyMap<string, Columns> {
  const { root, children } = tablesOf(stream)
  return new Map([
    [root.name, byStoredName(stream.columns)],
    ...children.map(({ child, table }) => [table.name, byStoredName(stream.children[child]?.columns ?? {})] as const),
  ])
}

const byStoredName = (columns: Columns): Columns =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [identifier(name), column]))

/** The stream with these policies. The result is a new stream that has to be compiled, so call it once for each stream. */
export function withPolicies(stream: Stream, { sensitive, columns, onMismatch, drift }: Policies, salt: Salt): Stream {
  const withTablePolicies = (table: string, declared: Columns): Columns => {
    const policyOf = (name: string, column: Column): Policy =>
      columns[table]?.[identifier(name)] ?? (column.sensitive ? sensitive : column.policy)
    return Object.fromEntries(
      Object.entries(declared).map(([name, column]): [string, Column] => {
        const own = policyOf(name, column)
        // A part of a value shows something of the whole, so it is protected like the whole.
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
    return [child, { ...declared, columns: withTablePolicies(table.name, declared.columns) }]
  })
  return {
    ...stream,
    columns: withTablePolicies(root.name, stream.columns),
    children: Object.fromEntries(children),
    salt,
    onMismatch,
    drift,
    sensitive,
  }
}

/** The stream with a random salt, for a dry run whose rows are thrown away. */
export function withRandomSalt(stream: Stream): Stream {
  const salt = new Salt()
  salt.open(randomBytes(SALT))
  return { ...stream, salt }
}

/** Why a column of one of the stream's tables cannot have this policy; null: it can. */
export function policyProblem(stream: Stream, table: string, name: string, policy: Policy): string | null {
  if (policy === 'keep') return null
  const column = declaredTables(stream).get(table)?.[name]
  if (column === undefined) return null
  if (table === tablesOf(stream).root.name && usedColumns(stream).has(name))
    return `cannot be ${PAST[policy]}: the sync of ${stream.name} needs its value; set it to keep`
  if (policy === 'hash' && column.kind !== 'text' && column.kind !== 'json')
    return `cannot be hashed: a hash is text, and the column is ${column.kind}; set it to omit`
  return null
}

const PAST = { hash: 'hashed', omit: 'omitted' } as const

/** Columns whose values the scan or the load uses. */
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
  const { absence, except, stated } = deletions
  return new Set([
    ...key,
    ...(sync.mode === 'incremental' ? [sync.cursor] : []),
    ...(retention ? [retention.by, ...Object.keys(retention.when ?? {})] : []),
    ...(parent ? [parent.as, ...(parent.position ? [parent.position] : [])] : []),
    ...(typeof absence === 'object' ? [absence.column] : []),
    ...(except ? [except.column] : []),
    ...(stated ? [stated] : []),
    ...(deletionEvents ? [deletionEvents.type, deletionEvents.key, deletionEvents.verb, deletionEvents.at] : []),
    ...(count?.by ? [count.by] : []),
    // `reconcile` groups rows by its month.
    ...(created ? ['created_at'] : []),
  ])
}
