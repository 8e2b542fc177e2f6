import type { Presence } from '../common/absence.ts'
import { ContractError } from '../common/errors.ts'
import type { Checkpoint, Committed, RowBatch } from '../common/model.ts'
import { repeat } from '../common/retry.ts'
import type { Source } from '../extract/source.ts'
import type { Destination } from '../load/destination.ts'
import type { Readable, Stream } from '../schema/stream.ts'
import { type FlatPage, flattenInTurn, joined } from '../transform/batch.ts'
import { bodyReader } from '../transform/scanner/page.ts'
import { advance, isComplete, type Pass } from './checkpoint.ts'
import { presenceOf } from './deletions.ts'
import { prefetch } from './prefetch.ts'
import { evolve, refuseUndeclared } from './schema-drift.ts'
import { problemOf, type Tally } from './stream-stats.ts'

export interface WalkOptions {
  readonly source: Source
  readonly destination: Destination
  readonly readable: Readable
  /** Every version of the stream is kept. */
  readonly isVersioned: (stream: Stream) => boolean
  /** Rejected records that a stream may have in one run. */
  readonly maxRejects: number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export { repeat } from '../common/retry.ts'

/** The pipeline: pages become batches, and each batch is committed with the checkpoint that it justifies. */
export async function walkStream(first: Pass, options: WalkOptions, tally: Tally, signal: AbortSignal): Promise<void> {
  const { source, readable, isVersioned } = options
  const { newestFirst } = first
  let { stream } = first
  let pass = first
  tally.began(pass)
  const counting = expect(first, options, tally, signal)
  // Flattened as they come: rows in bytes wait with a tenth of the memory that parsed records take.
  async function* read(stop: AbortSignal): AsyncGenerator<FlatPage> {
    const { traffic } = tally
    const expected = () => tally.expected
    const options = { readable, newestFirst, traffic, signal: stop, expected, readBody: bodyReader(stream) }
    for await (const page of source.pages(first.stream, first.walk, options)) yield await flattenInTurn(stream, page)
  }
  try {
    for await (const taken of prefetch(read, signal)) {
      let pages: readonly [FlatPage, ...FlatPage[]] = taken
      if (stream.drift === 'evolve') {
        const evolved = await evolve(stream, taken, { ...options, run: first.run }, tally, signal)
        ;({ stream, pages } = evolved)
        pass = { ...pass, stream }
      }
      for (const group of isVersioned(stream) ? singly(pages) : [pages]) {
        const batch = joined(stream, group)
        const next = advance(pass, batch)
        refuseUndeclared(batch)
        refuseTooMany(batch, tally, options.maxRejects)
        const presence = presenceOf(pass, next, batch)
        const committed = await commit(batch, pass.at, next.at, presence, options, signal)
        tally.committed(batch, committed, next)
        pass = next
      }
    }
  } finally {
    await counting.stop()
  }
  if (!isComplete(pass)) throw new Error(`${stream.name}: the walk ended before it was complete`)
}

/** Of two versions in one batch only the newer would stand; a record edited during the walk comes on a later page. */
const singly = (pages: readonly [FlatPage, ...FlatPage[]]): [FlatPage][] => pages.map(page => [page])

/** On a first walk, asks the API how much there is: for the time left, and for how finely to divide the window. */
function expect(
  { stream, base, resumed, walk }: Pass,
  { source }: WalkOptions,
  tally: Tally,
  signal: AbortSignal,
): { stop: () => Promise<void> } {
  if (base !== null || resumed || stream.count === null) return { stop: async () => {} }
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal])
  const asking = source.count(stream, walk.window.since, tally.traffic, either).then(
    counted => {
      tally.expected = counted
    },
    error => {
      // Without a count the run only knows less beforehand; a bug is a bug all the same.
      if (!problemOf(error)) throw error
    },
  )
  return {
    stop: () => {
      enough.abort()
      return asking
    },
  }
}

/** Before the commit, so that the checkpoint stays and the next version of this program reads the records again. */
export function refuseTooMany({ rejects }: RowBatch, tally: Tally, most: number): void {
  const [first] = rejects
  if (first === undefined || tally.counts.rejected + rejects.length <= most) return
  throw new ContractError(
    'too_many_rejects',
    `more than ${most} records cannot be loaded, such as ${first.key ?? 'one without a key'}: ${first.path}: ${first.reason}`,
    'The API changed a type. The checkpoint stands before these records. Please report it, or raise max_rejects.',
  )
}

/** A lost connection leaves open whether the commit stands: the checkpoint knows. */
export function commit(
  batch: RowBatch,
  from: Checkpoint,
  to: Checkpoint,
  presence: Presence | undefined,
  options: Pick<WalkOptions, 'destination' | 'sleep'>,
  signal: AbortSignal,
): Promise<Committed> {
  const { destination } = options
  return repeat(
    async again => {
      if (again) {
        const { version, writer } = await destination.checkpoint(to.stream)
        const counts = version === to.version && writer === to.writer ? await destination.lastCounts(to.stream) : null
        if (counts) return counts
      }
      return await destination.commit(batch, from, to, presence)
    },
    options,
    signal,
  )
}
