import { ContractError, SourceError } from '../common/errors.ts'
import { asFilter } from '../common/instant.ts'
import type { DecodedPage, Instant, PageDecoder, RequestStats, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ApiClient, ApiRequest } from './api-client.ts'
import { hasRecord, lastSignature, refuseWrongPage, signature } from './page-check.ts'
import { readBody } from './read-body.ts'
import type { Failures } from './retry.ts'

/** One list: its path, and the parameters of its first request. */
export interface Sequence {
  readonly path: string
  /** Called when the first request is sent, not before: the range may have been split meanwhile. */
  readonly parameters: () => Readonly<Record<string, string>>
  /** The pointer of the last page of an earlier run; null: the first request. */
  readonly resume: string | null
  /** No record may lie outside of these bounds; null: there are none. */
  readonly bounds: Window | null
  /** Id of the parent record whose list this is; null: it has no parent. */
  readonly owner: string | null
}

/** One page of a list. */
export interface ListPage {
  readonly decoded: DecodedPage
  readonly receivedAt: Instant
  readonly last: boolean
  /** Pointer to the next page, for `Sequence.resume`; null: only the first request leads there. */
  readonly resume: string | null
}

/** What every request of a scan needs. */
export interface ReadContext {
  readonly api: ApiClient
  readonly stream: Stream
  readonly decode: PageDecoder
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
}

/** Page sizes: the largest [documented], and smaller ones for when bodies break off or time out [client]. */
const PAGE_SIZES = [250, 100, 50] as const
export const PAGE_SIZE = PAGE_SIZES[0]
/** Page numbers end here [documented]. */
const LAST_PAGE = 100
const MAX_EMPTY_PAGES = 50

/** How the API refuses an expired cursor is not known, so any lasting refusal may be that [unknown]. */
export const isDeadCursor = (error: unknown): error is SourceError =>
  error instanceof SourceError && ['refused', 'missing', 'unavailable'].includes(error.kind)

interface State {
  /** Index into the page sizes. Once smaller pages were needed, they stay small. */
  sizeIndex: number
  /** Signature of the previous page: to detect a response that repeats it. */
  previous: string
  /** Empty pages in a row. */
  empty: number
  /** Records read so far. */
  records: number
}

/**
 * Pages from the first request to the end of the data.
 * @throws {ContractError} `stream_contract` if the API gives no way to its end.
 */
export async function* paginate(context: ReadContext, given: Sequence): AsyncGenerator<ListPage> {
  const { api, stream } = context
  const state: State = { sizeIndex: 0, previous: '', empty: 0, records: 0 }
  const paged = stream.pagination === 'pages'
  let page: number | null = null
  let since: string | null = null
  /** Signature of the record that the list was restarted from. */
  let restartedFrom = ''
  let before = ''
  // Page numbers count in the list of the first request, even if the range is split meanwhile.
  let frozen: Readonly<Record<string, string>> | null = null
  const sequence: Sequence = {
    ...given,
    parameters: () => {
      frozen ??= given.parameters()
      return frozen
    },
  }
  let next =
    sequence.resume === null ? first(context, sequence, state, {}) : follow(context, sequence, sequence.resume, state)
  for (;;) {
    const { decoded, headers } = await read(context, sequence, next, state)
    // The bounds of a filter are inclusive, so the record that the filter was taken from must come again.
    if (restartedFrom !== '' && !hasRecord(decoded, restartedFrom))
      throw cannotFinish(stream, `a list restarted at ${since} starts later than requested`)
    restartedFrom = ''
    if (page !== null) await refuseShifted(context, sequence, state, before, page, sinceFilter(stream, since))
    before = signature(decoded)
    state.previous = before
    state.records += decoded.keys.length
    const pointer = paged ? pointerOf(stream, decoded, headers) : null
    const full = paged && decoded.keys.length >= (PAGE_SIZES[state.sizeIndex] ?? PAGE_SIZE)
    yield { decoded, receivedAt: api.clock(), last: pointer === null && !full, resume: pointer }
    if (pointer !== null) {
      state.empty = decoded.keys.length === 0 ? state.empty + 1 : 0
      if (state.empty > MAX_EMPTY_PAGES) throw cannotFinish(stream, `${MAX_EMPTY_PAGES} pages in a row were empty`)
      next = follow(context, sequence, pointer, state)
      continue
    }
    if (!full) return
    // A full page without a pointer is not the end [documented for charges on 2021-01, possible anywhere].
    const newest = page === null ? newestFilter(stream, decoded) : null
    if (newest !== null && newest !== since) {
      since = newest
      restartedFrom = lastSignature(decoded)
      state.previous = ''
    } else page = (page ?? 1) + 1
    if (page !== null && page > LAST_PAGE)
      throw cannotFinish(stream, `page ${LAST_PAGE} is full, and the API serves none after it`)
    next = first(context, sequence, state, {
      ...sinceFilter(stream, since),
      ...(page === null ? {} : { page: String(page) }),
    })
  }
}

