import { ContractError, Interrupted, SourceError } from '../common/errors.ts'
import { justBefore } from '../common/instant.ts'
import type { Checkpoint, Instant, RunId } from '../common/model.ts'
import { presenceOfSweep } from '../pipeline/deletions.ts'
import { commit, refuseTooMany, type WalkOptions } from '../pipeline/pipeline.ts'
import { prefetch } from '../pipeline/prefetch.ts'
import { newWalk } from '../pipeline/scan.ts'
import { refuseUndeclared } from '../pipeline/schema-drift.ts'
import type { Tally } from '../pipeline/stream-stats.ts'
import type { Kind, Stream } from '../schema/stream.ts'
import { type FlatPage, flattenInTurn, joined } from '../transform/batch.ts'

export interface Swept {
  readonly at: Checkpoint
  /** When it began; null: it did not come to its end, so nothing may be concluded. */
  readonly began: Instant | null
}

/**
 * Lists all records of a kind and notes which are there. Every page is committed under the stream's own checkpoint, whose
 * watermark stays; what is gone is marked at the end of the walk that follows, which knows what became of a record that
 * left the list alive. One that is broken off is begun again by the next run.
 */
export async function sweep(
  stream: Stream,
  kind: Kind,
  from: Checkpoint,
  options: WalkOptions & { readonly run: RunId },
  tally: Tally,
  signal: AbortSignal,
): Promise<Swept> {
  const { source, readable, run } = options
  const began = justBefore(source.clock())
  // Read like a stream without a cursor: by id, because an id does not move while the pages are read.
  const listed: Stream = {
    ...stream,
    sync: { mode: 'full' },
    sort: 'id-asc',
    parameters: { ...stream.parameters, [kind.column]: kind.value },
  }
  const walk = newWalk({ since: null, until: null }, began)
  const { traffic } = tally
  let at = from
  async function* read(stop: AbortSignal): AsyncGenerator<FlatPage> {
    const reading = { readable, newestFirst: false, traffic, signal: stop, expected: () => null }
    for await (const page of source.pages(listed, walk, reading)) yield await flattenInTurn(stream, page)
  }
  try {
    for await (const pages of prefetch(read, signal)) {
      const batch = joined(stream, pages)
      refuseTooMany(batch, tally, options.maxRejects)
      refuseUndeclared(batch)
      const to = { ...at, version: at.version + 1, writer: run }
      const committed = await commit(batch, at, to, presenceOfSweep(began, at === from, batch), options, signal)
      tally.swept(batch, committed)
      at = to
    }
  } catch (error) {
    if (!isPassing(error)) throw error
    // The walk is worth more than the sweep: what it reads is right without it.
    traffic.remarks.push({
      code: 'sweep_failed',
      message: `the list of ${kind.column} ${kind.value} could not be read whole, so none of those is marked as deleted: ${error.message}`,
      next: 'The next run tries again; if it stays, please report it.',
    })
    return { at, began: null }
  }
  if (signal.aborted) throw new Interrupted()
  return { at, began }
}

/** Trouble with this one list, and with nothing else. */
const isPassing = (error: unknown): error is SourceError | ContractError =>
  (error instanceof SourceError && error.reaction !== 'stop') ||
  (error instanceof ContractError && error.code === 'stream_contract')
