import type { Filters } from './filter.ts'

export type Version = '2021-01' | '2021-11'

export interface Endpoint {
  /** Table of the store. */
  readonly resource: string
  /** Key of the list in the answer; the resource if not given. */
  readonly list?: string
  /** Key of one record in the answer; made from the resource if not given. */
  readonly singular?: string
  /** `{…}` stands for the id of the parent. */
  readonly path: string
  readonly versions: readonly Version[]
  /** Any one of them is enough; none listed means that a valid token is enough. */
  readonly scopes: readonly string[]
  /** Answers 403 on the standard plan, whatever the scopes. */
  readonly proOnly?: true
  readonly sorts: readonly string[]
  readonly filters: Filters
  readonly filters2021_01?: Filters
  /** Has a `/count` on 2021-01, which knows these filters and no others. */
  readonly count?: Filters
  /** Whether 2021-01 says in a Link header where the next page is. */
  readonly link?: true
  /** Listed only; there is no reading of one by its id. */
  readonly listOnly?: true
  /** Read under one parent record, whose id stands in the path. */
  readonly parent?: { readonly resource: string; readonly field: string }
  /** A filter that every list has to be asked for with, such as the id of a parent. */
  readonly needs?: string
  /** One object instead of a list, under these keys: `/shop` answers the same object twice. */
  readonly single?: readonly string[]
  /** One answer holds everything, without pointers. */
  readonly whole?: true
}

/** Served by which versions. */
export const BOTH = ['2021-11', '2021-01'] as const
export const MODERN = ['2021-11'] as const
export const OLD = ['2021-01'] as const

/** The values of sort_by. */
export const ID = ['id-asc', 'id-desc']
export const CREATED = ['created_at-asc', 'created_at-desc']
export const UPDATED = ['updated_at-asc', 'updated_at-desc']
export const ALL = [...ID, ...CREATED, ...UPDATED]
