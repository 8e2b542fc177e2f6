import { isUtf8 } from 'node:buffer'
import { CellWriter } from '../../common/cell-writer.ts'
import { parseExact } from '../../common/exact-json.ts'
import { FlatRecord } from '../../common/flat-record.ts'
import type { ReadBody } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { bare } from '../type-mismatch.ts'
import { inTurn, SLICE } from '../yield-to-event-loop.ts'
import { Outline } from './field-index.ts'
import { COLON, COMMA, LIST, LIST_END, OBJECT, OBJECT_END, QUOTE } from './json-text.ts'
import { type ReadRecord, recordReader } from './record.ts'

/** What a body is read with. */
interface Workspace {
  readonly outline: Outline
  readonly writer: CellWriter
}

/** @returns null where a stream's records have to be objects first. */
export function bodyReader(stream: Stream): ReadBody | null {
  const read = stream.shape === 'pages' ? recordReader(stream) : null
  if (read === null) return null
  const workspace: Workspace = { outline: new Outline(), writer: new CellWriter() }
  /** Bodies that come at once are read one after the other: side by side none would be done earlier. */
  let before: Promise<unknown> = Promise.resolve()
  return bytes => {
    const body = before.then(() => rowsIn(bytes, workspace, stream.list, read))
    // Without what it came to, which would stay in memory until the next one.
    before = body.then(
      () => {},
      () => {},
    )
    return body
  }
}

async function rowsIn(
  bytes: Buffer,
  workspace: Workspace,
  list: string,
  read: ReadRecord,
): Promise<Record<string, unknown> | null> {
  if (!isUtf8(bytes)) return null
  const { outline, writer } = workspace
  outline.json.open(bytes)
  writer.at = 0
  const body = await inTurn(members(workspace, list, read))
  outline.json.open(NONE)
  const records = body?.[list]
  if (!Array.isArray(records)) return null
  const rows = writer.taken()
  for (const record of records) if (record instanceof FlatRecord) record.entity.bytes = rows
  return body
}

const NONE = Buffer.alloc(0)

function* members(
  workspace: Workspace,
  list: string,
  read: ReadRecord,
): Generator<undefined, Record<string, unknown> | null> {
  const { json } = workspace.outline
  const { bytes } = json
  const body: Record<string, unknown> = bare()
  let at = json.past(0)
  if (bytes[at] !== OBJECT) return null
  at = json.past(at + 1)
  for (;;) {
    const named = bytes[at] === QUOTE ? json.pastText(at + 1) : -1
    if (named < 0) return null
    const name = String(parseExact(bytes.toString('utf8', at, named)))
    at = json.past(named)
    if (bytes[at] !== COLON) return null
    at = json.past(at + 1)
    if (name === list) {
      const found: unknown[] = []
      at = bytes[at] === LIST ? yield* records(workspace, at + 1, read, found) : -1
      body[name] = found
    } else {
      const end = json.pastValue(at)
      if (end >= 0) body[name] = parseExact(bytes.toString('utf8', at, end))
      at = end
    }
    if (at < 0) return null
    at = json.past(at)
    if (bytes[at] === OBJECT_END) return json.past(at + 1) === bytes.length ? body : null
    if (bytes[at] !== COMMA) return null
    at = json.past(at + 1)
  }
}

/** @param start after the bracket. @returns where the list ends; -1: it is none. */
function* records(
  { outline, writer }: Workspace,
  start: number,
  read: ReadRecord,
  into: unknown[],
): Generator<undefined, number> {
  const { json } = outline
  const { bytes } = json
  let at = json.past(start)
  if (bytes[at] === LIST_END) return at + 1
  for (;;) {
    const record = read(outline, at, writer)
    const end = record === null ? json.pastValue(at) : outline.ended
    if (end < 0) return -1
    into.push(record ?? parseExact(bytes.toString('utf8', at, end)))
    at = json.past(end)
    if (bytes[at] === LIST_END) return at + 1
    if (bytes[at] !== COMMA) return -1
    at = json.past(at + 1)
    if (into.length % SLICE === 0) yield
  }
}
