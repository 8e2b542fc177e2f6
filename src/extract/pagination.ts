import { ContractError, SourceError } from '../common/errors.ts'
import { asFilter } from '../common/instant.ts'
import type { DecodedPage, Instant, PageDecoder, RequestStats, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ApiClient, ApiRequest } from './api-client.ts'
import { createLoopCheck, type LoopCheck } from './loop-check.ts'
import { LARGEST, LAST_PAGE, type NumberedPage } from './numbered-page.ts'
import { hasRecord, lastSignature, type OtherLists, refuseWrongPage, signature } from './page-check.ts'
import { createPageNumbers } from './page-numbers.ts'
import { readBody } from './read-body.ts'
import { type Failures, NO_FAILURES } from './retry.ts'

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
  /** The other lists of the scan. Absent: it is the only one. */
  readonly others?: OtherLists
  /** The page of the list to begin with; null or absent: the first one. */
  readonly start?: NumberedPage | null
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
  /** Resolves when another page may be requested. Absent: at any time. */
  readonly ready?: (signal: AbortSignal) => Promise<void>
}

/** Page sizes: the largest [documented], and smaller ones for when bodies break off or time out [client]. */
const PAGE_SIZES = [LARGEST, 100, 50] as const
export const PAGE_SIZE = PAGE_SIZES[0]
const MAX_EMPTY_PAGES = 50

/** How the API refuses an expired cursor is not known, so any lasting refusal may be that [unknown]. */
export const isDeadCursor = (error: unknown): error is SourceError =>
  error instanceof SourceError && ['refused', 'unprocessable', 'missing', 'unavailable'].includes(error.kind)

/** The API does not accept the request as it is. */
const isRefused = (error: unknown): boolean =>
  error instanceof SourceError && (error.kind === 'refused' || error.kind === 'unprocessable')

interface State {
  /** Index into the page sizes. Once smaller pages were needed, they stay small. */
  sizeIndex: number
  /** Signature of the previous page: to detect a response that repeats it. */
  previous: string
  /** Empty pages in a row. */
  empty: number
  /** Records read so far. */
  records: number
  /** Records of a full page: those of the last page with a pointer, which may be fewer than requested. Null: not known. */
  fullSize: number | null
  /** The API has given a pointer in this list. */
  pointed: boolean
}

/** A page, and the request that it came for. */
interface PassedPage {
  readonly decoded: DecodedPage
  readonly request: PageRequest
}

/** A request for a page. */
interface PageRequest extends ApiRequest {
  /** The `limit` that it sends in any case; null: that of the state. */
  readonly limit: number | null
}

/**
 * Pages from the first request to the end of the data. A parameter that the API may refuse is left out if it does: before
 * the first page, an answer like 422 can only mean the request itself. A list that is resumed goes on with its pointer.
 * @throws {ContractError} `stream_contract` if the API gives no way to its end.
 */
export async function* paginate(context: ReadContext, given: Sequence): AsyncGenerator<ListPage> {
  const { tried } = context.stream
  if (Object.keys(tried).length === 0) return yield* paginateWith(context, given, {})
  let pages = 0
  try {
    for await (const page of paginateWith(context, given, tried)) {
      pages += 1
      yield page
    }
  } catch (error) {
    if (!isRefused(error) || pages > 0 || given.resume !== null) throw error
    yield* paginateWith(context, given, {})
  }
}

/**
 * Pages from the first request to the end of the data. The end is believed only with a proof: a page with fewer records than
 * a full one that says there is no next page. Some APIs give no pointer with a full last page, and some give none with a
 * full page in the middle. So such a page is requested again with one record less: it then has a pointer, to the last record
 * and what follows. If it has none, the list goes on from the time of its last record, else by page numbers. A pointer to an
 * empty page is no better: the page before it is then treated like one without a pointer, but for the numbers.
 * @throws {SourceError} `unavailable`: nothing follows the pointer of an earlier run.
 * @throws {ContractError} `stream_contract` if the API gives no way to its end.
 */
