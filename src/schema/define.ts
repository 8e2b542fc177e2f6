import { check } from './check.ts'
import type { Column, Columns } from './column.ts'
import type { Export } from './export.ts'
import type {
  ApiVersion,
  Child,
  Count,
  DeletionEvents,
  Deletions,
  Each,
  Full,
  Incremental,
  Parent,
  Retention,
  Scopes,
  Stream,
} from './stream.ts'

type RequiredColumn<C extends Columns> = {
  [K in keyof C & string]: C[K] extends Column<'int' | 'text', true> ? K : never
}[keyof C & string]

/** Not required: a record that does not say when it changed is loaded all the same. */
type OptionalInstant<C extends Columns> = {
  [K in keyof C & string]: C[K] extends Column<'instant', false> ? K : never
}[keyof C & string]

type OneOrMore<T> = T | readonly [T, T, ...T[]]

/**
 * A declaration in `schemas/`. What it leaves out has a default that is right for most streams. What each member means, its
 * namesake in `Stream` (`stream.ts`) says.
 */
export interface StreamInput<
  Name extends string,
  C extends Columns,
  Ch extends Readonly<Record<string, Child>>,
  E extends Export | null,
> {
  readonly name: Name
  readonly singular: string
  readonly doc: string
  /** Default: 2021-11. */
  readonly version?: ApiVersion
  readonly path: string
  readonly list: string
  /** Default: `pages`. */
  readonly pagination?: 'pages' | 'whole' | 'single'
  readonly parameters?: Readonly<Record<string, string>>
  /** Default: none. */
  readonly tried?: Readonly<Record<string, string>>
  readonly sort?: string
  readonly scopes: Scopes
  readonly plan?: string
  readonly optional?: boolean
  readonly optIn?: boolean
  readonly key: OneOrMore<RequiredColumn<C>>
  readonly sync: Incremental<OptionalInstant<C>> | Full
  readonly retention?: Retention
  /** Default: deletions are not detected. */
  readonly deletions?: Deletions
  readonly deletionEvents?: DeletionEvents
  readonly each?: Each
  readonly parent?: Parent
  readonly count?: Count
  readonly created?: boolean
  /** Default: true if the list comes in pages and the record has an id of its own. */
  readonly retrieve?: boolean
  readonly export?: E
  readonly columns: C
  readonly children?: Ch
  /** Default: none. */
  readonly objects?: readonly string[]
}

/**
 * Completes a declaration, checks it and freezes it.
 * @throws {DeclarationError} with every problem that the types cannot find.
 */
export function stream<
  const Name extends string,
  const C extends Columns,
  const Ch extends Readonly<Record<string, Child>> = Record<never, never>,
  const E extends Export | null = null,
>(input: StreamInput<Name, C, Ch, E>): Stream<Name, C, Ch, E> {
  const key: OneOrMore<string> = input.key
  const declared: Stream<Name, C, Ch, E> = {
    version: '2021-11',
    pagination: 'pages',
    parameters: {},
    tried: {},
    sort: null,
    plan: null,
    optional: false,
    optIn: false,
    retention: null,
    deletions: {},
    deletionEvents: null,
    each: null,
    parent: null,
    count: null,
    created: false,
    retrieve: (input.pagination ?? 'pages') === 'pages' && input.parent === undefined && input.key === 'id',
    export: null as E,
    children: {} as Ch,
    objects: [],
    salt: null,
    erasure: null,
    onMismatch: 'null',
    drift: 'capture',
    sensitive: 'hash',
    declared: null,
    ...input,
    key: typeof key === 'string' ? [key] : key,
  }
  check(declared)
  return freeze(declared)
}

export const child = <const C extends Columns>(input: Child<C>): Child<C> => input

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const member of Object.values(value)) freeze(member)
  }
  return value
}
