import type { ListPage, ReadContext, Sequence } from './list.ts'
import { paginate } from './pagination.ts'
import { paginateAhead } from './read-ahead.ts'
import type { Readers } from './readers.ts'

/** Lists that are begun before their turn, and pages of each that wait for it. After a kill they are read again. */
const LISTS = 24
const PAGES = 2

/** A list that has been begun. */
interface Begun<T> {
  readonly list: T
  readonly pages: AsyncGenerator<ListPage>
  /** Its reader ends. */
  readonly ended: () => void
}

/**
 * The lists of a stream in their order, each with its pages. Where requests would be left unused, lists are begun before
 * their turn: each of them is read in any case.
 */
export async function* listsAhead<T extends Sequence>(
  context: ReadContext,
  lists: AsyncGenerator<T>,
  readers: Readers,
): AsyncGenerator<Begun<T>> {
  const stop = new AbortController()
  const inner: ReadContext = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) }
  const begun: Begun<T>[] = []
  const begin = (list: T, inAdvance: number): Begun<T> => {
    const ended = readers.begin()
    const hasNumbers = list.owner === null && list.resume === null && context.stream.pagination === 'pages'
    const pages = hasNumbers ? paginateAhead(inner, list, readers) : paginate(inner, list)
    return { list, pages: inTurn(inner, list, inAdvance === 0 ? pages : requested(pages, inAdvance)), ended }
  }
  try {
    for (let all = false; ; ) {
      while (!all && (begun.length === 0 || (begun.length <= LISTS && readers.mustSpread && readers.room() >= 1))) {
        const { value, done } = await lists.next()
        if (done) all = true
        else begun.push(begin(value, begun.length === 0 ? 0 : PAGES))
      }
      const next = begun.shift()
      if (next === undefined) return
      try {
        yield next
      } finally {
        next.ended()
      }
    }
  } finally {
    stop.abort()
    for (const { ended } of begun) ended()
  }
}

/**
 * The pages when the list has its turn. A page that came before may be one of another list that has had its turn since. It is
 * then requested again.
 */
async function* inTurn(
  context: ReadContext,
  list: Sequence,
  pages: AsyncGenerator<ListPage>,
): AsyncGenerator<ListPage> {
  let { resume } = list
  for await (const page of pages) {
    if (list.others?.has(page.decoded)) {
      context.requestStats.retries += 1
      return yield* paginate(context, { ...list, resume })
    }
    yield page
    resume = page.resume
  }
}

/** The pages, of which so many are requested before they are asked for. A failure is thrown when its page is asked for. */
function requested(pages: AsyncGenerator<ListPage>, inAdvance: number): AsyncGenerator<ListPage> {
  const asked = Array.from({ length: inAdvance }, () => pages.next())
  for (const page of asked) page.catch(() => {})
  return (async function* () {
    for (const page of asked) {
      const { value, done } = await page
      if (done) return
      yield value
    }
    yield* pages
  })()
}