async function* paginateWith(
  context: ReadContext,
  given: Sequence,
  tried: Readonly<Record<string, string>>,
): AsyncGenerator<ListPage> {
  const { api, stream } = context
  const state: State = { sizeIndex: 0, previous: '', empty: 0, records: 0, fullSize: null, pointed: false }
  const paged = stream.pagination === 'pages'
  let loop = createLoopCheck()
  const start = given.start ?? null
  let numbers = createPageNumbers(given.resume === null && start === null)
  /** Number of the requested page; null: it is reached by a pointer, or is the first one. */
  let page: number | null = null
  let since: string | null = null
  /** Signature of the record that the list was restarted from. */
  let restartedFrom = ''
  let before = ''
  /** A page without a pointer had none either when it was requested with one record less. */
  let inVain = false
  /** The last page that had records, once it has been passed on with its pointer; null: none has. */
  let passed: PassedPage | null = null
  /** The end was looked for behind a page because its pointer led to an empty one. */
  let wasEmpty = false
  /** Pointer that leads to the requested page; null: only the first request does. */
  let here = given.resume
  // Page numbers count in the list of the first request, even if the range is split meanwhile.
  let frozen: Readonly<Record<string, string>> | null = null
  const sequence: Sequence = {
    ...given,
    parameters: () => {
      frozen ??= { ...tried, ...given.parameters() }
      return frozen
    },
  }
  /** The requested page is the one to begin with, and it was requested by its number. */
  let isNumbered = here === null && start !== null
  let next =
    here !== null
      ? follow(context, sequence, here, state)
      : start === null
        ? first(context, sequence, state, {})
        : first(context, sequence, state, { page: String(start.page) }, start.limit)
  for (;;) {
    const { decoded, headers } = await read(context, sequence, next, state)
    const receivedAt = api.clock()
    const size = decoded.keys.length
    // The bounds of a filter are inclusive, so the record that the filter was taken from must come again.
    if (restartedFrom !== '' && !hasRecord(decoded, restartedFrom))
      throw cannotFinish(stream, `a list restarted at ${since} starts later than requested`)
    restartedFrom = ''
    if (page !== null) {
      if (size > 0 && signature(decoded) === before)
        throw cannotFinish(stream, `page ${page} is page ${page - 1} again`)
      await refuseShifted(context, sequence, state, before, page, next.limit, sinceFilter(stream, since))
    }
    before = signature(decoded)
    state.previous = page === null ? before : ''
    const pointer = stream.pagination === 'single' ? null : pointerOf(stream, decoded, headers)
    const requested = next.limit ?? sizeOf(state)
    if (typeof pointer === 'string') {
      refuseLoop(stream, loop, decoded, pointer)
      state.empty = size === 0 ? state.empty + 1 : 0
      if (state.empty > MAX_EMPTY_PAGES) throw cannotFinish(stream, `${MAX_EMPTY_PAGES} pages in a row were empty`)
      if (size > 0) state.fullSize = size
      if (size > 0) {
        passed = { decoded, request: next }
        wasEmpty = false
      }
      state.pointed = true
      state.records += size
      numbers.add(size)
      yield { decoded, receivedAt, last: false, resume: pointer }
      page = null
      isNumbered = false
      here = pointer
      next = follow(context, sequence, pointer, state)
      continue
    }
    const isEmptyEnd = paged && size === 0 && page === null && here !== null
    if (isEmptyEnd && passed === null) throw nothingFollows(stream)
    if (isEmptyEnd && wasEmpty) throw cannotFinish(stream, 'the page that should have its last record is empty')
    wasEmpty = isEmptyEnd
    const full = isEmptyEnd || (paged && size >= Math.min(requested, state.fullSize ?? requested))
    // The last page may have no member for the pointer [documented]. Without any pointer so far, the API may have renamed it.
    const unsaid = paged && page === null && pointer === undefined && size > 0 && !state.pointed
    if (!full && !unsaid) {
      yield { decoded, receivedAt, last: true, resume: null }
      return
    }
    /** The page behind which the end is looked for. */
    const end: PassedPage = isEmptyEnd && passed !== null ? passed : { decoded, request: next }
    const records = isEmptyEnd ? state.records - end.decoded.keys.length : state.records
    // With another size, a page of the same number lies elsewhere.
    const shorter =
      page === null && !inVain && !isNumbered ? await readShorter(context, sequence, { ...state, records }, end) : null
    if (shorter !== null) {
      // Back to a page that has been read: no loop.
      if (isEmptyEnd) loop = createLoopCheck()
      refuseLoop(stream, loop, shorter.decoded, shorter.pointer)
      if (startsWith(end.decoded, shorter.decoded)) yield { decoded, receivedAt, last: false, resume: shorter.pointer }
      else {
        // Records moved between the two requests. The pointer belongs to the second one.
        yield { decoded, receivedAt, last: false, resume: here }
        yield { decoded: shorter.decoded, receivedAt: api.clock(), last: false, resume: shorter.pointer }
      }
      state.previous = signature(shorter.decoded)
      state.records = records + shorter.decoded.keys.length
      state.fullSize = end.decoded.keys.length
      passed = { decoded: shorter.decoded, request: end.request }
      state.pointed = true
      numbers = createPageNumbers(false)
      here = shorter.pointer
      next = follow(context, sequence, here, state)
      continue
    }
    inVain = !isNumbered
    // A full page without a pointer is not the end [documented for charges on 2021-01, possible anywhere].
    const newest = (full || isNumbered) && page === null ? newestFilter(stream, end.decoded) : null
    isNumbered = false
    if (newest !== null && (since === null || newest > since)) {
      yield { decoded, receivedAt, last: false, resume: null }
      since = newest
      restartedFrom = lastSignature(end.decoded)
      state.previous = ''
      state.records += size
      state.fullSize = null
      loop = createLoopCheck()
      numbers = createPageNumbers(true)
      here = null
      next = first(context, sequence, state, sinceFilter(stream, since))
      continue
    }
    if (isEmptyEnd)
      throw cannotFinish(stream, 'a pointer leads to an empty page, and the page before it shows no end either')
    yield { decoded, receivedAt, last: false, resume: null }
    state.previous = ''
    state.records += size
    numbers.add(size)
    const numbered = numbers.next()
    if (numbered === null)
      throw cannotFinish(stream, 'a page has no pointer to the next one, and the number of that page is not known')
    if (numbered.page > LAST_PAGE)
      throw cannotFinish(stream, `page ${LAST_PAGE} is full, and the API serves none after it`)
    page = numbered.page
    next = first(context, sequence, state, { ...sinceFilter(stream, since), page: String(page) }, numbered.limit)
  }
}

