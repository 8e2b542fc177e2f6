import { Interrupted } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import type { Counts, Instant, KeptReject, RowBatch, RunId } from '../common/model.ts'
import type { Destination, Rejects } from '../load/destination.ts'
import type { Step } from '../pipeline/commit.ts'
import { commit, type ScanOptions } from '../pipeline/pipeline.ts'
import type { Stream } from '../schema/stream.ts'
import { schemaHashOf } from '../schema/table.ts'
import { mergePages, singlePage } from '../transform/batch.ts'
import { decodeRecords } from '../transform/decode-page.ts'

export interface ReplayOptions extends Pick<ScanOptions, 'sleep'> {
  readonly destination: Destination & Rejects
  readonly run: RunId
  readonly now: () => Instant
}

/** What became of a stream's rejects. */
export interface Replayed extends Pick<Counts, 'added' | 'changed' | 'unchanged'> {
  readonly stream: string
  /** Before. */
  readonly rejects: number
  /** They still do not load, or their row knows more than they do. */
  readonly kept: number
}

/** Records in a commit; versions of one record from one source are never parted. */
const TOGETHER = 200

/** Key of the checkpoint of a replay: the stream's own stays as it is. */
const replayKey = (stream: Stream): string => `replay:${stream.name}`

/** Loads what was rejected once more, as this version and this configuration read it. */
export async function replayStream(stream: Stream, options: ReplayOptions, signal: AbortSignal): Promise<Replayed> {
  const { destination, run } = options
  const rejects = await destination.rejects(stream.name)
  let at = await destination.checkpoint(replayKey(stream))
  const total = { added: 0, changed: 0, unchanged: 0 }
  let replayed = 0
  async function* batches(): AsyncGenerator<RowBatch> {
    for (const some of grouped(rejects)) {
      if (signal.aborted) throw new Interrupted()
      const batch = await batchOf(stream, some, options)
      if (batch !== null) yield batch
    }
  }
  const step = (): Step => {
    const to = { ...at, version: at.version + 1, writer: run, scan: null, schemaHash: schemaHashOf(stream) }
    return { from: at, to }
  }
  for await (const { batch, committed, step: done } of commit(batches(), step, options, signal)) {
    at = done.to
    replayed += batch.replayed?.length ?? 0
    total.added += committed.added
    total.changed += committed.changed
    total.unchanged += committed.unchanged
  }
  return { stream: stream.name, rejects: rejects.length, ...total, kept: rejects.length - replayed }
}

function* grouped(rejects: readonly KeptReject[]): Generator<readonly KeptReject[]> {
  let group: KeptReject[] = []
  for (const reject of rejects) {
    const before = group.at(-1)
    const apart = before?.source !== reject.source || (group.length >= TOGETHER && before?.key !== reject.key)
    if (before && apart) {
      yield group
      group = []
    }
    group.push(reject)
  }
  if (group.length > 0) yield group
}

/** Those that are read without loss now, all of one source; null: none is. */
async function batchOf(stream: Stream, some: readonly KeptReject[], options: ReplayOptions): Promise<RowBatch | null> {
  const { destination, now } = options
  const records = await destination.rejectedRecords(some.map(({ fingerprint }) => fingerprint))
  const receivedAt = now()
  const read = some.flatMap(reject => {
    const record = records.get(reject.fingerprint)
    if (record === undefined) return []
    const decoded = decodeRecords(stream, [parseExact(record)])
    const [flat] = decoded.records
    return flat ? [{ reject, page: singlePage(decoded, receivedAt), key: flat.key }] : []
  })
  const newer = await destination.writtenSince(stream, new Map(read.map(({ key, reject }) => [key, reject.seenAt])))
  const loadable = read.filter(({ key }) => !newer.has(key))
  const [first, ...rest] = loadable.map(({ page }) => page)
  if (!first) return null
  const source = loadable[0]?.reject.source
  return {
    ...mergePages(stream, [first, ...rest]),
    replayed: loadable.map(({ reject }) => reject.fingerprint),
    ...(source ? { source } : {}),
  }
}
