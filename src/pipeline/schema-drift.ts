import { ContractError } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import type { Page, RowBatch, RunId } from '../common/model.ts'
import type { Destination, InferredColumns } from '../load/destination.ts'
import { type InferredColumn, inferredName, withInferred } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { extraOf, inferInto, type Kinds } from '../transform/infer-kinds.ts'
import { type BackfillColumnsOptions, backfillColumns } from './backfill-columns.ts'
import type { StreamStats } from './stream-stats.ts'

/** Columns that a table gets by itself at most: an object whose members are keys would make one for each. */
const MOST = 100

/** The stream with the columns that earlier runs made for it, all of which are there. */
export async function withInferredColumns(
  declared: Stream,
  destination: Destination & InferredColumns,
): Promise<Stream> {
  const inferred = await destination.inferredColumns(declared.name)
  const stream = withInferred(declared, inferred)
  // A run that broke off may have keysRecorded a column and not made it.
  if (stream !== declared) await destination.prepare(allTables(stream))
  return stream
}

/** With `drift: fail`, before the commit: the checkpoint stays in front of what has the field. @throws {ContractError} */
export function refuseUnknownFields({ stream, stats: { unknownFields } }: RowBatch): void {
  if (stream.drift !== 'fail' || unknownFields.size === 0) return
  const paths = [...unknownFields].map(([path, n]) => `${path} (${n})`).sort()
  throw new ContractError(
    'undeclared',
    `records have fields that are not declared: ${paths.join(', ')}`,
    'Nothing of this batch was written, and drift is fail. Look for a newer version, or set drift to capture or evolve.',
  )
}

/** At least one page. */
export type PageGroup = readonly [Page, ...Page[]]

/** Pages whose records are rows of this version of the stream. */
export interface DecodedGroup {
  readonly stream: Stream
  readonly pages: PageGroup
}

export interface EvolveOptions extends BackfillColumnsOptions {
  readonly destination: Destination & InferredColumns
  readonly run: RunId
}

/**
 * With `drift: evolve`: a column for each undeclared field that a group has a value for, and its values in it. Without it
 * the groups pass as they are.
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
    // Pages are decoded for the stream as it was when the scan began.
    const current = stream === declared ? pages : await decodeAgain(pages, stream)
    const evolved = await withNewColumns(stream, current, options, stats, signal)
    yield { stream: evolved, pages: evolved === stream ? current : await decodeAgain(pages, evolved) }
    stream = evolved
  }
}

async function decodeAgain([first, ...rest]: PageGroup, stream: Stream): Promise<PageGroup> {
  const again = async (page: Page): Promise<Page> => ({
    ...page,
    decoded: (await page.decoded.again?.(stream)) ?? page.decoded,
  })
  return [await again(first), ...(await Promise.all(rest.map(again)))]
}

/** A new column is of a kind that takes every value of its field in these pages and in the tables so far. */
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
      if (extra !== null) inferInto(kinds, stream, parseExact(extra))
    }
  if (room(stream, kinds) === 0) return stream
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

/** How many of the fields may have a column still. */
function room(stream: Stream, kinds: Kinds): number {
  let sum = 0
  for (const [table, fields] of kinds) sum += Math.min(fields.size, MOST - inferredIn(stream, table))
  return sum
}

const inferredIn = (stream: Stream, table: string): number =>
  allTables(stream)
    .find(({ name }) => name === table)
    ?.columns.filter(({ inferred }) => inferred).length ?? 0

/** By what the tables have of the same fields. */
async function widen(kinds: Kinds, stream: Stream, destination: InferredColumns): Promise<void> {
  const all: Kinds = new Map([...kinds].map(([table, fields]) => [table, new Map(fields)]))
  let after: readonly string[] | null = null
  for (;;) {
    const found: Awaited<ReturnType<InferredColumns['rowsWithExtra']>> = await destination.rowsWithExtra(stream, after)
    const last = found.at(-1)
    if (!last) break
    for (const { extra } of found) inferInto(all, stream, parseExact(extra))
    after = last.key
  }
  for (const [table, fields] of kinds)
    for (const path of fields.keys()) fields.set(path, all.get(table)?.get(path) ?? 'json')
}

function columnsFor(stream: Stream, kinds: Kinds): InferredColumn[] {
  return allTables(stream).flatMap(({ name: table, columns }) => {
    const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
    const fields = [...(kinds.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return fields.slice(0, MOST - inferredIn(stream, table)).map(([path, kind]) => {
      const column = inferredName(path, taken)
      taken.add(column)
      return { table, column, path, kind }
    })
  })
}
