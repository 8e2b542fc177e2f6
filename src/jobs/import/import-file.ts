import { Interrupted } from '../../common/errors.ts'
import type { Checkpoint, ExistingRow, Instant, Reject, RowBatch, RunId } from '../../common/model.ts'
import type { Destination, Inspection } from '../../load/destination.ts'
import { type CommitOptions, commitBatch } from '../../pipeline/commit.ts'
import type { Stream } from '../../schema/stream.ts'
import { schemaHashOf } from '../../schema/table.ts'
import { mergePages, singlePage } from '../../transform/batch.ts'
import { decodeRecords } from '../../transform/decode-page.ts'
import { redaction } from '../../transform/redact.ts'
import { unreadable } from './csv.ts'
import { pieces } from './csv-records.ts'
import type { Layout } from './headers.ts'
import { mayBeForgotten } from './retention.ts'

/** What a file came to, or would come to. */
export interface Imported {
  readonly layout: Layout
  readonly records: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  /** Left alone, because the row that is there came from the API. */
  readonly fromApi: number
  /** Left out, because the API serves such records itself. */
  readonly served: number
  readonly rejected: number
  /** The first few. */
  readonly rejects: readonly Reject[]
}

export interface ImportOptions extends Pick<CommitOptions, 'sleep'> {
  readonly destination: Destination & Inspection
  readonly run: RunId
  readonly now: Instant
}

/** Key of the checkpoint of an import: the stream's own stays as it is. */
export const importKey = (stream: Stream): string => `import:${stream.name}`

/** Records in one commit. */
const AT_ONCE = 1000
const SHOWN = 10

/** What the file would come to. Writes nothing. @throws {ConfigError} */
export function tryFile(
  stream: Stream,
  file: string,
  { destination, now }: Pick<ImportOptions, 'destination' | 'now'>,
  signal: AbortSignal,
): Promise<Imported> {
  return readFile(stream, file, now, signal, batch => judge(destination, batch))
}

/**
 * Reads the file to its end and loads nothing: one that breaks off, or in which too much is wrong, changes nothing.
 * @throws {ConfigError} where it is not one to load.
 */
export async function inspectFile(
  stream: Stream,
  file: string,
  now: Instant,
  maxRejects: number,
  signal: AbortSignal,
): Promise<void> {
  const found = await readFile(stream, file, now, signal, async () => ({ added: 0, changed: 0, fromApi: 0 }))
  if (found.rejected <= maxRejects) return
  const some = found.rejects.map(
    ({ key, path, reason }) => `${key ?? 'one without a key'}: ${path && `${path}: `}${reason}`,
  )
  const most = `${found.rejected} of ${found.records + found.rejected} records cannot be loaded, and max_rejects is ${maxRejects}`
  throw unreadable(file, null, `${most}:\n    ${some.join('\n    ')}`)
}

/** Loads the file, a thousand records to a commit. One that breaks off is found by `inspectFile`, before. @throws {ConfigError} */
export function loadFile(stream: Stream, file: string, options: ImportOptions, signal: AbortSignal): Promise<Imported> {
  const { destination, run, now } = options
  const schemaHash = schemaHashOf(stream)
  let at: Checkpoint | null = null
  return readFile(stream, file, now, signal, async batch => {
    const from = at ?? (await destination.checkpoint(importKey(stream)))
    const { fromApi } = await judge(destination, batch)
    const to = { ...from, version: from.version + 1, writer: run, schemaHash }
    const { added, changed } = await commitBatch(batch, { from, to }, options, signal)
    at = to
    return { added, changed, fromApi }
  })
}

type Outcome = Pick<Imported, 'added' | 'changed' | 'fromApi'>

async function readFile(
  stream: Stream,
  file: string,
  now: Instant,
  signal: AbortSignal,
  take: (batch: RowBatch) => Promise<Outcome>,
): Promise<Imported> {
  let layout: Layout | null = null
  let records: unknown[] = []
  let misshapen: Reject[] = []
  const sum = { records: 0, added: 0, changed: 0, fromApi: 0, served: 0, rejected: 0 }
  const rejects: Reject[] = []
  const flush = async (): Promise<void> => {
    if (signal.aborted) throw new Interrupted()
    if (records.length + misshapen.length === 0) return
    const batch = batchOf(stream, records, misshapen, now)
    ;[records, misshapen] = [[], []]
    const { added, changed, fromApi } = await take(batch)
    sum.records += batch.records.size
    sum.added += added
    sum.changed += changed
    sum.fromApi += fromApi
    sum.rejected += batch.rejects.length
    rejects.push(...batch.rejects.slice(0, SHOWN - rejects.length))
  }
  for await (const piece of pieces(stream, file)) {
    if (piece.is === 'layout') layout = piece.layout
    else if (piece.is === 'reject') misshapen.push(piece.reject)
    else if (mayBeForgotten(stream, piece.record)) records.push(piece.record)
    else sum.served += 1
    if (records.length + misshapen.length >= AT_ONCE) await flush()
  }
  await flush()
  if (layout === null) throw new Error(`${file}: no layout`)
  return { ...sum, layout, rejects, unchanged: sum.records - sum.added - sum.changed - sum.fromApi }
}

function batchOf(stream: Stream, records: readonly unknown[], misshapen: readonly Reject[], now: Instant): RowBatch {
  const batch = mergePages(stream, [singlePage(decodeRecords(stream, records), now)])
  return {
    ...batch,
    source: 'export',
    rejects: [...batch.rejects, ...misshapen.map(reject => hidden(stream, reject))],
    read: batch.read + misshapen.length,
  }
}

/** Which field of such a row is which cannot be told, so where one of the file's columns is protected all of them are. */
function hidden(stream: Stream, reject: Reject): Reject {
  const { columns = {}, elements = null } = stream.export ?? {}
  const read = [
    ...Object.keys(columns).map(name => stream.columns[name]),
    ...Object.keys(elements?.columns ?? {}).map(name => stream.children[elements?.child ?? '']?.columns[name]),
  ]
  const redact = read.some(column => column && column.policy !== 'keep') ? redaction(stream) : null
  if (redact === null) return reject
  const fields: unknown = JSON.parse(reject.record)
  return { ...reject, record: JSON.stringify(redact.of(fields, fields)) }
}

/** What a commit of the batch would do; the same rules as the merge's own. */
async function judge(destination: Inspection, { stream, records }: RowBatch): Promise<Outcome> {
  const existing = await destination.existingRows(stream, [...records.keys()])
  const outcome = { added: 0, changed: 0, fromApi: 0 }
  for (const [key, { cursor, hash }] of records) {
    const row = existing.get(key)
    if (row === undefined) outcome.added += 1
    else if (row.source === null) outcome.fromApi += 1
    else if (isTaken(row, cursor, String(hash))) outcome.changed += 1
  }
  return outcome
}

const isTaken = (row: ExistingRow, cursor: Instant | null, hash: string): boolean =>
  !row.deleted && row.hash !== hash && !(row.cursor !== null && cursor !== null && row.cursor > cursor)
