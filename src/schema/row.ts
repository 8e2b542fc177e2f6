import type { Column, ColumnKind, Columns } from './column.ts'
import type { Child, Stream } from './stream.ts'

/** The type of a column's values in the result of a query. Numbers are text or bigint, so that none passes through a float. */
interface Selected extends Record<ColumnKind, unknown> {
  int: string | bigint
  money: string
  rate: string
  instant: Date | string
  day: Date | string
  flag: boolean
  text: string
  json: unknown
}

type Cell<C extends Column> = C extends Column<infer K, infer R> ? Selected[K] | (R extends true ? never : null) : never

type Declared<C extends Columns> = { [K in keyof C & string]: Cell<C[K]> }

interface System {
  _synced_at: Selected['instant']
  _deleted_at: Selected['instant'] | null
  _deleted_by: 'absence' | 'event' | 'record' | 'probe' | null
  _extra: unknown
  _hash: Selected['int']
}

type ChildRow<Owner extends string, C extends Columns> = { [K in `${Owner}_id`]: Selected['int'] } & {
  index: Selected['int']
} & Declared<C>

/** Only streams that can be imported have it. */
type Source<S extends Stream> = S['export'] extends null ? unknown : { _source: 'export' | null }

type OneStream<S extends Stream> = { [K in S['name']]: Declared<S['columns']> & System & Source<S> } & {
  [K in keyof S['children'] & string as `${S['name']}__${K}`]: S['children'][K] extends Child<infer C>
    ? ChildRow<S['singular'], C>
    : never
}

type Intersect<U> = (U extends unknown ? (of: U) => void : never) extends (of: infer I) => void ? I : never

/** The warehouse as a type: `Kysely<TablesOf<typeof streams>>` knows every table and column. */
export type TablesOf<S extends readonly Stream[]> = Intersect<{ [I in keyof S]: OneStream<S[I]> }[number]>