/**
 * The page once more, with one record less, if it then has a pointer; null: it has none either.
 */
async function readShorter(
  context: ReadContext,
  sequence: Sequence,
  state: State,
  { decoded: { keys }, request }: PassedPage,
): Promise<{ readonly decoded: DecodedPage; readonly pointer: string } | null> {
  const size = keys.length
  if (size < 2) return null
  const url: PageRequest['url'] = failures => {
    const shorter = request.url(failures)
    setLimit(shorter, Math.min(size - 1, sizeOf(state)))
    return shorter
  }
  try {
    const { decoded, headers } = await read(context, sequence, { ...request, url }, { ...state, previous: '' })
    const pointer = pointerOf(context.stream, decoded, headers)
    return typeof pointer === 'string' && decoded.keys.length > 0 ? { decoded, pointer } : null
  } catch (error) {
    // Whether the URL of a Link header may have another limit is not known [unknown].
    if (isRefused(error)) return null
    throw error
  }
}

/** Whether the page begins with the records of the other. */
const startsWith = (page: DecodedPage, { keys, cursors }: DecodedPage): boolean =>
  keys.every((key, i) => page.keys[i] === key && page.cursors[i] === cursors[i])

/** One page, and the headers of its response. */
async function read(
  { api, stream, decode, requestStats, signal, ready }: ReadContext,
  { bounds, owner, others }: Sequence,
  request: ApiRequest,
  { previous, records }: Pick<State, 'previous' | 'records'>,
): Promise<{ readonly decoded: DecodedPage; readonly headers: Headers }> {
  const own = owner === null ? undefined : { id: owner, position: records }
  const decodeAndCheck = async (body: Buffer): Promise<DecodedPage> => {
    const decoded = await decode(body, own)
    refuseWrongPage(decoded, stream, previous, bounds, others)
    return decoded
  }
  await ready?.(signal)
  const { answer, decoded } = await readBody(api, request, decodeAndCheck, requestStats, signal)
  return { decoded, headers: answer.headers }
}

