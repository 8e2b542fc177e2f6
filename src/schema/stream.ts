import type { Columns, Policy } from './column.ts'
import type { Export } from './export.ts'
import type { Erasure } from './forgotten.ts'
import type { Salt } from './salt.ts'

/** Pages of `2021-11` have a cursor in the body, those of `2021-01` have a Link header. */
export type ApiVersion = '2021-11' | '2021-01'

/** A list inside the record. It has a table of its own, whose key is the owner's id and the position in the list. */
export interface Child<C extends Columns = Columns> {
  readonly doc: string
  /** Dotted path of the list in the record. */
  readonly from: string
  /** Column for an element that is a plain value and not an object; absent: every element is an object. */
  readonly element?: string
  readonly columns: C
}

/** Scopes that allow to read a resource. One of them is enough; an empty list: none is needed. */
export type Scopes = readonly string[]

/** Whether the token has one of these scopes. */
export type Readable = (scopes: Scopes) => boolean

export interface Incremental<Cursor extends string = string> {
  readonly mode: 'incremental'
  readonly cursor: Cursor
  /** Name of the filter for records changed at or after a time. */
  readonly since: string
  /** Name of the filter for records changed at or before a time. */
  readonly until: string
  /**
   * True only if the request asks for this order and the API's cursor follows a keyset, so that a record that is edited
   * during the scan moves to the end and is read again. False is always safe; it only makes an interrupted scan read more
   * again.
   */
  readonly sorted: boolean
}

export interface Full {
  readonly mode: 'full'
}

/** The source stops serving records after some days. The absence of such a record does not mean that it is deleted. */
export interface Retention {
  /** Days, counted back from now. */
  readonly days: number
  /** The field whose age counts. */
  readonly by: string
  /** Only records with these values have a retention; absent: all of them. */
  readonly when?: Readonly<Record<string, readonly string[]>>
  /** The API answers 422 to a window that begins earlier, so the window has to be cut. */
  readonly refuses?: boolean
}

/** A kind of records: those with this value in a column. */
export interface Kind {
  readonly column: string
  readonly value: string
}

/** How deletions are detected. Child rows stay as long as the row that owns them. */
export interface Deletions {
  /**
   * `scan`: rows that a completed full scan did not see are deleted. A kind: rows of the kind that a complete list of it
   * did not have; the filter for that list has the name of the column. Neither is allowed for records with a retention,
   * whose absence does not mean that they are deleted.
   */
  readonly absence?: 'scan' | Kind
  /** Rows that may disappear together with records that have a retention, so their absence does not count either. */
  readonly except?: Kind
  /** `object_type` of the events that name records of this stream, in lower case. */
  readonly event?: string
  /** Column in which a record says when it was deleted, where the list shows deleted records; null: it exists. */
  readonly stated?: string
}

/** The columns of a stream whose records report deletions in other streams. */
export interface DeletionEvents {
  /** Column with the type of the record. */
  readonly type: string
  /** Column with its key. */
  readonly key: string
  /** Column that says what happened. */
  readonly verb: string
  /** Value of `verb` for a deletion, in lower case. */
  readonly gone: string
  /** Column with the time. */
  readonly at: string
}

/** One list for each value of a parameter, such as the metafields of each kind of owner. */
export interface Each {
  readonly parameter: string
  readonly values: Readonly<Record<string, Scopes>>
}

/**
 * One list, or one object, for each record of another stream. Its id is put into `{as}` of the path, or is sent as the
 * parameter `as`, and is stored in the column `as`.
 */
export interface Parent {
  readonly stream: string
  readonly as: string
  /** The id is a parameter of the request. Default: a part of the path. */
  readonly parameter?: true
  /** Column for the position in the parent's list, if the record has no id of its own. */
  readonly position?: string
}

/** `/count` on 2021-01, with the same token. */
export interface Count {
  readonly path: string
  /** It accepts the `updated_at` and the `created_at` filters [client]. */
  readonly ranges: boolean
  /** Name of a column and of a filter: it counts the records with each value [client]. */
  readonly by?: string
  /** Filter by day that leaves out about what the retention of the source hides from its lists [client]. */
  readonly served?: string
}

/** What happens if a value does not fit its declared type: the column is null, or the record is rejected. */
export type OnMismatch = 'reject' | 'null'

/** What happens with a field that is not declared: it is kept in `_extra`, gets a column, or fails the stream. */
export type Drift = 'capture' | 'evolve' | 'fail'

/** The declaration of a stream, complete. What a file in `schemas/` has to give is `StreamInput` in `define.ts`. */
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
  /** Parameters that the API may refuse: after a 422 the list is read without them. */
  readonly tried: Readonly<Record<string, string>>
  /** Value of `sort_by`; null where the resource takes none. */
  readonly sort: string | null
  readonly scopes: Scopes
  /** Plan or feature that the store needs for the stream; null: none. */
  readonly plan: string | null
  /** Not every store has it: a 404 or a 422 on the first page skips it. */
  readonly optional: boolean
  /** It takes so many requests that it is read only if the user names it. */
  readonly optIn: boolean
  readonly key: readonly string[]
  readonly sync: Incremental | Full
  readonly retention: Retention | null
  readonly deletions: Deletions
  readonly deletionEvents: DeletionEvents | null
  readonly each: Each | null
  readonly parent: Parent | null
  readonly count: Count | null
  /** The list accepts `created_at_min` and `created_at_max` [documented]. */
  readonly created: boolean
  /** The API serves one record at `path` + `/{id}`, as the member `singular` of the body. */
  readonly retrieve: boolean
  /** What `import` reads; null: the stream cannot be imported. */
  readonly export: E
  readonly columns: C
  readonly children: Ch
  /** Members that are objects, and that are empty unless a request asks for more. A member of them is an unknown field. */
  readonly objects: readonly string[]
  /** Salt of the warehouse that the stream is loaded into; null: a declaration without a warehouse. */
  readonly salt: Salt | null
  /** The persons that the warehouse has forgotten; null: a declaration without a warehouse, or its records belong to nobody. */
  readonly erasure: Erasure | null
  /** With `null`, the default, the value is kept in `_extra`. A record without a key is rejected in any case. */
  readonly onMismatch: OnMismatch
  readonly drift: Drift
  /** What is stored of a field that is not declared and whose name says that it is a credential. */
  readonly sensitive: Policy
  /** The stream without its inferred columns; null: it has none. */
  readonly declared: Stream | null
}
