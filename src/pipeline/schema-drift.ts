import { ContractError } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import type { RowBatch, RunId } from '../common/model.ts'
import type { Destination } from '../load/destination.ts'
import { type LearntColumn, learntName, withLearnt } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import { type FlatPage, flattenPage } from '../transform/batch.ts'
import { extraOf, inferInto, type Kinds } from '../transform/infer-columns.ts'
import { type FillOptions, fillStream } from './backfill-columns.ts'
import type { Tally } from './stream-stats.ts'

/** Columns that a table gets by itself at most: an object whose members are keys would make one for each. */
const MOST = 100

/** The stream with the columns that earlier runs made for it, all of which are there. */
export async function learntStream(declared: Stream, destination: Destination): Promise<Stream> {
  const learnt = await destination.learnt(declared.name)
  const stream = withLearnt(declared, learnt)
  // A run that broke off may have noted a column and not made it.
  if (stream !== declared) await destination.prepare(allTables(stream))
  return stream
}

/** With `drift: fail`, before the commit: the checkpoint stays in front of what has the field. @throws {ContractError} */
export function refuseUndeclared({ stream, undeclared }: RowBatch): void {
  if (stream.drift !== 'fail' || undeclared.size === 0) return
  const paths = [...undeclared].map(([path, n]) => `${path} (${n})`).sort()
  throw new ContractError(
    'undeclared',
    `records have fields that are not declared: ${paths.join(', ')}`,
    'Nothing of this batch was written, and drift is fail. Look for a newer version, or set drift to capture or evolve.',
  )
}

export interface EvolveOptions extends FillOptions {
  readonly run: RunId
}

/**
 * With `drift: evolve`, a column for each undeclared field that these pages have a value for, of a kind that takes every
 * value of it in them and in the tables so far, and those values in it.
 * @returns the stream with the columns, and the pages as rows of it.
 */
export async function evolve(
  stream: Stream,
  pages: readonly [FlatPage, ...FlatPage[]],
  options: EvolveOptions,
  tally: Tally,
  signal: AbortSignal,
): Promise<{ readonly stream: Stream; readonly pages: readonly [FlatPage, ...FlatPage[]] }> {
  const [first, ...rest] = pages
  const all = (of: Stream): readonly [FlatPage, ...FlatPage[]] => [
    under(of, first),
    ...rest.map(page => under(of, page)),
  ]
  const current = all(stream)
  const kinds: Kinds = new Map()
  for (const page of current)
    for (const entity of page.undeclared.size === 0 ? [] : page.entities) {
      const extra = extraOf(entity, stream)
      if (extra !== null) inferInto(kinds, stream, parseExact(extra))
    }
  if (room(stream, kinds) === 0) return { stream, pages: current }
  await widen(kinds, stream, options.destination)
  const learnt = columnsFor(stream, kinds)
  if (learnt.length === 0) return { stream, pages: current }
  await options.destination.learn(stream.name, learnt, options.run, options.source.clock())
  const evolved = withLearnt(stream, learnt)
  await options.destination.prepare(allTables(evolved))
  await fillStream(evolved, options, signal)
  tally.learnt(learnt)
  return { stream: evolved, pages: all(evolved) }
}

/** A page that was read as rows of the stream before it had its newest columns is read once more. */
const under = (stream: Stream, page: FlatPage): FlatPage =>
  page.stream === stream || page.page === null ? page : flattenPage(stream, page.page)

/** How many of the fields may have a column still. */
function room(stream: Stream, kinds: Kinds): number {
  let sum = 0
  for (const [table, fields] of kinds) sum += Math.min(fields.size, MOST - learntIn(stream, table))
  return sum
}

const learntIn = (stream: Stream, table: string): number =>
  allTables(stream)
    .find(({ name }) => name === table)
    ?.columns.filter(({ learnt }) => learnt).length ?? 0

/** By what the tables have of the same fields. */
async function widen(kinds: Kinds, stream: Stream, destination: Destination): Promise<void> {
  const all: Kinds = new Map([...kinds].map(([table, fields]) => [table, new Map(fields)]))
  let after: readonly string[] | null = null
  for (;;) {
    const found: Awaited<ReturnType<Destination['extras']>> = await destination.extras(stream, after)
    const last = found.at(-1)
    if (!last) break
    for (const { extra } of found) inferInto(all, stream, parseExact(extra))
    after = last.key
  }
  for (const [table, fields] of kinds)
    for (const path of fields.keys()) fields.set(path, all.get(table)?.get(path) ?? 'json')
}

function columnsFor(stream: Stream, kinds: Kinds): LearntColumn[] {
  return allTables(stream).flatMap(({ name: table, columns }) => {
    const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
    const fields = [...(kinds.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return fields.slice(0, MOST - learntIn(stream, table)).map(([path, kind]) => {
      const column = learntName(path, taken)
      taken.add(column)
      return { table, column, path, kind }
    })
  })
}
