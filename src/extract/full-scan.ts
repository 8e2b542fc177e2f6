import { ContractError, SourceError } from '../common/errors.ts'
import { asFilter } from '../common/instant.ts'
import type { DecodedPage, Page, PageDecoder, Scan, Window } from '../common/model.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import type { ReadContext, Sequence } from './list.ts'
import { listsAhead } from './lists-ahead.ts'
import { createSeenPages } from './page-check.ts'
import { isDeadCursor, paginate } from './pagination.ts'
import type { Readers } from './readers.ts'

/** One of the lists that a stream consists of. */
interface StreamList extends Sequence {
  /** Value of the parameter `each` for this list; null: the stream has no such parameter. */
  readonly value: string | null
  /** Where a later run resumes after a page, from the pointer of that page. */
  readonly bookmark: (cursor: string | null) => string | null
}

/** A page without records. */
const EMPTY: DecodedPage = {
  records: [],
  rejects: [],
  keys: [],
  cursors: [],
  zoned: true,
  next: null,
  stats: { cleaned: 0, unknownFields: new Map(), mismatched: new Map() },
  bytes: 0,
  decodeAgain: null,
}

/** What a full scan needs beside the context of its requests. */
export interface FullScanOptions {
  /** Where the parents of a stream are looked up. */
  readonly streams: readonly Stream[]
  readonly readable: Readable
  readonly decoderOf: (stream: Stream) => PageDecoder
  /** Those of all streams. */
  readonly readers: Readers
}

/**
 * Pages of an unsorted stream, one list after another. Without an order, only a scan to the end has seen every record. An
 * interrupted scan resumes after its last commit.
 */
export async function* fullScan(context: ReadContext, scan: Scan, options: FullScanOptions): AsyncGenerator<Page> {
  const segment = scan.segments.find(({ done }) => !done)
  if (!segment) return
  let pages = 0
  try {
    for await (const page of scanLists(context, scan, options, segment.resume)) {
      pages += 1
      yield page
    }
  } catch (error) {
    if (!isDeadCursor(error) || segment.resume === null || pages > 0) throw error
    context.requestStats.warnings.push({
      code: 'cursor_refused',
      message: `the API refused a saved cursor (${error.message}); the stream was read again from its start`,
      next: 'The pages after it were read all the same.',
    })
    let restarted = true
    for await (const page of scanLists(context, scan, options, null)) {
      yield { ...page, restarted }
      restarted = false
    }
  }
}

