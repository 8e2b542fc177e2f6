import { member, type StoreRecord } from '../record.ts'
import { instant } from '../time.ts'
import { unprocessable } from './answer.ts'

/** The range of a sort value that passes a filter. A list in that order starts and stops at its ends. */
export interface Bound {
  readonly field: string
  readonly min?: number
  readonly max?: number
}

export interface Test {
  readonly passes: (record: StoreRecord) => boolean
  readonly bound?: Bound
}

export type Filter = (value: string, name: string) => Test

export type Filters = { readonly [name: string]: Filter }

/** Compared without case: a client was seen sending `ACTIVE` to 2021-11. */
export const same =
  (path: string): Filter =>
  value => {
    const wanted = value.toLowerCase()
    return { passes: record => String(member(record, path)).toLowerCase() === wanted }
  }

export const among =
  (path: string): Filter =>
  value => {
    const wanted = new Set(value.split(',').map(part => part.trim().toLowerCase()))
    return { passes: record => wanted.has(String(member(record, path)).toLowerCase()) }
  }

export const idList: Filter = (value, name) => {
  const wanted = new Set(value.split(',').map(Number))
  if ([...wanted].some(id => !Number.isSafeInteger(id))) throw unprocessable(name, 'Not a valid integer.')
  return { passes: record => wanted.has(record.id as number) }
}

/** Bounds are inclusive. */
export const from =
  (field: string): Filter =>
  (value, name) => {
    const min = moment(value, name)
    return { passes: record => record[field] != null && instant(record[field]) >= min, bound: { field, min } }
  }

export const until =
  (field: string): Filter =>
  (value, name) => {
    const max = moment(value, name)
    return { passes: record => record[field] != null && instant(record[field]) <= max, bound: { field, max } }
  }

export const within = (name: string, field: string = name): Filters => ({
  [`${name}_min`]: from(field),
  [`${name}_max`]: until(field),
})

/** A line item's purchase, by one id or several. */
export const purchase: Filter = value => {
  const wanted = new Set(value.split(',').map(Number))
  return {
    passes: record =>
      ((record.line_items ?? []) as readonly StoreRecord[]).some(line => wanted.has(Number(line.purchase_item_id))),
  }
}

export const discount =
  (key: 'id' | 'code'): Filter =>
  value => ({
    passes: record =>
      ((record.discounts ?? []) as readonly StoreRecord[]).some(
        entry => String(entry[key]).toLowerCase() === value.toLowerCase(),
      ),
  })

export const externalOrderKnown: Filter = value => {
  const wanted = value === 'true' || value === '1'
  return { passes: record => (member(record, 'external_order_id.ecommerce') != null) === wanted }
}

/** A parameter that the list itself handles; no condition on a record. */
export const elsewhere: Filter = () => ({ passes: () => true })

const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/**
 * How Recharge reads a filter without an offset is not known [unknown]. It is read as UTC here, so that a caller who
 * leaves the offset out and means Eastern time gets other records than it expects.
 */
export function moment(text: string, name: string): number {
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) && text.length > 10
  const at = ISO.test(text)
    ? Date.parse(zoned || text.length === 10 ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`)
    : Number.NaN
  if (Number.isNaN(at)) throw unprocessable(name, `Invalid date: ${text}. Must be a valid ISO-8601 datetime string`)
  return at
}
