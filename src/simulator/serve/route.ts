import { singular } from '../record.ts'
import type { Store } from '../store.ts'
import { instant } from '../time.ts'
import { type Client, checkOwner, checkRights, type Rights, tokenInformation } from './access.ts'
import { type Answer, json, notFound, unprocessable } from './answer.ts'
import { count } from './count.ts'
import type { Endpoint, Version } from './endpoint.ts'
import { type Ending, list } from './list.ts'
import { readQuery } from './query.ts'
import { behindTheWall } from './visible.ts'

export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly version: Version
}

export interface Shopfront extends Rights {
  readonly store: Store
  readonly endpoints: readonly Endpoint[]
  readonly wrappedTokenInformation: boolean
  readonly client: Client
  readonly wallHidesCounts: boolean
  readonly easternFilters: boolean
  readonly includeDeleted: IncludeDeleted
  readonly ending: Ending
}

/** Whether `include_deleted` does what it says, is ignored without a word, or is a 422. */
export type IncludeDeleted = 'served' | 'ignored' | 'refused'

/** The endpoint of a path, and the number in the path if there is one. */
interface Route {
  readonly endpoint: Endpoint
  readonly kind: 'list' | 'one' | 'count'
  readonly id?: number
}

export function answer(front: Shopfront, request: Asked): Answer {
  const timed = front.easternFilters ? { ...request, query: easternTimes(request.query) } : request
  const asked = { ...timed, query: withoutDeleted(timed.query, front.includeDeleted) }
  const { path, version } = asked
  if (path === '/') return json({})
  if (path === '/token_information') return tokenInformation(front, front.client, front.wrappedTokenInformation)
  // The same path names another resource on 2021-11, which stores on a commerce platform do not have.
  if (path === '/products' && version === '2021-11') {
    throw unprocessable('platform', 'This API is not compatible with your platform')
  }
  const route = find(front.endpoints, path, version)
  checkRights(route.endpoint, front)
  if (route.kind === 'list') return readList(front, asked, route)
  if (route.kind === 'one') return readOne(front.store, route)
  if (route.endpoint.resource === 'metafields') checkOwner(asked.query.get('owner_resource') ?? undefined, front)
  return count(front.store, route.endpoint, asked.query, front.wallHidesCounts)
}

function withoutDeleted(query: URLSearchParams, includeDeleted: IncludeDeleted): URLSearchParams {
  if (includeDeleted === 'served' || !query.has('include_deleted')) return query
  if (includeDeleted === 'refused') throw unprocessable('include_deleted', 'Unknown field.')
  return new URLSearchParams([...query].filter(([name]) => name !== 'include_deleted'))
}

/** Reads every bound by time as wall time in New York, whatever its offset. */
function easternTimes(query: URLSearchParams): URLSearchParams {
  const read = ([name, value]: [string, string]): [string, string] =>
    /_(min|max)$/.test(name) && value.endsWith('Z')
      ? [name, new Date(instant(value.slice(0, 19))).toISOString()]
      : [name, value]
  return new URLSearchParams([...query].map(read))
}

function find(endpoints: readonly Endpoint[], path: string, version: Version): Route {
  for (const endpoint of endpoints) {
    if (!endpoint.versions.includes(version)) continue
    if (path === endpoint.path) return { endpoint, kind: 'list' }
    const id = numberIn(path, endpoint.parent ? endpoint.path : `${endpoint.path}/{id}`)
    if (id !== undefined && endpoint.parent) return { endpoint, kind: 'list', id }
    if (id !== undefined && !endpoint.listOnly && !endpoint.single) return { endpoint, kind: 'one', id }
    if (version === '2021-01' && endpoint.count && path === `${endpoint.path}/count`) return { endpoint, kind: 'count' }
  }
  throw notFound()
}

function numberIn(path: string, pattern: string): number | undefined {
  const [before = '', after = ''] = pattern.split(/\{\w+\}/)
  if (!path.startsWith(before) || !path.endsWith(after)) return undefined
  const text = path.slice(before.length, path.length - after.length)
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function readList(front: Shopfront, { path, query, version }: Asked, { endpoint, id }: Route): Answer {
  const { store } = front
  if (endpoint.parent && (id === undefined || !store.get(endpoint.parent.resource, id))) throw notFound()
  if (endpoint.single) return readSingle(store, endpoint, endpoint.single, id)
  const wanted = readQuery(endpoint, version, path, query)
  if (endpoint.needs !== undefined && wanted.filters[endpoint.needs] === undefined)
    throw unprocessable(endpoint.needs, 'Missing data for required field.')
  if (endpoint.resource === 'metafields') checkOwner(wanted.filters.owner_resource, front)
  return list(store, endpoint, version, wanted, front.ending, id)
}

function readSingle(store: Store, { resource, parent }: Endpoint, keys: readonly string[], id?: number): Answer {
  const records = store.all(resource)
  const record = parent ? records.find(({ [parent.field]: owner }) => owner === id) : records[0]
  if (!record) throw notFound()
  return json(Object.fromEntries(keys.map(key => [key, record])))
}

function readOne(store: Store, { endpoint, id = 0 }: Route): Answer {
  const row = store.table(endpoint.resource).row(id)
  if (!row) throw notFound()
  if (endpoint.resource === 'charges' && behindTheWall(row.record, store.now().getTime())) throw notFound()
  if (endpoint.resource === 'payment_methods' && row.record.deleted_at != null) throw notFound()
  return { status: 200, body: `{"${endpoint.singular ?? singular(endpoint.resource)}":${row.text(false)}}` }
}
