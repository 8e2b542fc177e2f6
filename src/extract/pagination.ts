import { ContractError, SourceError } from '../common/errors.ts'
import { asFilter } from '../common/instant.ts'
import type { DecodedPage, Instant, PageDecoder, RequestStats, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ApiClient, ApiRequest } from './api-client.ts'
import { hasRecord, lastSignature, refuseWrongPage, signature } from './page-check.ts'
import { readBody } from './read-body.ts'
import type { Failed } from './retry.ts'

/** One request sequence: a path, and what the first request says. */
export interface Sequence {
  readonly path: string
  /** Read when the first request leaves, not before: a range may have been cut meanwhile. */
  readonly parameters: () => Readonly<Record<string, string>>
  /** Where an earlier scan had come to; null: the first request. */
  readonly resume: string | null
  /** Outside of which no record may lie; null: anything goes. */
  readonly bounds: Window | null
  /** Id of the parent record whose list this is; null: the list is nobody's. */
  readonly owner: string | null
}

/** One page of a sequence. */
export interface Listing {
  readonly decoded: DecodedPage
  readonly receivedAt: Instant
  readonly last: boolean
  /** Takes the place of `Sequence.resume`; null: this page can only be come to from the first request. */
  readonly resume: string | null
}

/** What a scan needs for every request. */
export interface Reading {
  readonly api: ApiClient
  readonly stream: Stream
  readonly decode: PageDecoder
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
}

/** Largest page [documented], and what to fall back to when answers break off or time out [client]. */
const LIMITS = [250, 100, 50] as const
export const PAGE_SIZE = LIMITS[0]
/** Page numbers end here [documented]. */
const LAST_PAGE = 100
const MOST_EMPTY_PAGES = 50

/** How the API answers a cursor that it no longer takes is not known, so any lasting refusal may be that [unknown]. */
export const isDeadCursor = (error: unknown): error is SourceError =>
  error instanceof SourceError && ['refused', 'missing', 'unavailable'].includes(error.kind)

interface State {
  /** Goes down for good once smaller pages were needed. */
  rung: number
  /** The same records twice in a row are no progress. */
  previous: string
  empty: number
  /** Records read so far. */
  records: number
}

/** Pages from the first request to the end of the data; never past it, and never short of it. */
export async function* paginate(reading: Reading, given: Sequence): AsyncGenerator<Listing> {
  const { api, stream } = reading
  const state: State = { rung: 0, previous: '', empty: 0, records: 0 }
  const paged = stream.pagination === 'pages'
  let page: number | null = null
  let since: string | null = null
  let known = ''
  let before = ''
  // Page numbers count in one list: that of the first request, whatever is cut meanwhile.
  let frozen: Readonly<Record<string, string>> | null = null
  const sequence: Sequence = {
    ...given,
    parameters: () => {
      frozen ??= given.parameters()
      return frozen
    },
  }
  let next =
    sequence.resume === null ? first(reading, sequence, state, {}) : follow(reading, sequence, sequence.resume, state)
  for (;;) {
    const { decoded, headers } = await read(reading, sequence, next, state)
    // Both bounds of a filter are inclusive, so what it was taken from has to come again.
    if (known !== '' && !hasRecord(decoded, known))
      throw standstill(stream, `a scan restarted at ${since} begins later than asked for`)
    known = ''
    if (page !== null) await refuseShifted(reading, sequence, state, before, page, sinceFilter(stream, since))
    before = signature(decoded)
    state.previous = before
    state.records += decoded.keys.length
    const pointer = paged ? pointerOf(stream, decoded, headers) : null
    const full = paged && decoded.keys.length >= (LIMITS[state.rung] ?? PAGE_SIZE)
    yield { decoded, receivedAt: api.clock(), last: pointer === null && !full, resume: pointer }
    if (pointer !== null) {
      state.empty = decoded.keys.length === 0 ? state.empty + 1 : 0
      if (state.empty > MOST_EMPTY_PAGES) throw standstill(stream, `${MOST_EMPTY_PAGES} pages in a row were empty`)
      next = follow(reading, sequence, pointer, state)
      continue
    }
    if (!full) return
    // No pointer beside a full page is not the end [documented for charges on 2021-01, possible anywhere].
    const newest = page === null ? newestFilter(stream, decoded) : null
    if (newest !== null && newest !== since) {
      since = newest
      known = lastSignature(decoded)
      state.previous = ''
    } else page = (page ?? 1) + 1
    if (page !== null && page > LAST_PAGE) throw standstill(stream, `page ${LAST_PAGE} is full and the last one served`)
    next = first(reading, sequence, state, {
      ...sinceFilter(stream, since),
      ...(page === null ? {} : { page: String(page) }),
    })
  }
}