/** One page, and the headers of its response. */
async function read(
  { api, stream, decode, requestStats, signal }: ReadContext,
  { bounds, owner }: Sequence,
  request: ApiRequest,
  { previous, records }: Pick<State, 'previous' | 'records'>,
): Promise<{ readonly decoded: DecodedPage; readonly headers: Headers }> {
  const own = owner === null ? undefined : { id: owner, position: records }
  const decodeAndCheck = async (body: Buffer): Promise<DecodedPage> => {
    const decoded = await decode(body, own)
    refuseWrongPage(decoded, stream, previous, bounds)
    return decoded
  }
  const { answer, decoded } = await readBody(api, request, decodeAndCheck, requestStats, signal)
  return { decoded, headers: answer.headers }
}

/** The first request of a list: filters, order and page size. */
function first(
  { api, stream }: ReadContext,
  sequence: Sequence,
  state: State,
  more: Record<string, string>,
): ApiRequest {
  return {
    version: stream.version,
    url: failures => {
      const url = api.urlOf(sequence.path)
      const order = stream.sort === null ? {} : { sort_by: stream.sort }
      const all = { ...stream.parameters, ...order, ...sequence.parameters(), ...more }
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
      // Page numbers count pages of one size, so the size must not change.
      if (stream.pagination === 'pages') setLimit(url, state, 'page' in more ? null : failures)
      return url
    },
  }
}

/** A request for a next page. Beside a cursor only `limit` may be sent: anything else is a 422 [documented]. */
function follow({ api, stream }: ReadContext, sequence: Sequence, pointer: string, state: State): ApiRequest {
  return {
    version: stream.version,
    url: failures => {
      if (stream.version === '2021-01') {
        // The link's path and query, but always on the API's own host: the token must not go elsewhere.
        const { pathname, search } = new URL(pointer, api.urlOf('/'))
        return new URL(pathname + search, api.urlOf('/'))
      }
      const url = api.urlOf(sequence.path)
      url.searchParams.set('cursor', pointer)
      setLimit(url, state, failures)
      return url
    },
  }
}

/** After every second failure that a smaller page may avoid, the next page is requested smaller. */
function setLimit(url: URL, state: State, failures: Failures | null): void {
  if (failures && failures.tooLarge > 0 && failures.tooLarge % 2 === 0)
    state.sizeIndex = Math.min(state.sizeIndex + 1, PAGE_SIZES.length - 1)
  url.searchParams.set('limit', String(PAGE_SIZES[state.sizeIndex]))
}

const sinceFilter = ({ sync }: Stream, since: string | null): Record<string, string> =>
  since !== null && sync.mode === 'incremental' ? { [sync.since]: since } : {}

/**
 * Page numbers are offsets. A record that is added or removed between two requests shifts all that follow, so one record
 * comes twice or never. So the previous page is requested once more, and must be the same.
 * @throws {ContractError} `stream_contract`
 */
async function refuseShifted(
  context: ReadContext,
  sequence: Sequence,
  state: State,
  before: string,
  page: number,
  since: Record<string, string>,
): Promise<void> {
  const { stream } = context
  const request = first(context, sequence, state, { ...since, ...(page > 2 ? { page: String(page - 1) } : {}) })
  const { decoded } = await read(context, sequence, request, { previous: '', records: 0 })
  if (signature(decoded) !== before) throw cannotFinish(stream, `page ${page - 1} changed while page ${page} was read`)
}

/** The cursor in the body, or on 2021-01 the URL of the Link header; null: there is none. */
function pointerOf(stream: Stream, { next }: DecodedPage, headers: Headers): string | null {
  if (stream.version === '2021-11') return typeof next === 'string' && next !== '' ? next : null
  const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')
  return link?.[1] ?? null
}

/** A filter from the last record on; null if the stream is not sorted by the filtered field. */
function newestFilter({ sync }: Stream, { cursors }: DecodedPage): string | null {
  if (sync.mode === 'full' || !sync.sorted) return null
  const newest = cursors.at(-1) ?? null
  return newest === null ? null : asFilter(newest)
}

function cannotFinish(stream: Stream, why: string): ContractError {
  return new ContractError(
    'stream_contract',
    `${stream.name} cannot be read to its end: ${why}`,
    'The records read so far are loaded, and the checkpoint is not past them. Run again; if this persists, please report it.',
  )
}
