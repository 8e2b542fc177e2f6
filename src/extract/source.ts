import { asFilter } from '../common/instant.ts'
import type { Instant, Page, ReadBody, Traffic, Walk } from '../common/model.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import type { Requests } from './api-client.ts'
import { readList, readWhole } from './full-scan.ts'
import { readSegments } from './parallel-scan.ts'
import type { Tier } from './rate-limit.ts'
import { retrieve } from './retrieve.ts'
import type { Sleep } from './retry.ts'

/** What `GET /token_information` says about the token in use. */
export interface TokenInformation {
  readonly name: string | null
  /** Null when the API does not say: then a 403 is the only answer there is. */
  readonly scopes: readonly string[] | null
}

export interface PagesOptions {
  readonly readable: Readable
  readonly traffic: Traffic
  readonly signal: AbortSignal
  /** Records that the API counts in the window; null: not known, or not yet. */
  readonly expected: () => number | null
  readonly newestFirst: boolean
  /** How pages of a sorted stream are read; absent: all of them as objects. */
  readonly readBody?: ReadBody | null
}

export interface Source {
  /** @throws {SourceError} `unauthorised` when the token is refused. */
  token(traffic: Traffic, signal: AbortSignal): Promise<TokenInformation>
  /** Every page of a walk from where it stands. When they end, every range has had its last. */
  pages(stream: Stream, walk: Walk, options: PagesOptions): AsyncIterable<Page>
  /** Records that the API counts, or null where it cannot. */
  count(stream: Stream, since: Instant | null, traffic: Traffic, signal: AbortSignal): Promise<number | null>
  /** Records that the API counts under these filters; null where it counts none of the stream. */
  countWhere(stream: Stream, filters: Filters, traffic: Traffic, signal: AbortSignal): Promise<number | null>
  /** Every page of the list under these filters. */
  listWhere(stream: Stream, filters: Filters, traffic: Traffic, signal: AbortSignal): AsyncIterable<Page>
  /** One record by its id, as it stands now; null: 404. */
  retrieve(stream: Stream, id: string, traffic: Traffic, signal: AbortSignal): Promise<unknown>
  clock(): Instant
  readonly tier: Tier
}

/** Query parameters. */
export type Filters = Readonly<Record<string, string>>

export interface SourceOptions {
  /** Where the parents of a stream are looked up. */
  readonly streams: readonly Stream[]
  /** Segments of one stream read side by side at most. */
  readonly readers: number
  readonly sleep: Sleep
}

/** How often a look is taken at whether the rate limit has room for another reader, in milliseconds. */
const LOOK = 100

export function createSource(requests: Requests, { streams, readers, sleep }: SourceOptions): Source {
  const countWhere: Source['countWhere'] = async ({ count }, filters, traffic, signal) => {
    if (!count) return null
    const url = requests.at(count.path)
    for (const [name, value] of Object.entries(filters)) url.searchParams.set(name, value)
    const { body } = await requests.send({ url: () => url, version: '2021-01', list: 'count' }, traffic, signal)
    return typeof body.count === 'number' ? body.count : null
  }
  const pause = (signal: AbortSignal): Promise<void> => sleep(LOOK, signal)
  return {
    get tier() {
      return requests.throttle.tier
    },
    clock: requests.clock,

    async token(traffic, signal) {
      const url = requests.at('/token_information')
      const { body } = await requests.send({ url: () => url, version: '2021-11', list: null }, traffic, signal)
      const inner = (body.token_information ?? body) as Record<string, unknown>
      const { scopes, name } = inner
      return {
        name: typeof name === 'string' ? name : null,
        scopes: Array.isArray(scopes) ? scopes.filter(scope => typeof scope === 'string') : null,
      }
    },

    pages(stream, walk, { readable, traffic, signal, expected, newestFirst, readBody }) {
      const reading = { requests, stream, traffic, signal }
      return stream.sync.mode === 'incremental' && stream.sync.sorted
        ? readSegments({ ...reading, readBody: readBody ?? null }, walk, { readers, expected, newestFirst, pause })
        : readWhole(reading, walk, streams, readable)
    },

    async count(stream, since, traffic, signal) {
      if (!stream.count || (since !== null && !stream.count.ranges)) return null
      const from = since !== null && stream.sync.mode === 'incremental' ? { [stream.sync.since]: asFilter(since) } : {}
      return countWhere(stream, from, traffic, signal)
    },

    countWhere,
    listWhere: (stream, filters, traffic, signal) => readList({ requests, stream, traffic, signal }, filters),
    retrieve: (stream, id, traffic, signal) => retrieve({ requests, stream, traffic, signal }, id),
  }
}
