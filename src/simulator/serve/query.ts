import { Refusal, unprocessable } from './answer.ts'
import { type Cursor, decode } from './cursor.ts'
import type { Endpoint, Version } from './endpoint.ts'

export const MAX_PAGES = 100

/** What a list request asks for, once its parameters are understood. */
export interface Query extends Cursor {
  readonly limit: number
  /** Offset paging: rows shift under it when the store changes, as they do in reality. */
  readonly page: number
}

export function readQuery(endpoint: Endpoint, version: Version, path: string, query: URLSearchParams): Query {
  const limit = whole(query, 'limit', 50, 250)
  const pointer = version === '2021-11' ? 'cursor' : 'page_info'
  const cursor = query.get(pointer)
  if (cursor !== null) {
    const others = [...query.keys()].filter(name => name !== pointer && name !== 'limit')
    if (others.length > 0) throw unprocessable(pointer, `${others.join(', ')} may not be sent with a ${pointer}`)
    return { ...decode(cursor, pointer, path), limit, page: 1 }
  }
  const page = whole(query, 'page', 1, Number.MAX_SAFE_INTEGER)
  if (page > MAX_PAGES) throw unprocessable('page', `pages beyond ${MAX_PAGES} need cursor pagination`)
  const known = (version === '2021-01' && endpoint.filters2021_01) || endpoint.filters
  const filters: Record<string, string> = {}
  for (const [name, value] of query) {
    // An unknown parameter is ignored without a word, as the real API does.
    if (Object.hasOwn(known, name) && value !== '') filters[name] = value
  }
  return { path, ...sorting(endpoint, version, query.get('sort_by')), filters, toward: 'next', limit, page }
}

/** Names that are only other words for a member of the record. */
const SORTED_AS: Readonly<Record<string, string>> = { charge_date: 'scheduled_at', shipping_date: 'scheduled_at' }

function sorting(endpoint: Endpoint, version: Version, asked: string | null): Pick<Cursor, 'field' | 'direction'> {
  const upwards = endpoint.whole || (endpoint.resource === 'charges' && version === '2021-01')
  const usual = upwards ? 'id-asc' : 'id-desc'
  const options =
    version === '2021-01' ? endpoint.sorts.map(option => option.replace('scheduled_at', 'charge_date')) : endpoint.sorts
  const chosen = asked ?? usual
  if (chosen !== usual && !options.includes(chosen)) throw unprocessable('sort_by', `Not a valid choice: ${chosen}`)
  const at = chosen.lastIndexOf('-')
  const field = chosen.slice(0, at)
  return { field: SORTED_AS[field] ?? field, direction: chosen.endsWith('asc') ? 'asc' : 'desc' }
}

function whole(query: URLSearchParams, name: string, usual: number, max: number): number {
  const text = query.get(name)
  if (text === null) return usual
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new Refusal(422, { errors: { [name]: [`Must be between 1 and ${max}`] } })
  }
  return value
}
