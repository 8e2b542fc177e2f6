import { SyncError } from '../common/errors.ts'
import type { DecodedPage } from '../common/model.ts'
import type { ListPage, ReadContext, Sequence } from './list.ts'
import { LARGEST, type NumberedPage, pageJustBefore } from './numbered-page.ts'
import { firstSignature, placeOf } from './page-check.ts'
import { paginate } from './pagination.ts'
import type { Readers } from './readers.ts'

/** Pages that are requested ahead at once: so many for each page that has arrived, and at most. Some lie beyond the end. */
const AHEAD = 2
const MOST_AHEAD = 6

/** A part of a list, from a page on that was requested by its number. */
interface Piece {
  readonly start: NumberedPage
  readonly pages: AsyncGenerator<ListPage>
  /** Null: the page is of no use. */
  readonly first: Promise<ListPage | null>
}

/**
 * Pages of a list that is not read by its times, in their order. Where requests would be left unused, further pages are
 * requested by their number. Such a page continues the list only if its first record stands on the page before it, and if
 * both are in the same order, of times and ids: then nothing lies between the two, wherever offsets have shifted. Any other
 * is dropped, and reading goes on by the pointer of the page before it.
 */
export async function* paginateAhead(
  context: ReadContext,
  sequence: Sequence,
  readers: Readers,
): AsyncGenerator<ListPage> {
  const stop = new AbortController()
  const inner: ReadContext = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) }
  const pieces: Piece[] = []
  let current = paginate(context, sequence)
  let direction = 0
  /** Records of the list before the end of the newest page; null: not known. */
  let read: number | null = 0
  /** Records of the list before the end of the last page that was requested. */
  let planned = 0
  let pages = 0
  let endSeen = false
  /** Pages that were requested ahead and have not arrived. Any of them may be the last one, so the next ones wait for all. */
  let inFlight = 0
  /** How many more may be requested together with them. */
  let more = 0

  const begin = (start: NumberedPage): void => {
    const ended = readers.begin()
    const generator = paginate(inner, { ...sequence, start })
    const first = nullOnEnd(generator.next()).then(usable, error => {
      if (!stop.signal.aborted && error instanceof SyncError && error.reaction !== 'stop') readers.servesNumbers = false
      return null
    })
    inFlight += 1
    void first.then(() => {
      inFlight -= 1
      ended()
    })
    pieces.push({ start, pages: generator, first })
  }

  /** Signature of the first record of the list. */
  let beginning = ''
  /** A page of no record, or the last one, shows that nothing lies behind it. */
  const usable = (page: ListPage | null): ListPage | null => {
    if (page === null || page.last || page.decoded.keys.length === 0) endSeen = true
    if (page !== null && beginning !== '' && firstSignature(page.decoded) === beginning) readers.servesNumbers = false
    return page
  }

  const leave = readers.join({
    get size() {
      return 1 + pieces.length
    },
    start() {
      if (inFlight === 0) more = Math.min(MOST_AHEAD, AHEAD * (pages + pieces.length))
      if (read === null || endSeen || more === 0 || !readers.mustSpread || !readers.servesNumbers) return false
      const start = pageJustBefore(planned, planned - LARGEST / 2)
      if (start === null) return false
      more -= 1
      planned = start.offset + start.limit
      begin(start)
      return true
    },
  })

  try {
    for (;;) {
      // The page that the pointer leads to is on its way from now on.
      planned = (read ?? 0) + LARGEST
      const { value: page, done } = await current.next()
      if (done) return
      let newest: ListPage = page
      for (;;) {
        pages += 1
        if (pages === 1) beginning = firstSignature(newest.decoded)
        const order = directionOf(newest.decoded)
        if (order === 0 || (direction !== 0 && order !== direction) || newest.resume === null) read = null
        else if (read !== null) read += newest.decoded.keys.length
        direction = order
        if (pieces.length === 0) planned = read ?? 0
        if (newest.last) endSeen = true
        readers.start()
        yield newest
        if (newest.last) return
        const piece: Piece | undefined = read === null ? undefined : pieces.shift()
        const next = piece === undefined ? null : await piece.first
        if (piece === undefined || next === null || !continues(newest.decoded, next, direction)) {
          // What was requested ahead leads on from that page.
          if (piece !== undefined) {
            read = null
            context.requestStats.readAgain += next?.decoded.keys.length ?? 0
          }
          break
        }
        const shared = newest.decoded.keys.length - placeOf(newest.decoded, firstSignature(next.decoded))
        context.requestStats.readAgain += shared
        current = piece.pages
        read = piece.start.offset
        newest = next
      }
    }
  } finally {
    leave()
    stop.abort()
  }
}

/** The value that a generator gives next; null: it has ended. */
async function nullOnEnd<T>(next: Promise<IteratorResult<T, unknown>>): Promise<T | null> {
  const { value, done } = await next
  return done ? null : (value as T)
}

/** 1: times and ids rise; -1: they fall; 0: neither, or there is only one record. */
function directionOf(page: DecodedPage): number {
  const direction = compare(page, 0)
  for (let i = 1; i < page.keys.length - 1; i++) if (compare(page, i) !== direction) return 0
  return direction
}

/** 1: the record comes before the next one, by its time and then by its id; -1: after it; 0: their order is not known. */
function compare({ keys, cursors }: DecodedPage, i: number): number {
  const [a, b] = [cursors[i] ?? null, cursors[i + 1] ?? null]
  if (a !== null && b !== null && a !== b) return a < b ? 1 : -1
  const [from = '', to = ''] = [keys[i], keys[i + 1]]
  if (!/^\d+$/.test(from) || !/^\d+$/.test(to) || from === to) return 0
  return from.length < to.length || (from.length === to.length && from < to) ? 1 : -1
}

/** Whether nothing lies between the two pages. */
function continues(page: DecodedPage, { decoded, last, resume }: ListPage, direction: number): boolean {
  if (decoded.keys.length === 0 || (!last && resume === null)) return false
  const order = directionOf(decoded)
  // A page that begins where the one before it begins leads nowhere: the API ignores the number.
  return placeOf(page, firstSignature(decoded)) > 0 && (order === direction || decoded.keys.length === 1)
}
