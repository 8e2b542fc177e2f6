import type { Columns } from './column.ts'
import type { Export } from './export.ts'
import type { Salt } from './salt.ts'

/** `2021-11` pages by a cursor in the body, `2021-01` by a Link header. */
export type ApiVersion = '2021-11' | '2021-01'

/** A list inside the record: a table of its own, keyed by the owner's id and the place in the list. */
export interface Child<C extends Columns = Columns> {
  readonly doc: string
  /** Dotted path of the list in the record. */
  readonly from: string
  readonly columns: C
}

/** Where a resource says which scope reads it, any one of these is enough; an empty list needs none. */
export type Scopes = readonly string[]

/** Whether the token may use any one of these scopes. */
export type Readable = (scopes: Scopes) => boolean

export interface Incremental<Cursor extends string = string> {
  readonly mode: 'incremental'
  readonly cursor: Cursor
  /** Name of the filter for "changed at or after". */
  readonly since: string
  /** Name of the filter for "changed at or before". */
  readonly until: string
  /**
   * True only where the API is asked for this order and its cursor follows a keyset, so that a record edited during
   * the scan moves to the end and is met again. False is always safe, and only costs a longer retry.
   */
  readonly sorted: boolean
}

export interface Full {
  readonly mode: 'full'
}

/** What the source no longer serves after a while. Absence of such a record says nothing about it. */
export interface Retention {
  /** Days, counted back from now. */
  readonly days: number
  /** The field whose age counts. */
  readonly by: string
  /** Only records like these are forgotten; absent: all of them. */
  readonly when?: Readonly<Record<string, readonly string[]>>
  /** The API answers 422 to a window that begins earlier, so the window has to be cut. */
  readonly refuses?: boolean
}

/** Records of one kind: those with this value in a column. */
export interface Kind {
  readonly column: string
  readonly value: string
}

/** How it is known that a record is gone. Owned rows stay with their owner. */
export interface Deletions {
  /**
   * `scan`: what a full scan that ended whole did not see is gone. A kind: of those rows, the ones that a whole list of
   * the kind did not show; the filter that gives it is named as the column. Never where the source retention: there
   * absence says nothing.
   */
  readonly absence?: 'scan' | Kind
  /** Rows that may go with what the source retention: their absence says nothing either. */
  readonly except?: Kind
  /** `object_type` of the events that name records of this stream, in lower case. */
  readonly event?: string
}

/** Of a stream whose records tell of deletions elsewhere: the columns that say what is gone, and when it is. */
export interface DeletionEvents {
  readonly type: string
  readonly key: string
  readonly verb: string
  /** Value of `verb`, in lower case. */
  readonly gone: string
  readonly at: string
}

/** One request sequence for each value of a parameter, as the metafields of each kind of owner. */
export interface Each {
  readonly parameter: string
  readonly values: Readonly<Record<string, Scopes>>
}

/** One request sequence for each record of another stream. `{as}` in the path and the column `as` take its id. */
export interface Parent {
  readonly stream: string
  readonly as: string
  /** Column that takes the place of the record in its parent's list, where the record has no id of its own. */
  readonly position?: string
}

/** `/count` on 2021-01, with the same token. */
export interface Count {
  readonly path: string
  /** It takes the `updated_at` and the `created_at` filters [client]. */
  readonly ranges: boolean
  /** Name of a column, and of a filter, by whose values it counts apart [client]. */
  readonly by?: string
}

/** What becomes of a value that cannot be read as its declared type: the record is rejected, or the column is null. */
export type OnMismatch = 'reject' | 'null'

/** What becomes of a field that is not declared: it is kept in `_extra`, gets a column, or fails the stream. */
export type Drift = 'capture' | 'evolve' | 'fail'

/** Everything there is to say about one stream. Frozen; what is wrong with it is thrown where it is built. */
export interface Stream<
  Name extends string = string,
  C extends Columns = Columns,
  Ch extends Readonly<Record<string, Child>> = Readonly<Record<string, Child>>,
  E extends Export | null = Export | null,
> {
  readonly name: Name
  readonly singular: string
  readonly doc: string
  readonly version: ApiVersion
  readonly path: string
  /** Key of the list, or of the object, in the answer. */
  readonly list: string
  /** `pages`: a list in pages. `whole`: a list in one answer, which takes no `limit`. `single`: one object. */
  readonly pagination: 'pages' | 'whole' | 'single'
  readonly parameters: Readonly<Record<string, string>>
  /** Value of `sort_by`; null where the resource takes none. */
  readonly sort: string | null
  readonly scopes: Scopes
  /** Plan or feature without which the API refuses the stream. */
  readonly plan: string | null
  /** Whether a store has it at all is not certain: a 404 or a 422 on its first page skips it. */
  readonly optional: boolean
  /** Costs so much that it is read only when named. */
  readonly optIn: boolean
  readonly key: readonly string[]
  readonly sync: Incremental | Full
  readonly retention: Retention | null
  readonly deletions: Deletions
  readonly deletionEvents: DeletionEvents | null
  readonly each: Each | null
  readonly parent: Parent | null
  readonly count: Count | null
  /** The list takes `created_at_min` and `created_at_max` [documented]. */
  readonly created: boolean
  /** One record is read at `path` + `/{id}`, under the key `singular`. */
  readonly retrieve: boolean
  /** What `import` reads; null: the stream cannot be imported. */
  readonly export: E
  readonly columns: C
  readonly children: Ch
  /** What hashes values of a stream that is read into a warehouse; a declaration on its own has none. */
  readonly salt: Salt | null
  /** `null`: the value is kept in `_extra`, and the column has none. What is required is rejected all the same. */
  readonly onMismatch: OnMismatch
  readonly drift: Drift
  /** The stream without the columns that were made for it; null: none were. */
  readonly declared: Stream | null
}