/** One page, and the headers that it came with. */
async function read(
  { api, stream, decode, requestStats, signal }: Reading,
  { bounds, owner }: Sequence,
  request: ApiRequest,
  { previous, records }: Pick<State, 'previous' | 'records'>,
): Promise<{ readonly decoded: DecodedPage; readonly headers: Headers }> {
  const own = owner === null ? undefined : { id: owner, position: records }
  const decodeRight = async (body: Buffer): Promise<DecodedPage> => {
    const decoded = await decode(body, own)
    refuseWrongPage(decoded, stream, previous, bounds)
    return decoded
  }
  const { answer, decoded } = await readBody(api, request, decodeRight, requestStats, signal)
  return { decoded, headers: answer.headers }
}

/** A request that says everything: filters, order, size. */
function first({ api, stream }: Reading, sequence: Sequence, state: State, more: Record<string, string>): ApiRequest {
  return {
    version: stream.version,
    url: failed => {
      const url = api.at(sequence.path)
      const order = stream.sort === null ? {} : { sort_by: stream.sort }
      const all = { ...stream.parameters, ...order, ...sequence.parameters(), ...more }
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
      // An offset counts in pages of one size: page numbers keep the size they began with.
      if (stream.pagination === 'pages') setLimit(url, state, 'page' in more ? null : failed)
      return url
    },
  }
}

/** The second request and all after it. Beside a cursor only `limit` may be sent: anything else is a 422 [documented]. */
function follow({ api, stream }: Reading, sequence: Sequence, pointer: string, state: State): ApiRequest {
  return {
    version: stream.version,
    url: failed => {
      if (stream.version === '2021-01') {
        // The URL as it is, but only ever to the host that the token belongs to.
        const { pathname, search } = new URL(pointer, api.at('/'))
        return new URL(pathname + search, api.at('/'))
      }
      const url = api.at(sequence.path)
      url.searchParams.set('cursor', pointer)
      setLimit(url, state, failed)
      return url
    },
  }
}

/** After every second answer that broke off, the next is asked for smaller. */
function setLimit(url: URL, state: State, failed: Failed | null): void {
  if (failed && failed.tooLarge > 0 && failed.tooLarge % 2 === 0)
    state.rung = Math.min(state.rung + 1, LIMITS.length - 1)
  url.searchParams.set('limit', String(LIMITS[state.rung]))
}

const sinceFilter = ({ sync }: Stream, since: string | null): Record<string, string> =>
  since !== null && sync.mode === 'incremental' ? { [sync.since]: since } : {}

/**
 * Page numbers are offsets: a record that comes or goes between two api shifts all that follow, and one is served
 * twice or never. So the page before is asked for once more, and has to be what it was.
 */
async function refuseShifted(
  reading: Reading,
  sequence: Sequence,
  state: State,
  before: string,
  page: number,
  since: Record<string, string>,
): Promise<void> {
  const { stream } = reading
  const request = first(reading, sequence, state, { ...since, ...(page > 2 ? { page: String(page - 1) } : {}) })
  const { decoded } = await read(reading, sequence, request, { previous: '', records: 0 })
  if (signature(decoded) !== before) throw standstill(stream, `page ${page - 1} changed while page ${page} was read`)
}

/** Cursor in the body, in either spelling seen, or the URL of a Link header. */
function pointerOf(stream: Stream, { next }: DecodedPage, headers: Headers): string | null {
  if (stream.version === '2021-11') return typeof next === 'string' && next !== '' ? next : null
  const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')
  return link?.[1] ?? null
}

/** The cursor of the last record in the form of a filter, where the stream's order makes it the newest. */
function newestFilter({ sync }: Stream, { cursors }: DecodedPage): string | null {
  if (sync.mode === 'full' || !sync.sorted) return null
  const newest = cursors.at(-1) ?? null
  return newest === null ? null : asFilter(newest)
}

function standstill(stream: Stream, why: string): ContractError {
  return new ContractError(
    'stream_contract',
    `${stream.name} cannot be read to its end: ${why}`,
    'What was read is loaded and the checkpoint did not pass it. Run again; if it stays, please report it.',
  )
}
