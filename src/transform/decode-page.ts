import { isUtf8 } from 'node:buffer'
import { CellWriter } from '../common/cell-writer.ts'
import { ContractError } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import { checkBody, type JsonMembers, parseBody } from '../common/json-body.ts'
import type { DecodedPage, Owner, PageDecoder } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { flattener } from './flatten.ts'
import { PageBuilder } from './page-builder.ts'
import { identifier } from './record-identity.ts'
import { FieldIndex } from './scanner/field-index.ts'
import { scanPage } from './scanner/page-scanner.ts'
import { recordScanner } from './scanner/record-scanner.ts'
import { isObject } from './type-mismatch.ts'
import { runSliced, SLICE } from './yield-to-event-loop.ts'

/**
 * How the pages of a stream are decoded. Two ways lead to the same rows: the scanner, which makes no objects of a record,
 * and the parser, which takes whatever the scanner does not: a whole body, or single records of one.
 */
export function pageDecoder(stream: Stream): PageDecoder {
  const scan = stream.pagination === 'pages' ? recordScanner(stream) : null
  const fields = new FieldIndex()
  const writer = new CellWriter()
  const flatten = flattener(stream)
  const identify = identifier(stream)

  function* scanned(body: Buffer, page: PageBuilder): Generator<undefined, JsonMembers | null> {
    if (scan === null || !isUtf8(body)) return null
    fields.json.open(body)
    const members = yield* scanPage(fields.json, stream.list, at => {
      const record = scan(fields, at, writer)
      if (record !== null) {
        page.addScanned(record)
        return fields.ended
      }
      const end = fields.json.pastValue(at)
      if (end >= 0) add(page, parseExact(body.toString('utf8', at, end)))
      return end
    })
    fields.json.open(NOTHING)
    return members !== null && stream.list in members ? members : null
  }

  function* parsed(body: Buffer, page: PageBuilder, owner: Owner | undefined): Generator<undefined, JsonMembers> {
    const where = `GET ${stream.path}`
    const members = checkBody(parseBody(body, where), stream.list, where)
    for (const [index, record] of recordsOf(members[stream.list], stream).entries()) {
      if (index > 0 && index % SLICE === 0) yield
      add(page, owner === undefined ? record : owned(record, stream, owner, index))
    }
    return members
  }

  const add = (page: PageBuilder, record: unknown): void =>
    page.add(flatten(record, writer, page.stats), identify(record))

  function* decode(body: Buffer, owner: Owner | undefined): Generator<undefined, DecodedPage> {
    let page = new PageBuilder(writer)
    let members = owner === undefined ? yield* scanned(body, page) : null
    if (members === null) {
      page = new PageBuilder(writer)
      members = yield* parsed(body, page, owner)
    }
    const again = stream.drift === 'evolve' ? againFor(body, owner) : null
    return page.finish(members.next_cursor ?? members.next, again)
  }

  /** Bodies that come at once are decoded one after the other: side by side none would be done earlier. */
  let before: Promise<unknown> = Promise.resolve()
  return (body, owner) => {
    const page = before.then(() => runSliced(decode(body, owner)))
    // Without its result, which would stay in memory until the next one.
    before = page.then(
      () => {},
      () => {},
    )
    return page
  }
}

const NOTHING = Buffer.alloc(0)

/** How one record that was asked for by its id is decoded: `{"charge": {…}}`. */
export const recordDecoder = (stream: Stream): PageDecoder =>
  pageDecoder({ ...stream, list: stream.singular, pagination: 'single' })

/** Records that are objects already, as one page: those of a file, or rejects. */
export function decodeRecords(stream: Stream, records: readonly unknown[]): DecodedPage {
  const writer = new CellWriter()
  const flatten = flattener(stream)
  const identify = identifier(stream)
  const page = new PageBuilder(writer)
  for (const record of records) page.add(flatten(record, writer, page.stats), identify(record))
  return page.finish(null, null)
}

/** The body is kept for it: the memory of an answer may be used for the next one by then. */
function againFor(body: Buffer, owner: Owner | undefined): DecodedPage['again'] {
  const copy = Buffer.from(body)
  return stream => pageDecoder(stream)(copy, owner)
}

/** @throws {ContractError} where the list is none. */
function recordsOf(value: unknown, stream: Stream): readonly unknown[] {
  if (stream.pagination === 'single') return value === null ? [] : [value]
  if (Array.isArray(value)) return value
  throw new ContractError(
    'stream_contract',
    `"${stream.list}" of ${stream.path} is no list`,
    'The API changed. Nothing of this page was loaded; please report it.',
  )
}

/** The record with its owner's id, and its position where it has no id of its own. What the API says itself stands. */
function owned(record: unknown, { parent }: Stream, owner: Owner, index: number): unknown {
  if (parent === null || !isObject(record)) return record
  const position = parent.position ? { [parent.position]: owner.position + index } : {}
  return { [parent.as]: owner.id, ...position, ...record }
}
