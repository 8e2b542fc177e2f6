import { ContractError, SourceError } from '../common/errors.ts'
import type { DecodedPage, Instant } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ListPage, ReadContext, Sequence } from './list.ts'
import {
  createPageSize,
  firstRequest,
  newestFilter,
  nextRequest,
  type PageRequest,
  shorterRequest,
  sinceParameter,
} from './list-request.ts'
import { createLoopCheck } from './loop-check.ts'
import { LAST_PAGE } from './numbered-page.ts'
import { hasRecord, lastSignature, refuseWrongPage, signature } from './page-check.ts'
import { createPageNumbers } from './page-numbers.ts'
import { readBody } from './read-body.ts'

const MAX_EMPTY_PAGES = 50

/** A page, and the request that it came for. */
interface Arrived {
  readonly request: PageRequest
  readonly decoded: DecodedPage
  readonly receivedAt: Instant
  /** The pointer to the next page. Null: the API says that there is none. Undefined: it says nothing. */
  readonly pointer: string | null | undefined
}

/** A page behind which the end of the list is looked for. */
interface Doubted extends Arrived {
  /** The page with the last records so far: this one, or, where a pointer led to an empty page, the one before it. */
  readonly end: Pick<Arrived, 'request' | 'decoded'>
  /** Records of the list before that page. */
  readonly before: number
  /** It is full, so it is not the end by itself. */
  readonly full: boolean
}

/**
 * Walks through one list, from its first request or a saved pointer to the end of the data. The end is believed only with a
 * proof: a page with fewer records than a full one that says there is no next page. Some APIs give no pointer with a full last
 * page, and some give none with a full page in the middle. So behind such a page the list goes on in one of three ways, tried in
 * this order: with the pointer that the page has when it is requested with one record less, from the time of its last record,
 * or by page numbers. A pointer to an empty page is no better than none: the page before it is then looked at, but for the numbers.
 */
export class ListWalk {
  readonly #context: ReadContext
  readonly #sequence: Sequence
  readonly #size = createPageSize()
  #request: PageRequest
  /** Pointer that leads to the requested page; null: only the first request does. */
  #here: string | null
  /** Number of the requested page; null: it is reached by a pointer, or is the first one. */
  #page: number | null = null
  /** The requested page is the one to begin with, and is requested by its number. */
  #isNumbered: boolean
  /** The time from which the list was requested anew; null: it was not. */
  #since: string | null = null
  /** Signature of the record that the list was requested anew from, which has to come again; empty: none has to. */
  #restartedFrom = ''
  /** Signature of the page before. */
  #before = ''
  /** The same, if a response may not repeat it. */
  #previous = ''
  /** The last page with records that was passed on with its pointer; null: none was. */
  #passed: Pick<Arrived, 'request' | 'decoded'> | null = null
  /** Empty pages in a row. */
  #empty = 0
  /** Records read so far. */
  #records = 0
  /** Records of a full page: those of the last page with a pointer, which may be fewer than requested. Null: not known. */
  #fullSize: number | null = null
  /** The API has given a pointer in this list. */
  #pointed = false
  /** The end was looked for behind a page because its pointer led to an empty one. */
  #wasEmpty = false
  /** A page without a pointer had none either when it was requested with one record less. */
  #inVain = false
  #loop = createLoopCheck()
  #numbers: ReturnType<typeof createPageNumbers>

