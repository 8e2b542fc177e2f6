import type { ColumnKind, Policy } from './column.ts'
import { identifier } from './name.ts'

interface Candidates {
  readonly key: readonly string[]
  readonly columns: readonly {
    readonly name: string
    readonly kind: ColumnKind
    /** Absent: the values are stored. */
    readonly policy?: Exclude<Policy, 'keep'>
    readonly inferred?: true
  }[]
}

/** When a row changed, beside the stream's cursor. */
const CHANGED: ReadonlySet<string> = new Set(['updated_at', '_synced_at'])

/**
 * The columns that readers look rows up by: ids of other records, and the times at which a row changed. Without the first
 * column of the key, which the primary key begins with: in a child table that is the owner.
 *
 * An id of another record is an integer whose name ends in `_id`, as the API names them. Ids of other systems are text.
 * @param cursor the column whose time says when a record last changed; null: the stream has none.
 */
export const indexedColumns = ({ columns, key }: Candidates, cursor: string | null): readonly string[] =>
  columns
    // A value that is omitted is null in every row, and an inferred column is not known to be an id.
    .filter(({ name, policy, inferred }) => name !== key[0] && policy === undefined && !inferred)
    .filter(({ name, kind }) => CHANGED.has(name) || isCursor(name, cursor) || (kind === 'int' && name.endsWith('_id')))
    .map(({ name }) => name)

const isCursor = (name: string, cursor: string | null): boolean => cursor !== null && name === identifier(cursor)
