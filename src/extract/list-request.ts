import { asFilter } from '../common/instant.ts'
import type { DecodedPage } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ApiRequest } from './api-client.ts'
import type { ReadContext, Sequence } from './list.ts'
import { LARGEST } from './numbered-page.ts'
import { type Failures, NO_FAILURES } from './retry.ts'

/** Page sizes: the largest [documented], and smaller ones for when bodies break off or time out [client]. */
const PAGE_SIZES = [LARGEST, 100, 50] as const

/** The size of the pages of a list. Once smaller pages were needed, they stay small. */
export interface PageSize {
  /** Records to request. After every second failure that a smaller page may avoid, the page is requested smaller. */
  after(failures: Failures): number
  /** Records that are requested now. */
  readonly now: number
}

export function createPageSize(): PageSize {
  let index = 0
  return {
    after({ tooLarge }) {
      if (tooLarge > 0 && tooLarge % 2 === 0) index = Math.min(index + 1, PAGE_SIZES.length - 1)
      return PAGE_SIZES[index] ?? LARGEST
    },
    get now() {
      return this.after(NO_FAILURES)
    },
  }
}

/** A request for a page. */
export interface PageRequest extends ApiRequest {
  /** The `limit` that it sends in any case; null: that of the list. */
  readonly limit: number | null
}

/** The first request of a list: filters, order and page size. @param more parameters beside those of the list. */
export function firstRequest(
  { api, stream }: ReadContext,
  sequence: Sequence,
  size: PageSize,
  more: Readonly<Record<string, string>> = {},
  limit: number | null = null,
): PageRequest {
  return {
    version: stream.version,
    limit,
    url: failures => {
      const url = api.urlOf(sequence.path)
      const order = stream.sort === null ? {} : { sort_by: stream.sort }
      const all = { ...stream.parameters, ...order, ...sequence.parameters(), ...more }
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
      // Page numbers count pages of one size, so a given size does not change.
      if (stream.pagination === 'pages') setLimit(url, limit ?? size.after(failures))
      return url
    },
  }
}

/** A request for a next page. Beside a cursor only `limit` may be sent: anything else is a 422 [documented]. */
export function nextRequest(
  { api, stream }: ReadContext,
  { path }: Sequence,
  size: PageSize,
  pointer: string,
): PageRequest {
  return {
    version: stream.version,
    limit: null,
    url: failures => {
      if (stream.version === '2021-01') {
        // The link's path and query, but always on the API's own host: the token must not go elsewhere.
        const { pathname, search } = new URL(pointer, api.urlOf('/'))
        const url = new URL(pathname + search, api.urlOf('/'))
        // It is followed as it is, unless a smaller page is needed.
        const smaller = size.after(failures)
        if (smaller < LARGEST) setLimit(url, smaller)
        return url
      }
      const url = api.urlOf(path)
      url.searchParams.set('cursor', pointer)
      setLimit(url, size.after(failures))
      return url
    },
  }
}

/** The same request for at most so many records. */
export function shorterRequest(request: PageRequest, records: number, size: PageSize): PageRequest {
  return {
    ...request,
    url: failures => {
      const url = request.url(failures)
      setLimit(url, Math.min(records, size.now))
      return url
    },
  }
}

const setLimit = (url: URL, size: number): void => url.searchParams.set('limit', String(size))

/** The parameter that asks for records from a time on; none where the list has no such filter. */
export const sinceParameter = ({ sync }: Stream, since: string | null): Readonly<Record<string, string>> =>
  since !== null && sync.mode === 'incremental' ? { [sync.since]: since } : {}

/** The time of the last record as a filter; null if the list is not sorted by the filtered field. */
export function newestFilter({ sync }: Stream, { cursors }: DecodedPage): string | null {
  if (sync.mode === 'full' || !sync.sorted) return null
  const newest = cursors.at(-1) ?? null
  return newest === null ? null : asFilter(newest)
}
