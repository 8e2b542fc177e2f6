import { parseExact } from '../common/exact-json.ts'
import type { Page, RunId } from '../common/model.ts'
import type { Destination, InferredColumns } from '../load/destination.ts'
import { type InferredColumn, inferredName, withInferred } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { extraOf, inferKinds, type Kinds } from '../transform/infer-kinds.ts'
import { type BackfillColumnsOptions, backfillColumns } from './backfill-columns.ts'
import type { StreamStats } from './stream-stats.ts'

/** Inferred columns that a table gets at most. An object whose member names are ids would make one column for each id. */
const MOST_COLUMNS = 100

/** The stream with the columns that earlier runs inferred for it. After this they exist in the destination. */
export async function withInferredColumns(
  declared: Stream,
  destination: Destination & InferredColumns,
): Promise<Stream> {
  const inferred = await destination.inferredColumns(declared.name)
  const stream = withInferred(declared, inferred)
  // An interrupted run may have recorded a column without creating it.
  if (stream !== declared) await destination.prepare(allTables(stream))
  return stream
}

/** At least one page. */
export type PageGroup = readonly [Page, ...Page[]]

/** Pages, decoded for the columns of `stream`. */
export interface DecodedGroup {
  readonly stream: Stream
  readonly pages: PageGroup
}

export interface EvolveOptions extends BackfillColumnsOptions {
  readonly destination: Destination & InferredColumns
  readonly run: RunId
}

/**
 * With `drift: evolve`, adds a column for each unknown field that has a value in a group, and decodes the group again so
 * that the column holds the values. With any other `drift` it passes the groups on unchanged.
 */
export async function* evolve(
  groups: AsyncIterable<PageGroup>,
  declared: Stream,
  options: EvolveOptions,
  stats: StreamStats,
  signal: AbortSignal,
): AsyncGenerator<DecodedGroup> {
  let stream = declared
  for await (const pages of groups) {
    if (declared.drift !== 'evolve') {
      yield { stream, pages }
      continue
    }
    // The source decodes pages for the columns that the stream had at the start of the scan.
    const current = stream === declared ? pages : await decodeAgain(pages, stream)
    const evolved = await withNewColumns(stream, current, options, stats, signal)
    yield { stream: evolved, pages: evolved === stream ? current : await decodeAgain(pages, evolved) }
    stream = evolved
  }
}

async function decodeAgain([first, ...rest]: PageGroup, stream: Stream): Promise<PageGroup> {
  const decode = async (page: Page): Promise<Page> => ({
    ...page,
    decoded: (await page.decoded.decodeAgain?.(stream)) ?? page.decoded,
  })
  return [await decode(first), ...(await Promise.all(rest.map(decode)))]
}

/** The kind of a new column takes every value that its field has in these pages and in the tables. */
async function withNewColumns(
  stream: Stream,
  pages: PageGroup,
  options: EvolveOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<Stream> {
  const kinds: Kinds = new Map()
  for (const { decoded } of pages)
    for (const record of decoded.stats.unknownFields.size === 0 ? [] : decoded.records) {
      const extra = extraOf(record, stream)
      if (extra !== null) inferKinds(kinds, stream, parseExact(extra))
    }
  if (!hasRoom(stream, kinds)) return stream
  await widen(kinds, stream, options.destination)
  const inferred = columnsFor(stream, kinds)
  if (inferred.length === 0) return stream
  await options.destination.keepInferredColumns(stream.name, inferred, options.run, options.source.clock())
  const evolved = withInferred(stream, inferred)
  await options.destination.prepare(allTables(evolved))
  await backfillColumns(evolved, options, signal)
  stats.inferred(inferred)
  return evolved
}

/** Whether a table of one of these fields may still get a column. */
const hasRoom = (stream: Stream, kinds: Kinds): boolean =>
  [...kinds].some(([table, fields]) => fields.size > 0 && inferredIn(stream, table) < MOST_COLUMNS)

const inferredIn = (stream: Stream, table: string): number =>
  allTables(stream)
    .find(({ name }) => name === table)
    ?.columns.filter(({ inferred }) => inferred).length ?? 0

/** Widens the kinds so that they take the values that `_extra` of loaded rows has for the same fields. */
async function widen(kinds: Kinds, stream: Stream, destination: InferredColumns): Promise<void> {
  const all: Kinds = new Map([...kinds].map(([table, fields]) => [table, new Map(fields)]))
  let after: readonly string[] | null = null
  for (;;) {
    const found: Awaited<ReturnType<InferredColumns['rowsWithExtra']>> = await destination.rowsWithExtra(stream, after)
    const last = found.at(-1)
    if (!last) break
    for (const { extra } of found) inferKinds(all, stream, parseExact(extra))
    after = last.key
  }
  for (const [table, fields] of kinds)
    for (const path of fields.keys()) fields.set(path, all.get(table)?.get(path) ?? 'json')
}

function columnsFor(stream: Stream, kinds: Kinds): InferredColumn[] {
  return allTables(stream).flatMap(({ name: table, columns }) => {
    const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
    const fields = [...(kinds.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return fields.slice(0, MOST_COLUMNS - inferredIn(stream, table)).map(([path, kind]) => {
      const column = inferredName(path, taken)
      taken.add(column)
      return { table, column, path, kind }
    })
  })
}
