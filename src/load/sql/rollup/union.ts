import { literal, quoted } from '../views/quoted.ts'

/*
 * Views over the tables and views of all stores. Each has the store as its first column; a column that a store lacks is null
 * there.
 */

/** A store whose relations are shown with those of others. */
export interface RolledUp {
  readonly store: string
  /** The schema of its tables. */
  readonly schema: string
}

/** The columns of a table or view of one store, in their order. */
export interface StoreRelation {
  readonly store: string
  /** How SQL names it, with all that it needs. */
  readonly from: string
  /** Types by column, as the database writes them. */
  readonly columns: ReadonlyMap<string, string>
}

/** A view over all stores. */
export interface Union {
  readonly name: string
  /** The store, then the columns of all. */
  readonly columns: readonly string[]
  readonly query: string
}

export const STORE_COLUMN = 'store'

/**
 * @param before columns of the view as it is, in their order: they stay in their places, and new ones come last.
 * @returns null: no store has the relation.
 */
export function unionOf(name: string, parts: readonly StoreRelation[], before: readonly string[] = []): Union | null {
  if (parts.length === 0) return null
  const types = new Map<string, Set<string>>()
  for (const { columns } of parts)
    for (const [column, type] of columns) types.set(column, (types.get(column) ?? new Set()).add(type))
  const known = before.filter(column => types.has(column))
  const columns = [...known, ...[...types.keys()].filter(column => !known.includes(column))]
  // Where the stores disagree, as they may in a column that was inferred from their records, a text holds each of them.
  const typeOf = (column: string): string => {
    const [type = 'text', ...more] = types.get(column) ?? []
    return more.length === 0 ? type : 'text'
  }
  const query = parts
    .map(({ store, from, columns: own }) => {
      const selected = columns.map(column =>
        own.has(column)
          ? own.get(column) === typeOf(column)
            ? `t.${quoted(column)}`
            : `cast(t.${quoted(column)} as text) as ${quoted(column)}`
          : `cast(null as ${typeOf(column)}) as ${quoted(column)}`,
      )
      return `select ${[`cast(${literal(store)} as text) as ${quoted(STORE_COLUMN)}`, ...selected].join(', ')} from ${from} as t`
    })
    .join('\nunion all\n')
  return { name, columns: [STORE_COLUMN, ...columns], query }
}
