import type { Stream } from '../declare/stream.ts'
import { ContractError } from '../errors.ts'
import { asFilter, parseInstant } from '../instant.ts'
import type { Instant, Traffic } from '../model.ts'
import type { Ask, Requests } from './request.ts'
import type { Failed } from './retry.ts'

/** One request sequence: a path, and what the first request says. */
export interface Sequence {
  readonly path: string
  readonly parameters: Readonly<Record<string, string>>
}

export interface Listing {
  readonly records: readonly unknown[]
  readonly receivedAt: Instant
  readonly last: boolean
}

/** Largest page [documented], and what to fall back to when answers break off or time out [client]. */
const LIMITS = [250, 100, 50] as const
/** Page numbers end here [documented]. */
const LAST_PAGE = 100
const MOST_EMPTY_PAGES = 50

/** Pages from the first request to the end of the data; never past it, and never short of it. */
export async function* walk(
  requests: Requests,
  stream: Stream,
  sequence: Sequence,
  traffic: Traffic,
  signal: AbortSignal,
): AsyncGenerator<Listing> {
  const paged = stream.shape === 'pages'
  const sized = { rung: 0 }
  const first = { ...stream.parameters, ...(stream.sort ? { sort_by: stream.sort } : {}), ...sequence.parameters }
  let next = ask(requests, stream, sequence.path, first, paged ? sized : null)
  let page: number | null = null
  let since = stream.sync.mode === 'incremental' ? (sequence.parameters[stream.sync.since] ?? null) : null
  let previous = ''
  let empty = 0
  for (;;) {
    const asked = next
    const { body, headers } = await requests.send(asked, traffic, signal)
    const records = listOf(body[stream.list], stream)
    const receivedAt = requests.clock()
    const limit = LIMITS[sized.rung] ?? LIMITS[0]
    const pointer = paged ? pointerOf(stream, body, headers) : null
    const full = paged && records.length >= limit
    yield { records, receivedAt, last: pointer === null && !full }
    if (pointer !== null) {
      empty = records.length === 0 ? empty + 1 : 0
      if (pointer === previous || empty > MOST_EMPTY_PAGES) throw standstill(stream, 'its next page is the same page')
      previous = pointer
      next = follow(requests, stream, sequence.path, pointer, sized)
    } else if (full) {
      // No pointer beside a full page is not the end [documented for charges on 2021-01, possible anywhere].
      const newest = page === null ? newestFilter(stream, records) : null
      if (newest !== null && newest !== since) {
        since = newest
        const { sync } = stream
        const parameter = sync.mode === 'incremental' ? sync.since : ''
        next = ask(requests, stream, sequence.path, { ...first, [parameter]: newest }, sized)
      } else {
        const seen = JSON.stringify(records)
        if (seen === previous) throw standstill(stream, 'page numbers bring the same page again')
        previous = seen
        page = (page ?? 1) + 1
        if (page > LAST_PAGE) throw standstill(stream, `page ${LAST_PAGE} is full and no further one can be asked for`)
        next = ask(requests, stream, sequence.path, { ...first, ...resumed(stream, since), page: String(page) }, sized)
      }
    } else return
  }
}

const resumed = (stream: Stream, since: string | null): Record<string, string> =>
  stream.sync.mode === 'incremental' && since !== null ? { [stream.sync.since]: since } : {}

/** `sized.rung` goes down for good once smaller pages were needed. */
function ask(
  requests: Requests,
  stream: Stream,
  path: string,
  parameters: Record<string, string>,
  sized: { rung: number } | null,
): Ask {
  return {
    version: stream.version,
    list: stream.list,
    url: failed => {
      const url = requests.at(path)
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      // An offset counts in pages of one size: page numbers keep the size they began with.
      if (sized) url.searchParams.set('limit', String(LIMITS[parameters.page ? sized.rung : step(sized, failed)]))
      return url
    },
  }
}

/** Two answers that broke off, and the next is asked for smaller. */
function step(sized: { rung: number }, failed: Failed): number {
  if (failed.tooLarge > 0 && failed.tooLarge % 2 === 0) sized.rung = Math.min(sized.rung + 1, LIMITS.length - 1)
  return sized.rung
}

/** The second request and all after it. Beside a cursor only `limit` may be sent: anything else is a 422 [documented]. */
function follow(requests: Requests, stream: Stream, path: string, pointer: string, sized: { rung: number }): Ask {
  if (stream.version === '2021-11') return ask(requests, stream, path, { cursor: pointer }, sized)
  // 2021-01: the URL as it is, but only ever to the host that the token belongs to.
  const { pathname, search } = new URL(pointer, requests.at('/'))
  return { version: stream.version, list: stream.list, url: () => new URL(pathname + search, requests.at('/')) }
}

/** Cursor in the body, in either spelling seen, or the URL of a Link header. */
function pointerOf(stream: Stream, body: Record<string, unknown>, headers: Headers): string | null {
  if (stream.version === '2021-11') {
    const cursor = body.next_cursor ?? body.next
    return typeof cursor === 'string' && cursor !== '' ? cursor : null
  }
  const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')
  return link?.[1] ?? null
}

function listOf(value: unknown, stream: Stream): readonly unknown[] {
  if (stream.shape === 'single') return value === null ? [] : [value]
  if (Array.isArray(value)) return value
  throw new ContractError(
    'stream_contract',
    `"${stream.list}" of ${stream.path} is no list`,
    'The API changed. Nothing of this page was loaded; please report it.',
  )
}

/** The cursor of the last record in the form of a filter, where the stream's order makes it the newest. */
function newestFilter({ sync, columns }: Stream, records: readonly unknown[]): string | null {
  if (sync.mode === 'full' || !sync.sorted) return null
  const last = records.at(-1)
  const value = typeof last === 'object' && last !== null ? (last as Record<string, unknown>)[sync.cursor] : null
  const newest = typeof value === 'string' ? parseInstant(value, columns[sync.cursor]?.zone ?? 'UTC') : null
  return newest === null ? null : asFilter(newest)
}

function standstill(stream: Stream, why: string): ContractError {
  return new ContractError(
    'stream_contract',
    `${stream.name} cannot be read to its end: ${why}`,
    'What was read is loaded and the checkpoint did not pass it. Run again; if it stays, please report it.',
  )
}