async function* scanLists(
  context: ReadContext,
  { window, segments }: Scan,
  options: FullScanOptions,
  resume: string | null,
): AsyncGenerator<Page> {
  const { stream, api, requestStats } = context
  const ranges = segments.filter(({ done }) => !done)
  const range = ranges[0]?.id ?? 0
  // Of several lists it is known only afterwards which one was the last, so an empty page ends the scan.
  const several = stream.each !== null || stream.parent !== null
  let forbidden: SourceError | null = null
  let missing: SourceError | null = null
  let pages = 0
  for await (const { list, pages: listed } of listsAhead(
    context,
    listsOf(context, window, options, resume),
    options.readers,
  )) {
    const pagesBefore = pages
    try {
      for await (const { decoded, receivedAt, last, resume: cursor } of listed) {
        pages += 1
        const { owner, others } = list
        others?.add(decoded)
        yield {
          decoded,
          receivedAt,
          range,
          ranges,
          last: last && !several,
          resume: list.bookmark(cursor),
          restarted: false,
          ...(last && several ? { ended: owner ?? list.value ?? '' } : {}),
        }
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      if (list.value !== null && error.kind === 'forbidden' && list.resume === null && pages === pagesBefore) {
        // The token may not read this list; the others are still read. A refusal in its middle means something else.
        forbidden = error
        requestStats.warnings.push({
          code: 'partly_forbidden',
          message: `${stream.each?.parameter}=${list.value} was refused: ${error.message}`,
          next: 'Give the token the scope, or leave it: the rest is complete.',
        })
      } else if (list.owner === null || error.kind !== 'missing') throw error
      // The parent was deleted between its page and this request, and its records with it.
      else missing = error
    }
  }
  // If every list is refused, the resource itself is.
  const refused = forbidden ?? missing
  if (refused !== null && pages === 0) throw refused
  if (several)
    yield { decoded: EMPTY, receivedAt: api.clock(), range, ranges, last: true, resume: null, restarted: false }
}

/** Pages of the list under these filters. It cannot be resumed. */
export async function* readList(context: ReadContext, filters: Readonly<Record<string, string>>): AsyncGenerator<Page> {
  const range = { id: 0, since: null, until: null }
  const sequence = { path: context.stream.path, parameters: () => filters, resume: null, bounds: null, owner: null }
  for await (const page of paginate(context, sequence)) yield { ...page, range: 0, ranges: [range], restarted: false }
}

async function* listsOf(
  context: ReadContext,
  window: Window,
  options: FullScanOptions,
  resume: string | null,
): AsyncGenerator<StreamList> {
  const { stream } = context
  const { streams, readable, decoderOf } = options
  const { path } = stream
  const filters = filtersOf(stream, window)
  const others = createSeenPages()
  if (stream.each) {
    const { parameter, values } = stream.each
    const [resumeValue, pointer] = parseBookmark(resume)
    const names = Object.keys(values).filter(value => readable(values[value] ?? []))
    for (const value of Object.keys(values).filter(all => !names.includes(all)))
      context.requestStats.warnings.push({
        code: 'partly_forbidden',
        message: `${parameter}=${value} was left out: the token lacks ${values[value]?.join(' or ')}`,
        next: 'Give the token the scope, or leave it: the rest is complete.',
      })
    for (const value of names.slice(Math.max(0, names.indexOf(resumeValue ?? ''))))
      yield {
        path,
        owner: null,
        value,
        bounds: null,
        others: others(value),
        resume: value === resumeValue ? pointer : null,
        parameters: () => ({ ...filters, [parameter]: value }),
        bookmark: cursor =>
          JSON.stringify([cursor === null ? (names[names.indexOf(value) + 1] ?? value) : value, cursor]),
      }
  } else if (stream.parent) {
    const { stream: name, as, parameter = false } = stream.parent
    const parent = streams.find(declared => declared.name === name)
    if (!parent) throw new Error(`${stream.name}: its parent ${name} is not declared`)
    // The pointer that led to the current page of parents. A resumed scan reads the lists of that page again, and none of
    // the pages before it.
    let pageOfParents = resume
    let before = ''
    const parents = { path: parent.path, parameters: () => parent.parameters, resume, bounds: null, owner: null }
    for await (const page of paginate({ ...context, stream: parent, decode: decoderOf(parent) }, parents)) {
      for (const owner of page.decoded.keys) {
        if (!isId(owner, parent)) throw withoutId(parent)
        // The last record of a full page comes again where the end of the list is looked for.
        if (owner === before) continue
        before = owner
        const listPath = path.replace(`{${as}}`, encodeURIComponent(owner))
        const filtersOfList = parameter ? { ...filters, [as]: owner } : filters
        const bookmark = pageOfParents
        yield {
          path: listPath,
          owner,
          value: null,
          resume: null,
          bounds: null,
          others: others(owner),
          parameters: () => filtersOfList,
          bookmark: () => bookmark,
        }
      }
      pageOfParents = page.resume
    }
  } else {
    yield {
      path,
      owner: null,
      value: null,
      resume,
      bounds: null,
      parameters: () => filters,
      bookmark: cursor => cursor,
    }
  }
}

/** The value of the parameter `each`, and the pointer in its list. */
function parseBookmark(resume: string | null): [string | null, string | null] {
  if (resume === null) return [null, null]
  const [value, pointer] = JSON.parse(resume) as [string, string | null]
  return [value, pointer]
}

function filtersOf({ sync }: Stream, { since, until }: Window): Record<string, string> {
  if (sync.mode === 'full') return {}
  return {
    ...(since === null ? {} : { [sync.since]: asFilter(since) }),
    ...(until === null ? {} : { [sync.until]: asFilter(until) }),
  }
}

const WHOLE_NUMBER = /^[1-9]\d*$/

/** Whether the API can be asked with the key that a parent came with. */
const isId = (key: string, { key: [column = ''], columns }: Stream): boolean =>
  columns[column]?.kind === 'int' ? WHOLE_NUMBER.test(key) : key !== ''

const withoutId = (parent: Stream): ContractError =>
  new ContractError(
    'stream_contract',
    `a record of ${parent.name} has no id that can be asked for, so its child records cannot be requested`,
    'The stream failed, because skipping them would lose records. Please report it.',
  )