/** The first request of a list: filters, order and page size. */
function first(
  { api, stream }: ReadContext,
  sequence: Sequence,
  state: State,
  more: Record<string, string>,
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
      if (stream.pagination === 'pages') setLimit(url, limit ?? sizeOf(state, failures))
      return url
    },
  }
}

/** A request for a next page. Beside a cursor only `limit` may be sent: anything else is a 422 [documented]. */
function follow({ api, stream }: ReadContext, sequence: Sequence, pointer: string, state: State): PageRequest {
  return {
    version: stream.version,
    limit: null,
    url: failures => {
      if (stream.version === '2021-01') {
        // The link's path and query, but always on the API's own host: the token must not go elsewhere.
        const { pathname, search } = new URL(pointer, api.urlOf('/'))
        const url = new URL(pathname + search, api.urlOf('/'))
        // It is followed as it is, unless a smaller page is needed.
        const size = sizeOf(state, failures)
        if (size < PAGE_SIZE) setLimit(url, size)
        return url
      }
      const url = api.urlOf(sequence.path)
      url.searchParams.set('cursor', pointer)
      setLimit(url, sizeOf(state, failures))
      return url
    },
  }
}

/** Records to request. After every second failure that a smaller page may avoid, the next page is requested smaller. */
function sizeOf(state: State, failures: Failures = NO_FAILURES): number {
  if (failures.tooLarge > 0 && failures.tooLarge % 2 === 0)
    state.sizeIndex = Math.min(state.sizeIndex + 1, PAGE_SIZES.length - 1)
  return PAGE_SIZES[state.sizeIndex] ?? PAGE_SIZE
}

const setLimit = (url: URL, size: number): void => url.searchParams.set('limit', String(size))

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
  limit: number | null,
  since: Record<string, string>,
): Promise<void> {
  const { stream } = context
  const request = first(context, sequence, state, { ...since, ...(page > 2 ? { page: String(page - 1) } : {}) }, limit)
  const { decoded } = await read(context, sequence, request, { previous: '', records: 0 })
  if (signature(decoded) !== before) throw cannotFinish(stream, `page ${page - 1} changed while page ${page} was read`)
}

/**
 * The cursor in the body, or on 2021-01 the URL of the Link header. Null: the API says that there is no next page.
 * Undefined: the body has no member that would say so.
 * @throws {ContractError} `stream_contract` if the cursor is neither text nor null.
 */
function pointerOf(stream: Stream, { next }: DecodedPage, headers: Headers): string | null | undefined {
  if (stream.version === '2021-11') {
    if (next === undefined || next === null) return next
    if (typeof next === 'string') return next === '' ? null : next
    throw cannotFinish(stream, 'the pointer to the next page is neither text nor null')
  }
  const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')
  return link?.[1] ?? null
}

/** A filter from the last record on; null if the stream is not sorted by the filtered field. */
function newestFilter({ sync }: Stream, { cursors }: DecodedPage): string | null {
  if (sync.mode === 'full' || !sync.sorted) return null
  const newest = cursors.at(-1) ?? null
  return newest === null ? null : asFilter(newest)
}

/** @throws {ContractError} `stream_contract` */
function refuseLoop(stream: Stream, loop: LoopCheck, page: DecodedPage, pointer: string): void {
  const why = loop.add(page, pointer)
  if (why !== null) throw cannotFinish(stream, why)
}

/** The saved pointer promised a page. What it led to may have moved since, or the pointer may be dead. */
const nothingFollows = ({ path }: Stream): SourceError =>
  new SourceError('unavailable', `${path}: nothing follows a saved pointer`, {
    next: 'Recharge does not answer as it should; run again later, nothing is lost.',
  })

function cannotFinish(stream: Stream, why: string): ContractError {
  return new ContractError(
    'stream_contract',
    `${stream.name} cannot be read to its end: ${why}`,
    'The records read so far are loaded, and the checkpoint is not past them. Run again; if this persists, please report it.',
  )
}