  /** @param tried parameters that the API may refuse. */
  constructor(context: ReadContext, given: Sequence, tried: Readonly<Record<string, string>>) {
    const { resume, start = null } = given
    // Page numbers count in the list of the first request, even if the range is split meanwhile.
    let frozen: Readonly<Record<string, string>> | null = null
    this.#context = context
    this.#sequence = {
      ...given,
      parameters: () => {
        frozen ??= { ...tried, ...given.parameters() }
        return frozen
      },
    }
    this.#here = resume
    this.#isNumbered = resume === null && start !== null
    this.#numbers = createPageNumbers(resume === null && start === null)
    this.#request =
      resume !== null ? this.#next(resume) : start === null ? this.#first() : this.#numbered(start.page, start.limit)
  }

  /**
   * @throws {SourceError} `unavailable`: nothing follows the pointer of an earlier run.
   * @throws {ContractError} `stream_contract` if the API gives no way to the end of the list.
   */
  async *pages(): AsyncGenerator<ListPage> {
    for (;;) {
      const arrived = await this.#read(this.#request)
      await this.#check(arrived)
      const { decoded, receivedAt, pointer } = arrived
      if (typeof pointer === 'string') {
        this.#follow(arrived, pointer)
        yield { decoded, receivedAt, last: false, resume: pointer }
        continue
      }
      const doubted = this.#doubt(arrived)
      if (doubted === null) {
        yield { decoded, receivedAt, last: true, resume: null }
        return
      }
      yield* (await this.#withOneLess(doubted)) ?? this.#fromNewest(doubted) ?? this.#byNumber(doubted)
    }
  }

  /** A page that comes after a restart, or by its number, has to fit the page before it. */
  async #check({ decoded, request }: Arrived): Promise<void> {
    const page = this.#page
    // The bounds of a filter are inclusive, so the record that the filter was taken from must come again.
    if (this.#restartedFrom !== '' && !hasRecord(decoded, this.#restartedFrom))
      throw this.#cannotFinish(`a list restarted at ${this.#since} starts later than requested`)
    this.#restartedFrom = ''
    if (page !== null) {
      if (decoded.keys.length > 0 && signature(decoded) === this.#before)
        throw this.#cannotFinish(`page ${page} is page ${page - 1} again`)
      await this.#refuseShifted(page, request.limit)
    }
    this.#before = signature(decoded)
    this.#previous = page === null ? this.#before : ''
  }

  /** The page has a pointer, which leads to the next one. */
  #follow({ decoded, request }: Arrived, pointer: string): void {
    const size = decoded.keys.length
    this.#refuseLoop(decoded, pointer)
    this.#empty = size === 0 ? this.#empty + 1 : 0
    if (this.#empty > MAX_EMPTY_PAGES) throw this.#cannotFinish(`${MAX_EMPTY_PAGES} pages in a row were empty`)
    if (size > 0) {
      this.#fullSize = size
      this.#passed = { decoded, request }
      this.#wasEmpty = false
    }
    this.#pointed = true
    this.#records += size
    this.#numbers.add(size)
    this.#page = null
    this.#isNumbered = false
    this.#goTo(pointer)
  }

  /** The page has no pointer. @returns null: it is the end of the list. */
  #doubt(arrived: Arrived): Doubted | null {
    const { decoded, request, pointer } = arrived
    const paged = this.#context.stream.pagination === 'pages'
    const size = decoded.keys.length
    const isEmptyEnd = paged && size === 0 && this.#page === null && this.#here !== null
    if (isEmptyEnd && this.#passed === null) throw nothingFollows(this.#context.stream)
    if (isEmptyEnd && this.#wasEmpty) throw this.#cannotFinish('the page that should have its last record is empty')
    this.#wasEmpty = isEmptyEnd
    const requested = request.limit ?? this.#size.now
    const full = isEmptyEnd || (paged && size >= Math.min(requested, this.#fullSize ?? requested))
    // The last page may have no member for the pointer [documented]. Without any pointer so far, the API may have renamed it.
    const unsaid = paged && this.#page === null && pointer === undefined && size > 0 && !this.#pointed
    if (!full && !unsaid) return null
    const end = isEmptyEnd && this.#passed !== null ? this.#passed : arrived
    return { ...arrived, end, before: this.#records - (isEmptyEnd ? end.decoded.keys.length : 0), full }
  }

  /** The page once more, with one record less. @returns null: it has no pointer then either. */
  async #withOneLess({ decoded, receivedAt, end, before }: Doubted): Promise<readonly ListPage[] | null> {
    // With another size, a page of the same number lies elsewhere.
    if (this.#page !== null || this.#inVain || this.#isNumbered) return null
    const size = end.decoded.keys.length
    const shorter = size < 2 ? null : await this.#readShorter(end.request, size - 1, before)
    this.#inVain = shorter === null
    if (shorter === null) return null
    // Back to a page that has been read: no loop.
    if (this.#wasEmpty) this.#loop = createLoopCheck()
    this.#refuseLoop(shorter.decoded, shorter.pointer)
    this.#context.requestStats.readAgain += shorter.decoded.keys.length
    const pages = startsWith(end.decoded, shorter.decoded)
      ? [{ decoded, receivedAt, last: false, resume: shorter.pointer }]
      : [
          // Records moved between the two requests. The pointer belongs to the second one.
          { decoded, receivedAt, last: false, resume: this.#here },
          { decoded: shorter.decoded, receivedAt: shorter.receivedAt, last: false, resume: shorter.pointer },
        ]
    this.#previous = signature(shorter.decoded)
    this.#records = before + shorter.decoded.keys.length
    this.#pointed = true
    this.#fullSize = size
    this.#passed = { decoded: shorter.decoded, request: end.request }
    this.#numbers = createPageNumbers(false)
    this.#goTo(shorter.pointer)
    return pages
  }

  /**
   * The list from the time of its last record on. A full page without a pointer is not the end [documented for charges on
   * 2021-01, possible anywhere]. @returns null: it was there before, or the list cannot be requested from a time on.
   */
  #fromNewest({ decoded, receivedAt, end, full }: Doubted): readonly ListPage[] | null {
    const { stream } = this.#context
    const newest = (full || this.#isNumbered) && this.#page === null ? newestFilter(stream, end.decoded) : null
    if (newest === null || (this.#since !== null && newest <= this.#since)) return null
    this.#inVain = !this.#isNumbered
    this.#isNumbered = false
    this.#since = newest
    this.#restartedFrom = lastSignature(end.decoded)
    this.#context.requestStats.readAgain += 1
    this.#previous = ''
    this.#records += decoded.keys.length
    this.#fullSize = null
    this.#loop = createLoopCheck()
    this.#numbers = createPageNumbers(true)
    this.#here = null
    this.#request = this.#first(sinceParameter(stream, newest))
    return [{ decoded, receivedAt, last: false, resume: null }]
  }

  /** The page of the next number. @throws {ContractError} `stream_contract`: the number is not known, or is none. */
  #byNumber({ decoded, receivedAt }: Doubted): readonly ListPage[] {
    if (this.#wasEmpty)
      throw this.#cannotFinish('a pointer leads to an empty page, and the page before it shows no end either')
    this.#inVain = !this.#isNumbered
    this.#isNumbered = false
    this.#previous = ''
    this.#records += decoded.keys.length
    this.#numbers.add(decoded.keys.length)
    const next = this.#numbers.next()
    if (next === null)
      throw this.#cannotFinish('a page has no pointer to the next one, and the number of that page is not known')
    if (next.page > LAST_PAGE) throw this.#cannotFinish(`page ${LAST_PAGE} is full, and the API serves none after it`)
    this.#page = next.page
    this.#request = this.#numbered(next.page, next.limit)
    return [{ decoded, receivedAt, last: false, resume: null }]
  }

  async #readShorter(
    request: PageRequest,
    records: number,
    before: number,
  ): Promise<(Arrived & { readonly pointer: string }) | null> {
    try {
      const arrived = await this.#read(shorterRequest(request, records, this.#size), '', before)
      const { pointer } = arrived
      return typeof pointer === 'string' && arrived.decoded.keys.length > 0 ? { ...arrived, pointer } : null
    } catch (error) {
      // Whether the URL of a Link header may have another limit is not known [unknown].
      if (isRefused(error)) return null
      throw error
    }
  }

  /**
   * Page numbers are offsets. A record that is added or removed between two requests shifts all that follow, so one record
   * comes twice or never. So the previous page is requested once more, and must be the same.
   * @throws {ContractError} `stream_contract`
   */
  async #refuseShifted(page: number, limit: number | null): Promise<void> {
    const request = page > 2 ? this.#numbered(page - 1, limit) : this.#first(this.#sinceNow(), limit)
    const { decoded } = await this.#read(request, '', 0)
    this.#context.requestStats.readAgain += decoded.keys.length
    if (signature(decoded) !== this.#before)
      throw this.#cannotFinish(`page ${page - 1} changed while page ${page} was read`)
  }

  /** One page. @param before records of the list before it. */
  async #read(request: PageRequest, previous = this.#previous, before = this.#records): Promise<Arrived> {
    const { api, stream, decode, requestStats, signal, ready } = this.#context
    const { bounds, owner, others } = this.#sequence
    const own = owner === null ? undefined : { id: owner, position: before }
    const decodeAndCheck = async (body: Buffer): Promise<DecodedPage> => {
      const decoded = await decode(body, own)
      refuseWrongPage(decoded, stream, previous, bounds, others)
      return decoded
    }
    await ready?.(signal)
    const { answer, decoded } = await readBody(api, request, decodeAndCheck, requestStats, signal)
    const pointer = stream.pagination === 'single' ? null : pointerOf(stream, decoded, answer.headers)
    return { request, decoded, receivedAt: api.clock(), pointer }
  }

  #goTo(pointer: string): void {
    this.#here = pointer
    this.#request = this.#next(pointer)
  }

  #first(more: Readonly<Record<string, string>> = {}, limit: number | null = null): PageRequest {
    return firstRequest(this.#context, this.#sequence, this.#size, more, limit)
  }

  #numbered(page: number, limit: number | null): PageRequest {
    return this.#first({ ...this.#sinceNow(), page: String(page) }, limit)
  }

  #next(pointer: string): PageRequest {
    return nextRequest(this.#context, this.#sequence, this.#size, pointer)
  }

  #sinceNow(): Readonly<Record<string, string>> {
    return sinceParameter(this.#context.stream, this.#since)
  }

  /** @throws {ContractError} `stream_contract` */
  #refuseLoop(page: DecodedPage, pointer: string): void {
    const why = this.#loop.add(page, pointer)
    if (why !== null) throw this.#cannotFinish(why)
  }

  #cannotFinish(why: string): ContractError {
    return cannotFinish(this.#context.stream, why)
  }
}

/** The API does not accept the request as it is. */
export const isRefused = (error: unknown): boolean =>
  error instanceof SourceError && (error.kind === 'refused' || error.kind === 'unprocessable')

/** Whether the page begins with the records of the other. */
const startsWith = (page: DecodedPage, { keys, cursors }: DecodedPage): boolean =>
  keys.every((key, i) => page.keys[i] === key && page.cursors[i] === cursors[i])

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

/** The saved pointer promised a page. What it led to may have moved since, or the pointer may be dead. */
const nothingFollows = ({ path }: Stream): SourceError =>
  new SourceError('unavailable', `${path}: nothing follows a saved pointer`, {
    next: 'Recharge does not answer as it should; run again later, nothing is lost.',
  })

const cannotFinish = ({ name }: Stream, why: string): ContractError =>
  new ContractError(
    'stream_contract',
    `${name} cannot be read to its end: ${why}`,
    'The records read so far are loaded, and the checkpoint is not past them. Run again; if this persists, please report it.',
  )
