import type { StoreRecord } from '../record.ts'
import type { Position, Row } from '../row.ts'
import type { Direction } from '../sorted.ts'
import type { Store } from '../store.ts'
import { type Answer, type Page, pageAnswer } from './answer.ts'
import { encode } from './cursor.ts'
import type { Endpoint, Version } from './endpoint.ts'
import type { Bound, Test } from './filter.ts'
import type { Query } from './query.ts'
import { checkWindow, visibility } from './visible.ts'

/** Stores of a moderate size are read again and again, by tests and benchmarks, so their texts are worth keeping. */
const KEEP_TEXT_BELOW = 200_000

/**
 * How a list shows its end. `null`: a pointer that is null. `absent`: no member for the pointer. `pointer`: a full last page
 * has a pointer, to an empty page. Which of them the API follows is not known [unknown].
 */
export type Ending = 'null' | 'absent' | 'pointer'

export function list(
  store: Store,
  endpoint: Endpoint,
  version: Version,
  query: Query,
  ending: Ending,
  parent?: number,
): Answer {
  const table = store.table(endpoint.resource)
  const found = collect(store, endpoint, version, query, parent)
  const more = !endpoint.whole && found.length > query.limit
  const rows = more ? found.slice(0, query.limit) : found
  const backwards = query.toward === 'previous'
  if (backwards) rows.reverse()
  const cursor = (toward: Query['toward'], row: Row | undefined) =>
    row ? encode({ ...query, toward, position: { value: row.value(query.field), id: row.id } }) : null
  const keep = table.size < KEEP_TEXT_BELOW
  const page: Page = {
    envelope: endpoint.list ?? endpoint.resource,
    rows: rows.map(row => row.text(keep)),
    pointers: pointers(endpoint, version, query),
    next:
      more || backwards || (ending === 'pointer' && rows.length === query.limit) ? cursor('next', rows.at(-1)) : null,
    unsaid: ending === 'absent',
    previous: query.position && (more || !backwards) ? cursor('previous', rows[0]) : null,
    here: encode(query),
    limit: query.limit,
    path: query.path,
  }
  return pageAnswer(page)
}

/** One row more than the page holds: where there is one, there is a next page. */
function collect(store: Store, endpoint: Endpoint, version: Version, query: Query, parent: number | undefined): Row[] {
  const passes = condition(store, endpoint, version, query, parent)
  const direction = query.toward === 'next' ? query.direction : query.direction === 'asc' ? 'desc' : 'asc'
  const { start, beyond } = range(passes.bounds, query.field, direction)
  let skip = (query.page - 1) * query.limit
  const rows: Row[] = []
  for (const row of store
    .table(endpoint.resource)
    .by(query.field)
    .after(query.position ?? start, direction)) {
    if (beyond(row)) break
    if (!passes.test(row.record)) continue
    if (skip > 0) skip -= 1
    else if (rows.push(row) > query.limit && !endpoint.whole) break
  }
  return rows
}

function condition(store: Store, endpoint: Endpoint, version: Version, query: Query, parent: number | undefined) {
  const now = store.now().getTime()
  const known = (version === '2021-01' && endpoint.filters2021_01) || endpoint.filters
  const tests: Test[] = []
  for (const [name, value] of Object.entries(query.filters)) {
    const filter = known[name]
    if (filter) tests.push(filter(value, name))
  }
  if (!query.position) checkWindow(endpoint, now, query.filters)
  const shown = visibility(endpoint, now, query.filters)
  const field = endpoint.parent?.field
  const test = (record: StoreRecord) =>
    (field === undefined || record[field] === parent) &&
    (shown === undefined || shown(record)) &&
    tests.every(each => each.passes(record))
  return { test, bounds: tests.flatMap(each => each.bound ?? []) }
}

/** A filter on the value that the list is sorted by needs no look at each row: reading starts and stops at its bounds. */
function range(bounds: readonly Bound[], field: string, direction: Direction) {
  let min = Number.NEGATIVE_INFINITY
  let max = Number.POSITIVE_INFINITY
  for (const bound of bounds) {
    if (bound.field !== field) continue
    min = Math.max(min, bound.min ?? min)
    max = Math.min(max, bound.max ?? max)
  }
  const ascending = direction === 'asc'
  const edge = ascending ? min : max
  const start: Position | undefined = Number.isFinite(edge)
    ? { value: edge, id: ascending ? -1 : Number.POSITIVE_INFINITY }
    : undefined
  const beyond = (row: Row): boolean => (ascending ? Number(row.value(field)) > max : Number(row.value(field)) < min)
  return { start, beyond }
}

/** On 2021-01 some requests get no Link header even when there is more; the reference says so for these. */
function pointers(endpoint: Endpoint, version: Version, { filters }: Query): Page['pointers'] {
  if (endpoint.whole) return 'none'
  if (version === '2021-11') return 'body'
  const silenced = 'ids' in filters || 'shopify_product_ids' in filters
  const chargesByTime = endpoint.resource === 'charges' && ('updated_at_min' in filters || 'created_at_min' in filters)
  return endpoint.link && !silenced && !chargesByTime ? 'link' : 'none'
}
