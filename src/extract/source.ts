import { SyncError } from '../common/errors.ts'
import { asFilter, parseInstant } from '../common/instant.ts'
import type { JsonMembers } from '../common/json-body.ts'
import type { DecodedPage, Instant, Page, PageDecoder, RequestStats, Scan, StoreIdentity } from '../common/model.ts'
import type { RateReport } from '../common/run-report.ts'
import type { ApiVersion, Readable, Stream } from '../schema/stream.ts'
import { type ApiClient, TOKEN_PATH } from './api-client.ts'
import { fullScan, readList } from './full-scan.ts'
import type { ReadContext } from './list.ts'
import { parallelScan } from './parallel-scan.ts'
import { readMembers } from './read-body.ts'
import { createReaders } from './readers.ts'
import { retrieve } from './retrieve.ts'
import type { Sleep } from './retry.ts'
import { readableBy, type TokenInformation } from './scopes.ts'
import { unknownScopes } from './unknown-scopes.ts'

/** What every method that reads records needs. */
export interface ReadOptions {
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
}

export interface PagesOptions extends ReadOptions {
  readonly readable: Readable
  /** The decoder for pages of the stream, and for those of its parent. */
  readonly decoderOf: (stream: Stream) => PageDecoder
  /** Records that the API counts in the window; null: not known yet, or never. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  /** Resolves when another page may be requested. Absent: at any time. */
  readonly ready?: (signal: AbortSignal) => Promise<void>
}

export interface Source {
  /** @throws {SourceError} `unauthorised` when the token is refused. */
  token(requestStats: RequestStats, signal: AbortSignal): Promise<TokenInformation>
  /** The store that the token is of: at most two requests. Of a store that cannot be read only the owner of the token is known. */
  identity(information: TokenInformation, requestStats: RequestStats, signal: AbortSignal): Promise<StoreIdentity>
  /** The remaining pages of a scan. When the iteration ends, every range has had its last page. */
  pages(stream: Stream, scan: Scan, options: PagesOptions): AsyncIterable<Page>
  /** Records that the API counts; null if it cannot count them. */
  count(stream: Stream, since: Instant | null, requestStats: RequestStats, signal: AbortSignal): Promise<number | null>
  /**
   * Whether it is worth a request to count a stream before it is read: so many requests have to be in flight that streams do
   * not fill the rate by their number, so the stream is split at once.
   */
  plansByCount(stream: Stream): boolean
  /** Records that the API counts under these filters; null if it cannot count the stream. */
  countWhere(stream: Stream, filters: Filters, requestStats: RequestStats, signal: AbortSignal): Promise<number | null>
  /** Every page of the list under these filters. */
  listWhere(stream: Stream, filters: Filters, decode: PageDecoder, options: ReadOptions): AsyncIterable<Page>
  /** The current state of one record; null: 404. @param decode for a body with a single record. */
  retrieve(stream: Stream, id: string, decode: PageDecoder, options: ReadOptions): Promise<DecodedPage | null>
  /** When a record was created, as the API says now; null: it serves no such record, or does not say it. */
  createdAt(stream: Stream, id: string, requestStats: RequestStats, signal: AbortSignal): Promise<Instant | null>
  clock(): Instant
  /** Requests that have been sent and not answered, and how long an answer takes. */
  readonly coming: { readonly requests: number; readonly latencyMs: number }
  readonly rate: RateReport
  /** Begins with the rate that an earlier run has learnt, unless the configuration names one. */
  beginRate(perSecond: number): void
}

/** Query parameters. */
export type Filters = Readonly<Record<string, string>>

export interface SourceOptions {
  /** Where the parents of a stream are looked up. */
  readonly streams: readonly Stream[]
  readonly sleep: Sleep
}

/** Milliseconds between two checks whether the rate limit has room for another reader. */
const ROOM_CHECK_MS = 100

/** One scope under two names [inferred]. */
const STORE_SCOPES = ['store_info', 'read_store']

/** Where the API shows the store: the same object under both versions [documented], and a token may be refused either. */
const STORE: readonly { readonly path: string; readonly member: string; readonly version: ApiVersion }[] = [
  { path: '/store', member: 'store', version: '2021-11' },
  { path: '/shop', member: 'shop', version: '2021-01' },
]

