import { isUtf8 } from 'node:buffer'
import { CellWriter } from '../common/cell-writer.ts'
import { ContractError } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import { checkBody, type JsonMembers, parseBody } from '../common/json-body.ts'
import type { DecodedPage, Owner, PageDecoder } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { eraserOf } from './erase.ts'
import { flattener } from './flatten.ts'
import { PageBuilder } from './page-builder.ts'
import { identityReader } from './record-identity.ts'
import { FieldIndex } from './scanner/field-index.ts'
import { scanPage } from './scanner/page-scanner.ts'
import { recordScanner } from './scanner/record-scanner.ts'
import { isObject } from './type-mismatch.ts'
import { runSliced, SLICE } from './yield-to-event-loop.ts'

/**
 * Makes the decoder for the pages of a stream. It has two ways to the same rows. The scanner writes rows from the bytes of
 * the body, without objects in between. The parser handles what the scanner returns null for: a record, or a whole body.
 * Nothing outside of this function knows that there are two.
 */
export function pageDecoder(stream: Stream): PageDecoder {
  const scan = stream.pagination === 'pages' ? recordScanner(stream) : null
  const fields = new FieldIndex()
  const writer = new CellWriter()
  const flatten = flattener(stream)
  const identityOf = identityReader(stream)
  const eraser = eraserOf(stream)

  /** @returns the members of the body, with `true` in place of the list; null: the whole body has to be parsed. */
  function* scanBody(body: Buffer, page: PageBuilder): Generator<undefined, JsonMembers | null> {
    if (scan === null || !isUtf8(body)) return null
    fields.json.open(body)
    const members = yield* scanPage(fields.json, stream.list, at => {
      const record = scan(fields, at, writer)
      if (record !== null && eraser?.mustParse(record.record) !== true) {
        page.addScanned(record)
        return fields.ended
      }
      if (record !== null) writer.at = record.record.start
      const end = fields.json.pastValue(at)
      if (end >= 0) add(page, parseExact(body.toString('utf8', at, end)))
      return end
    })
    // The buffer of the body is used again, so no reference to it is kept.
    fields.json.open(NOTHING)
    return members !== null && stream.list in members ? members : null
  }

  function* parse(body: Buffer, page: PageBuilder, owner: Owner | undefined): Generator<undefined, JsonMembers> {
    const where = `GET ${stream.path}`
    const members = checkBody(parseBody(body, where), stream.list, where)
    for (const [index, record] of recordsOf(members[stream.list], stream).entries()) {
      if (index > 0 && index % SLICE === 0) yield
      add(page, owner === undefined ? record : withOwner(record, stream, owner, index))
    }
    return members
  }

  const add = (page: PageBuilder, record: unknown): void =>
    page.add(flatten(eraser === null ? record : eraser.of(record), writer, page.stats), identityOf(record))

  function* decode(body: Buffer, owner: Owner | undefined): Generator<undefined, DecodedPage> {
    let page = new PageBuilder(writer)
    let members = owner === undefined ? yield* scanBody(body, page) : null
    if (members === null) {
      page = new PageBuilder(writer)
      members = yield* parse(body, page, owner)
    }
    const decodeAgain = stream.drift === 'evolve' ? decodeAgainFrom(body, owner) : null
    return page.finish(pointerIn(members), decodeAgain)
  }

  /** Bodies that arrive at the same time are decoded one after the other: side by side, none would be done earlier. */
  let before: Promise<unknown> = Promise.resolve()
  return (body, owner) => {
    const page = before.then(() => runSliced(decode(body, owner)))
    // The result is dropped here, or it would stay in memory until the next page.
    before = page.then(
      () => {},
      () => {},
    )
    return page
  }
}

const NOTHING = Buffer.alloc(0)

/** Null and absent differ: null says that there is no next page, and an absent member may have got another name. */
const pointerIn = ({ next_cursor, next }: JsonMembers): unknown =>
  next_cursor === undefined ? next : (next_cursor ?? next ?? null)

/** Makes the decoder for a record that was requested by its id: `{"charge": {…}}`. */
export const recordDecoder = (stream: Stream): PageDecoder =>
  pageDecoder({ ...stream, list: stream.singular, pagination: 'single' })

/** Decodes records that are objects already, those of a file or rejects, as one page. */
export function decodeRecords(stream: Stream, records: readonly unknown[]): DecodedPage {
  const writer = new CellWriter()
  const flatten = flattener(stream)
  const identityOf = identityReader(stream)
  const eraser = eraserOf(stream)
  const page = new PageBuilder(writer)
  for (const record of records)
    page.add(flatten(eraser === null ? record : eraser.of(record), writer, page.stats), identityOf(record))
  return page.finish(null, null)
}

/** Keeps a copy of the body, since its buffer is used for the next answer. */
function decodeAgainFrom(body: Buffer, owner: Owner | undefined): DecodedPage['decodeAgain'] {
  const copy = Buffer.from(body)
  return stream => pageDecoder(stream)(copy, owner)
}

/** @throws {ContractError} `stream_contract`: the value is not a list. */
function recordsOf(value: unknown, stream: Stream): readonly unknown[] {
  if (stream.pagination === 'single') return value === null ? [] : [value]
  if (Array.isArray(value)) return value
  throw new ContractError(
    'stream_contract',
    `"${stream.list}" of ${stream.path} is not a list`,
    'The API changed. Nothing of this page was loaded; please report it.',
  )
}

/** Adds the owner's id, and for a record without an id its position. Values that the API sent itself are kept. */
function withOwner(record: unknown, { parent }: Stream, owner: Owner, index: number): unknown {
  if (parent === null || !isObject(record)) return record
  const position = parent.position ? { [parent.position]: owner.position + index } : {}
  const own = { [parent.as]: owner.id, ...position }
  const absent = Object.entries(own).filter(([name]) => (record[name] ?? null) === null)
  return { ...record, ...Object.fromEntries(absent) }
}
