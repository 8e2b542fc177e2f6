import { CellWriter } from '../common/cell-writer.ts'
import { FlatRecord } from '../common/flat-record.ts'
import { earlier, later } from '../common/instant.ts'
import type { Entity, Instant, Page, PageRead, Reject, RowBatch } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { count, type Findings, flattener } from './flatten.ts'
import { atOnce, inTurn, SLICE } from './yield-to-event-loop.ts'

/** A page whose records are rows. It takes little memory, so it may wait. */
export interface FlatPage extends Findings {
  readonly read: PageRead
  readonly entities: readonly Entity[]
  readonly rejects: readonly Reject[]
  readonly receivedAt: Instant
  readonly records: number
  /** Of its rows. */
  readonly bytes: number
  /** What it was read as rows of. */
  readonly stream: Stream
  /** Itself, where the stream may yet get columns. */
  readonly page: Page | null
}

export const flattenPage = (stream: Stream, page: Page): FlatPage => atOnce(flattening(stream, page))

/** The same, slice by slice. */
export const flattenInTurn = (stream: Stream, page: Page): Promise<FlatPage> => inTurn(flattening(stream, page))

/** Not in use; a page that is being flattened has one of its own. */
const writers: CellWriter[] = []

function* flattening(stream: Stream, page: Page): Generator<undefined, FlatPage> {
  const flatten = flattener(stream)
  const findings: Findings = { cleaned: 0, undeclared: new Map(), mismatched: new Map() }
  const entities: Entity[] = []
  /** Those whose rows are written here. */
  const own: Entity[] = []
  const rejects: Reject[] = []
  /** Bytes of the others. */
  let size = 0
  let lowest: Instant | null = null
  let highest: Instant | null = null
  let inOrder = true
  const writer = writers.pop() ?? new CellWriter()
  writer.at = 0
  for (let index = 0; index < page.records.length; index++) {
    const record = page.records[index]
    const isFlat = record instanceof FlatRecord
    if (isFlat && record.undeclared !== null) count(record.undeclared, findings.undeclared)
    if (!isFlat && index > 0 && index % SLICE === 0) yield
    const entity = isFlat ? record.entity : flatten(record, writer, findings)
    if ('reason' in entity) {
      rejects.push(entity)
      continue
    }
    entities.push(entity)
    if (isFlat) size += entity.end - entity.start
    else own.push(entity)
    const { cursor } = entity
    if (cursor === null) continue
    if (highest !== null && cursor < highest) inOrder = false
    lowest = lowest === null ? cursor : earlier(lowest, cursor)
    highest = highest === null ? cursor : later(highest, cursor)
  }
  const bytes = writer.taken()
  writers.push(writer)
  for (const entity of own) entity.bytes = bytes
  const { records: _, receivedAt, ...about } = page
  const read = { ...about, lowest, highest, inOrder }
  const records = page.records.length
  const kept = stream.drift === 'evolve' ? page : null
  return { ...findings, read, entities, rejects, receivedAt, records, bytes: size + bytes.length, stream, page: kept }
}

/** Pages as one batch. */
export const toBatch = (stream: Stream, [first, ...rest]: readonly [Page, ...Page[]]): RowBatch =>
  joined(stream, [flattenPage(stream, first), ...rest.map(page => flattenPage(stream, page))])

/**
 * Pages as one batch. One key appears once: Postgres refuses to merge two rows into one, DuckDB keeps either. Of two
 * versions the newer by the stream's cursor stands, of two equals the later read.
 */
export function joined(stream: Stream, pages: readonly [FlatPage, ...FlatPage[]]): RowBatch {
  const entities = new Map<string, Entity>()
  const undeclared = new Map<string, number>()
  const mismatched = new Map<string, number>()
  let repeated = 0
  let read = 0
  let cleaned = 0
  let receivedAt = pages[0].receivedAt
  for (const page of pages) {
    receivedAt = later(receivedAt, page.receivedAt)
    read += page.records
    cleaned += page.cleaned
    add(page.undeclared, undeclared)
    add(page.mismatched, mismatched)
    for (const entity of page.entities) {
      const { key } = entity
      const known = entities.get(key)
      if (known) repeated += 1
      if (known && isOlder(entity, known)) continue
      // Deleted first, so that the map keeps the order of what was read last.
      if (known) entities.delete(key)
      entities.set(key, entity)
    }
  }
  const rejects = pages.flatMap(page => page.rejects)
  const reads = pages.map(page => page.read)
  return { stream, entities, rejects, reads, read, repeated, receivedAt, undeclared, mismatched, cleaned }
}

function add(counts: ReadonlyMap<string, number>, to: Map<string, number>): void {
  for (const [path, n] of counts) to.set(path, (to.get(path) ?? 0) + n)
}

const isOlder = (a: Entity, b: Entity): boolean => a.cursor !== null && b.cursor !== null && a.cursor < b.cursor