export function createSource(api: ApiClient, { streams, sleep }: SourceOptions): Source {
  const readers = createReaders(api)
  const countWhere: Source['countWhere'] = async ({ count }, filters, requestStats, signal) => {
    if (!count) return null
    const url = api.urlOf(count.path)
    for (const [name, value] of Object.entries(filters)) url.searchParams.set(name, value)
    const body = await readMembers(api, { url: () => url, version: '2021-01' }, 'count', requestStats, signal)
    return typeof body.count === 'number' ? body.count : null
  }
  const pause = (signal: AbortSignal): Promise<void> => sleep(ROOM_CHECK_MS, signal)
  return {
    get rate() {
      const { tier, from } = api.rateLimit
      return { bucket: tier.bucket, per_second: Math.round(100 * tier.perSecond) / 100, from }
    },
    get coming() {
      return { requests: api.rateLimit.inFlight, latencyMs: api.latencyMs() }
    },
    beginRate: perSecond => api.rateLimit.begin(perSecond),
    clock: api.clock,

    async token(requestStats, signal) {
      const url = api.urlOf(TOKEN_PATH)
      const body = await readMembers(api, { url: () => url, version: '2021-11' }, null, requestStats, signal)
      const { scopes, name, client } = membersOf(body.token_information ?? body)
      const owner = membersOf(client)
      const named = Array.isArray(scopes) ? scopes.filter(scope => typeof scope === 'string') : null
      return {
        name: textOf(name),
        scopes: named,
        unknownScopes: unknownScopes(named ?? [], streams),
        client: { name: textOf(owner.name), email: textOf(owner.contact_email ?? owner.email) },
      }
    },

    async identity({ client, scopes }, requestStats, signal) {
      for (const { path, member, version } of readableBy({ scopes })(STORE_SCOPES) ? STORE : []) {
        const url = api.urlOf(path)
        try {
          const body = await readMembers(api, { url: () => url, version }, member, requestStats, signal)
          const { id, name } = membersOf(body[member])
          if (id !== null && id !== undefined)
            return { id: typeof id === 'string' ? id : JSON.stringify(id), name: textOf(name) ?? client.name, client }
        } catch (error) {
          // Not every token may read the store, and a store may lack one of the two: the owner of the token is known in any case.
          if (!(error instanceof SyncError) || error.reaction === 'stop') throw error
        }
      }
      return { id: null, name: client.name, client }
    },

    pages(stream, scan, { readable, decoderOf, expected, newestFirst, ...options }) {
      const context: ReadContext = { api, stream, decode: decoderOf(stream), ...options }
      return stream.sync.mode === 'incremental' && stream.sync.sorted
        ? parallelScan(context, scan, { readers, expected, newestFirst, pause })
        : fullScan(context, scan, { streams, readable, decoderOf, readers })
    },

    async count(stream, since, requestStats, signal) {
      if (!stream.count || (since !== null && !stream.count.ranges)) return null
      const from = since !== null && stream.sync.mode === 'incremental' ? { [stream.sync.since]: asFilter(since) } : {}
      return countWhere(stream, from, requestStats, signal)
    },

    plansByCount: ({ sync }) => sync.mode === 'incremental' && sync.sorted && readers.mustSpread,
    countWhere,
    listWhere: (stream, filters, decode, options) => readList({ api, stream, decode, ...options }, filters),
    retrieve: (stream, id, decode, options) => retrieve({ api, stream, decode, ...options }, id),

    async createdAt({ path, singular, version, columns }, id, requestStats, signal) {
      const url = api.urlOf(`${path}/${encodeURIComponent(id)}`)
      try {
        const body = await readMembers(api, { url: () => url, version }, singular, requestStats, signal)
        const { created_at: at } = membersOf(body[singular])
        return typeof at === 'string' ? parseInstant(at, columns.created_at?.zone ?? 'UTC') : null
      } catch (error) {
        // The token may be refused this path: then another record has to tell.
        if (!(error instanceof SyncError) || error.reaction === 'stop') throw error
        return null
      }
    },
  }
}

const membersOf = (value: unknown): JsonMembers =>
  typeof value === 'object' && value !== null ? (value as JsonMembers) : {}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
