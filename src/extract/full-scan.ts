import { ContractError, SourceError } from '../common/errors.ts'
import { asFilter } from '../common/instant.ts'
import type { DecodedPage, Page, PageDecoder, Scan, Window } from '../common/model.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { isDeadCursor, paginate, type Reading, type Sequence } from './pagination.ts'

interface Part extends Sequence {
  /** Value of the parameter that this sequence is for. */
  readonly value: string | null
  /** Where a later run goes on, from the cursor of a page of this sequence. */
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

/** What a scan of a stream that is read list by list needs besides. */
export interface FullScanOptions {
  /** Where the parents of a stream are looked up. */
  readonly streams: readonly Stream[]
  readonly readable: Readable
  readonly decoderOf: (stream: Stream) => PageDecoder
}

/**
 * Pages of a stream that is read in one go, one request sequence after another: for want of an order, the only way to
 * have seen it all is to have read it all. A scan that was broken off goes on where its last commit was.
 */
export async function* fullScan(reading: Reading, scan: Scan, options: FullScanOptions): AsyncGenerator<Page> {
  const segment = scan.segments.find(({ done }) => !done)
  if (!segment) return
  let given = 0
  try {
    for await (const page of parts(reading, scan, options, segment.resume)) {
      given += 1
      yield page
    }
  } catch (error) {
    if (!isDeadCursor(error) || segment.resume === null || given > 0) throw error
    reading.requestStats.warnings.push({
      code: 'cursor_refused',
      message: `the API no longer takes a saved cursor (${error.message}); the stream was read again from its start`,
      next: 'Nothing is missing.',
    })
    yield* parts(reading, scan, options, null)
  }
}

async function* parts(
  reading: Reading,
  { window, segments }: Scan,
  options: FullScanOptions,
  resume: string | null,
): AsyncGenerator<Page> {
  const { stream, api, requestStats } = reading
  const ranges = segments.filter(({ done }) => !done)
  const range = ranges[0]?.id ?? 0
  // A stream of several sequences learns only afterwards that one was the last, so its last page is an empty one.
  const several = stream.each !== null || stream.parent !== null
  let forbidden: SourceError | null = null
  let absent: SourceError | null = null
  let given = 0
  for await (const part of sequencesOf(reading, window, options, resume)) {
    try {
      for await (const { decoded, receivedAt, last, resume: cursor } of paginate(reading, part)) {
        given += 1
        const { owner } = part
        yield {
          decoded,
          receivedAt,
          range,
          ranges,
          last: last && !several,
          resume: part.bookmark(cursor),
          restarted: false,
          ...(last && several ? { ended: owner ?? part.value ?? '' } : {}),
        }
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      if (part.value !== null && error.kind === 'forbidden') {
        // One kind of owner that the token may not read is no reason to go without the others.
        forbidden = error
        requestStats.warnings.push({
          code: 'partly_forbidden',
          message: `${stream.each?.parameter}=${part.value} was refused: ${error.message}`,
          next: 'Give the token the scope, or leave it: the rest is complete.',
        })
      } else if (part.owner === null || error.kind !== 'missing') throw error
      // A parent that went away between its page and this request took with it what it owned.
      else absent = error
    }
  }
  // Every one of them refused is no list of exceptions: the resource is.
  const refused = forbidden ?? absent
  if (refused !== null && given === 0) throw refused
  if (several)
    yield { decoded: EMPTY, receivedAt: api.clock(), range, ranges, last: true, resume: null, restarted: false }
}

/** Pages of one list under filters of the caller's own: a scan that nobody goes on with. */
export async function* readList(reading: Reading, filters: Readonly<Record<string, string>>): AsyncGenerator<Page> {
  const range = { id: 0, since: null, until: null }
  const sequence = { path: reading.stream.path, parameters: () => filters, resume: null, bounds: null, owner: null }
  for await (const page of paginate(reading, sequence)) yield { ...page, range: 0, ranges: [range], restarted: false }
}

async function* sequencesOf(
  reading: Reading,
  window: Window,
  options: FullScanOptions,
  resume: string | null,
): AsyncGenerator<Part> {
  const { stream } = reading
  const { streams, readable, decoderOf } = options
  const { path } = stream
  const filters = filtersOf(stream, window)
  if (stream.each) {
    const { parameter, values } = stream.each
    const [from, at] = bookmarked(resume)
    const names = Object.keys(values).filter(value => readable(values[value] ?? []))
    for (const value of Object.keys(values).filter(all => !names.includes(all)))
      reading.requestStats.warnings.push({
        code: 'partly_forbidden',
        message: `${parameter}=${value} was left out: the token lacks ${values[value]?.join(' or ')}`,
        next: 'Give the token the scope, or leave it: the rest is complete.',
      })
    for (const value of names.slice(Math.max(0, names.indexOf(from ?? ''))))
      yield {
        path,
        owner: null,
        value,
        bounds: null,
        resume: value === from ? at : null,
        parameters: () => ({ ...filters, [parameter]: value }),
        bookmark: cursor =>
          JSON.stringify([cursor === null ? (names[names.indexOf(value) + 1] ?? value) : value, cursor]),
      }
  } else if (stream.parent) {
    const { stream: name, as } = stream.parent
    const parent = streams.find(declared => declared.name === name)
    if (!parent) throw new Error(`${stream.name}: its parent ${name} is not declared`)
    // Where a page of parents was come to from: what its parents own is read again, that of the pages before is not.
    let cameFrom = resume
    const all = { path: parent.path, parameters: () => parent.parameters, resume, bounds: null, owner: null }
    for await (const page of paginate({ ...reading, stream: parent, decode: decoderOf(parent) }, all)) {
      for (const owner of page.decoded.keys) {
        if (owner === '') throw withoutId(parent)
        const own = path.replace(`{${as}}`, encodeURIComponent(owner))
        const back = cameFrom
        yield {
          path: own,
          owner,
          value: null,
          resume: null,
          bounds: null,
          parameters: () => filters,
          bookmark: () => back,
        }
      }
      cameFrom = page.resume
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

function bookmarked(resume: string | null): [string | null, string | null] {
  if (resume === null) return [null, null]
  const [value, cursor] = JSON.parse(resume) as [string, string | null]
  return [value, cursor]
}

function filtersOf({ sync }: Stream, { since, until }: Window): Record<string, string> {
  if (sync.mode === 'full') return {}
  return {
    ...(since === null ? {} : { [sync.since]: asFilter(since) }),
    ...(until === null ? {} : { [sync.until]: asFilter(until) }),
  }
}

const withoutId = (parent: Stream): ContractError =>
  new ContractError(
    'stream_contract',
    `a record of ${parent.name} has no id, so what it owns cannot be asked for`,
    'Nothing is skipped in silence: the stream failed. Please report it.',
  )
