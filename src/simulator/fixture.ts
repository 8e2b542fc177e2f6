import { RESOURCES, type StoreRecord } from './record.ts'
import { ALL, BOTH, type Endpoint } from './serve/endpoint.ts'
import { type Filters, from, idList, same, until, within } from './serve/filter.ts'
import type { Store } from './store.ts'

/** The part of a stream's declaration that the simulator needs to serve it. */
export interface ServedStream {
  readonly name: string
  readonly path: string
  /** Key of the list, or of the object, in the answer. */
  readonly list: string
  /** Key of one record read by its id. */
  readonly singular: string
  readonly pagination: 'pages' | 'whole' | 'single'
  readonly sort: string | null
  readonly scopes: readonly string[]
  readonly sync:
    | { readonly mode: 'incremental'; readonly cursor: string; readonly since: string; readonly until: string }
    | { readonly mode: 'full' }
  readonly parent: { readonly stream: string; readonly as: string; readonly parameter?: true } | null
}

/** A stream without a story, and the records that are served of it. */
export interface Fixture {
  readonly stream: ServedStream
  readonly records: readonly StoreRecord[]
}

/** Whether the story makes records of this name. A stream without a story needs a fixture. */
export const hasStory = (name: string): boolean => RESOURCES.some(resource => resource === name)

/** The records to insert. One whose parent is not in the store gets the first parent that is. */
export function recordsOf({ stream: { parent }, records }: Fixture, store: Store): readonly StoreRecord[] {
  if (parent === null) return records
  const ids = store.all(parent.stream).map(({ id }) => id)
  return records.map(record => (ids.includes(record[parent.as]) ? record : { ...record, [parent.as]: ids[0] }))
}

const parentIn = ({ stream, as, parameter }: NonNullable<ServedStream['parent']>): Partial<Endpoint> =>
  parameter ? { needs: as } : { parent: { resource: stream, field: as } }

/** An endpoint that filters by every member of the records: more filters than a real endpoint has. */
export function endpointOf({ stream, records }: Fixture): Endpoint {
  const { name, path, list, singular, pagination, sort, scopes, sync, parent } = stream
  const members = new Set(records.flatMap(record => Object.keys(record)))
  const filters: Filters = {
    ...Object.fromEntries([...members].map(member => [member, same(member)])),
    ids: idList,
    ...within('created_at'),
    ...within('updated_at'),
    ...(sync.mode === 'incremental' ? { [sync.since]: from(sync.cursor), [sync.until]: until(sync.cursor) } : {}),
  }
  return {
    resource: name,
    path,
    list,
    singular,
    versions: BOTH,
    scopes,
    sorts: sort === null ? ALL : [...ALL, sort],
    filters,
    count: filters,
    link: true,
    ...(parent ? { ...parentIn(parent), listOnly: true } : {}),
    ...(pagination === 'single' ? { single: [list] } : {}),
    ...(pagination === 'whole' ? { whole: true } : {}),
  }
}
