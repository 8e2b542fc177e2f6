import { type RawBuilder, sql } from 'kysely'
import type { Columns } from '../../schema/column.ts'
import { historyTable } from '../../schema/history-table.ts'
import { identifier } from '../../schema/name.ts'
import type { Ownership } from '../../schema/owner.ts'
import { declaredTables } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Table, tablesOf } from '../../schema/table.ts'
import type { Persons } from '../forgetting.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { madeIn } from './ownership.ts'

/** A table that exists, with what of it is personal. */
export interface PersonTable {
  readonly table: Table
  /** Columns whose values are personal. */
  readonly erased: readonly string[]
}

/** The tables of a stream whose records belong to persons. */
export interface PersonTables {
  readonly stream: Stream
  readonly ownership: Ownership
  readonly root: PersonTable
  readonly children: readonly PersonTable[]
  readonly history: PersonTable | null
}

/** The tables of these streams that exist. Of their columns only those count that this program has made. */
export async function personTables(
  session: Session,
  { schema, recordedSchema }: Pick<Context, 'schema' | 'recordedSchema'>,
  streams: readonly Stream[],
): Promise<readonly PersonTables[]> {
  const relations = await session.relations(schema)
  const { made } = await recordedSchema(session)
  const existing = (table: Table, declared: Columns): PersonTable | null => {
    const columns = relations.get(table.name)?.columns
    if (columns === undefined) return null
    const ours = new Set([...madeIn(table.name, made), ...table.columns.map(({ name }) => name)])
    const own = new Set(table.columns.filter(({ name }) => declared[name] === undefined).map(({ name }) => name))
    return {
      table,
      erased: columns.filter(name => {
        if (!ours.has(name) || table.key.includes(name)) return false
        if (own.has(name)) return name === EXTRA
        const column = declared[name]
        // A column that is declared no more, or was inferred, may hold anything.
        return column === undefined || column.personal || column.sensitive
      }),
    }
  }
  return streams.flatMap(stream => {
    const ownership = stream.erasure?.ownership
    const { root, children } = tablesOf(stream)
    const declared = declaredTables(stream)
    const of = (table: Table): PersonTable | null => existing(table, declared.get(table.name) ?? {})
    const own = of(root)
    if (ownership === undefined || own === null) return []
    return [
      {
        stream,
        ownership,
        root: own,
        children: children.map(({ table }) => of(table)).filter(table => table !== null),
        history: existing(historyTable(stream), declared.get(root.name) ?? {}),
      },
    ]
  })
}

export const EXTRA = '_extra'

/** At least one of the columns has a value. */
export const hasValue = (columns: readonly string[]): RawBuilder<boolean> =>
  columns.length === 0
    ? sql<boolean>`false`
    : sql<boolean>`(${sql.join(
        columns.map(name => sql`${sql.ref(name)} is not null`),
        sql` or `,
      )})`

/** The column has one of the ids, which are whole numbers. */
export function isIn(column: string, ids: ReadonlySet<string> | undefined): RawBuilder<boolean> {
  const numbers = [...(ids ?? [])].filter(id => /^\d{1,19}$/.test(id))
  return numbers.length === 0
    ? sql<boolean>`false`
    : sql<boolean>`${sql.ref(column)} in (${sql.raw(numbers.join(', '))})`
}

const any = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`false` : sql<boolean>`(${sql.join(conditions, sql` or `)})`

/** The rows of a stream's own table that belong to the persons. `Ownership` says what decides. */
export function belongsTo(
  { direct, indirect, contact }: Ownership,
  { ids, emails }: Persons,
  digest: (email: string) => string,
): RawBuilder<boolean> {
  const customers = any(direct.map(({ column, stream }) => isIn(identifier(column), ids.get(stream))))
  const named = indirect.map(({ column, stream, when }) => {
    const id = isIn(identifier(column), ids.get(stream))
    return when === null
      ? id
      : sql<boolean>`(lower(${sql.ref(identifier(when.column))}) = ${sql.lit(when.value)} and ${id})`
  })
  const mailed = contact === null || emails.size === 0 ? [] : [hasEmail(contact, emails, digest)]
  const unnamed = direct.map(({ column }) => sql`${sql.ref(identifier(column))} is null`)
  const others = any([...named, ...mailed])
  return unnamed.length === 0
    ? others
    : sql<boolean>`(${customers} or (${sql.join(unnamed, sql` and `)} and ${others}))`
}

/** The column has one of the addresses, in clear in any case, or as the salted hash of a policy. */
export const hasEmail = (
  contact: string,
  emails: ReadonlySet<string>,
  digest: (email: string) => string,
): RawBuilder<boolean> => {
  const column = sql.ref(identifier(contact))
  return sql<boolean>`(lower(trim(${column})) in (${sql.join([...emails])})
    or ${column} in (${sql.join([...emails].map(digest))}))`
}
