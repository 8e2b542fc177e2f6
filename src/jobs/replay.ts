import { Interrupted } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import type { Checkpoint, Counts, Instant, KeptReject, Page, RunId } from '../common/model.ts'
import type { Destination } from '../load/destination.ts'
import { repeat, type WalkOptions } from '../pipeline/pipeline.ts'
import type { Stream } from '../schema/stream.ts'
import { shapeOf } from '../schema/table.ts'
import { type FlatPage, flattenPage, joined } from '../transform/batch.ts'

export interface ReplayOptions extends Pick<WalkOptions, 'sleep'> {
  readonly destination: Destination
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
  let kept = 0
  for (const group of grouped(rejects)) {
    if (signal.aborted) throw new Interrupted()
    const pages = await loadable(stream, group, options)
    kept += group.length - pages.length
    const [first, ...rest] = pages.map(({ page }) => page)
    if (!first) continue
    const replayed = pages.map(({ reject }) => reject.fingerprint)
    const { source } = pages[0]?.reject ?? {}
    const batch = { ...joined(stream, [first, ...rest]), replayed, ...(source ? { source } : {}) }
    const to: Checkpoint = { ...at, version: at.version + 1, writer: run, walk: null, shape: shapeOf(stream) }
    const counts = await repeat(
      async again => {
        if (again) {
          const { version, writer } = await destination.checkpoint(to.stream)
          const counts = version === to.version && writer === run ? await destination.lastCounts(to.stream) : null
          if (counts) return counts
        }
        return await destination.commit(batch, at, to)
      },
      options,
      signal,
    )
    at = to
    total.added += counts.added
    total.changed += counts.changed
    total.unchanged += counts.unchanged
  }
  return { stream: stream.name, rejects: rejects.length, ...total, kept }
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

/** Those that are read without loss now, each as a page of its own. */
async function loadable(
  stream: Stream,
  group: readonly KeptReject[],
  { destination, now }: ReplayOptions,
): Promise<{ readonly reject: KeptReject; readonly page: FlatPage }[]> {
  const records = await destination.rejectedRecords(group.map(({ fingerprint }) => fingerprint))
  const receivedAt = now()
  const read = group.flatMap(reject => {
    const record = records.get(reject.fingerprint)
    if (record === undefined) return []
    const page = flattenPage(stream, pageOf(parseExact(record), receivedAt))
    const [entity] = page.entities
    return entity ? [{ reject, page, key: entity.key }] : []
  })
  const seen = new Map(read.map(({ key, reject }) => [key, reject.seenAt]))
  const newer = await destination.writtenSince(stream, seen)
  return read.filter(({ key }) => !newer.has(key))
}

const pageOf = (record: unknown, receivedAt: Instant): Page => {
  const range = { id: 0, since: null, until: null }
  return { records: [record], receivedAt, range: 0, ranges: [range], resume: null, last: true, restarted: false }
}
