import { Interrupted } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import type { Checkpoint, Counts, Instant, KeptReject, RowBatch, RunId } from '../common/model.ts'
import type { RetryOptions } from '../common/retry-destination.ts'
import type { Destination, Rejects } from '../load/destination.ts'
import { commit, type Step } from '../pipeline/commit.ts'
import type { Stream } from '../schema/stream.ts'
import { schemaHashOf } from '../schema/table.ts'
import { mergePages, singlePage } from '../transform/batch.ts'
import { decodeRecords } from '../transform/decode-page.ts'

export interface ReplayOptions extends RetryOptions {
  readonly destination: Destination & Rejects
  readonly run: RunId
  readonly now: () => Instant
}

/** The result of a replay of one stream's rejects. */
export interface Replayed extends Pick<Counts, 'added' | 'changed' | 'unchanged' | 'older'> {
  readonly stream: string
  /** Rejects before the replay. */
  readonly rejects: number
  /** Rejects after the replay: they still do not load, or their row is newer. */
  readonly kept: number
}

/** Rejects in one commit, or a few more: versions of one record from one source are never in two commits. */
const REJECTS_IN_COMMIT = 200

/** Key of the checkpoint of a replay. The stream's own does not change. */
const replayKey = (stream: Stream): string => `replay:${stream.name}`

/** Loads a stream's rejects again, with the declarations of this version and the current configuration. */
export async function replayStream(stream: Stream, options: ReplayOptions, signal: AbortSignal): Promise<Replayed> {
  const { destination, run } = options
  const rejects = await destination.rejects(stream.name)
  const start = await destination.checkpoint(replayKey(stream))
  const total = { added: 0, changed: 0, unchanged: 0, older: 0 }
  let replayed = 0
  async function* batches(): AsyncGenerator<RowBatch> {
    for (const rejectGroup of groupsOf(rejects)) {
      if (signal.aborted) throw new Interrupted()
      const batch = await batchOf(stream, rejectGroup, options)
      if (batch !== null) yield batch
    }
  }
  const stepOf = (from: Checkpoint): Step<Checkpoint> => {
    const to = { ...from, version: from.version + 1, writer: run, scan: null, schemaHash: schemaHashOf(stream) }
    return { from, to, state: to }
  }
  for await (const { batch, result } of commit(batches(), start, stepOf, options, signal)) {
    replayed += batch.replayed?.length ?? 0
    total.added += result.added
    total.changed += result.changed
    total.unchanged += result.unchanged
    total.older += result.older
  }
  return { stream: stream.name, rejects: rejects.length, ...total, kept: rejects.length - replayed }
}

function* groupsOf(rejects: readonly KeptReject[]): Generator<readonly KeptReject[]> {
  let group: KeptReject[] = []
  for (const reject of rejects) {
    const before = group.at(-1)
    const mayPart =
      before?.source !== reject.source || (group.length >= REJECTS_IN_COMMIT && before?.key !== reject.key)
    if (before && mayPart) {
      yield group
      group = []
    }
    group.push(reject)
  }
  if (group.length > 0) yield group
}

/** The rejects of one source that can now be loaded without loss; null: there are none. */
async function batchOf(
  stream: Stream,
  rejects: readonly KeptReject[],
  options: ReplayOptions,
): Promise<RowBatch | null> {
  const { destination, now } = options
  const records = await destination.rejectedRecords(rejects.map(({ fingerprint }) => fingerprint))
  const receivedAt = now()
  const decodable = rejects.flatMap(reject => {
    const record = records.get(reject.fingerprint)
    if (record === undefined) return []
    const decoded = decodeRecords(stream, [parseExact(record)])
    const [flat] = decoded.records
    return flat ? [{ reject, page: singlePage(decoded, receivedAt), key: flat.key }] : []
  })
  const newer = await destination.writtenSince(
    stream,
    new Map(decodable.map(({ key, reject }) => [key, reject.seenAt])),
  )
  const loadable = decodable.filter(({ key }) => !newer.has(key))
  const [first, ...rest] = loadable.map(({ page }) => page)
  if (!first) return null
  const source = loadable[0]?.reject.source
  return {
    ...mergePages(stream, [first, ...rest]),
    replayed: loadable.map(({ reject }) => reject.fingerprint),
    ...(source ? { source } : {}),
  }
}
