import { ConfigError, Interrupted } from '../../common/errors.ts'
import { earlier, later, latestPast } from '../../common/instant.ts'
import type { Checkpoint, ExistingRow, Instant, Reject, RowBatch, RunId } from '../../common/model.ts'
import type { RetryOptions } from '../../common/retry-destination.ts'
import type { Destination } from '../../load/destination.ts'
import type { Inspection } from '../../load/inspection.ts'
import { commitBatch } from '../../pipeline/commit.ts'
import type { Stream } from '../../schema/stream.ts'
import { schemaHashOf } from '../../schema/table.ts'
import { mergePages, singlePage } from '../../transform/batch.ts'
import { decodeRecords } from '../../transform/decode-page.ts'
import { redaction } from '../../transform/redact.ts'
import { readRecords } from './csv-records.ts'
import type { Layout } from './headers.ts'
import { ageOf, mayBePastRetention } from './retention.ts'

/** The result of an import, or of a dry run. */
export interface Imported {
  readonly layout: Layout
  readonly records: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  /** Records whose row came from the API, so they were not loaded. */
  readonly fromApi: number
  /** Records that were left out because the API serves such records itself. */
  readonly served: number
  readonly rejected: number
  /** The first few rejects. */
  readonly rejects: readonly Reject[]
  /** Paths of values that do not fit their columns, with the number of records. */
  readonly mismatched: readonly (readonly [path: string, records: number])[]
  /** The oldest and the newest record of the file, by the column of the retention; null: none has it. */
  readonly oldest: Instant | null
  readonly newest: Instant | null
  /** The keys of all records of the file, rejected ones included; null: they were not asked for. */
  readonly keys: ReadonlySet<string> | null
}

export interface ImportOptions extends RetryOptions {
  readonly destination: Destination & Inspection
  readonly run: RunId
  readonly now: Instant
}

/** Key of the checkpoint of an import. The stream's own does not change. */
export const importKey = (stream: Stream): string => `import:${stream.name}`

/** Records in one commit. */
const RECORDS_IN_COMMIT = 1000
/** Rejects that the result lists. */
const SHOWN_REJECTS = 10

/** A dry run: what an import of the file would do. Writes nothing. @throws {ConfigError} */
export function tryFile(
  stream: Stream,
  file: string,
  { destination, now, withKeys }: Pick<ImportOptions, 'destination' | 'now'> & { readonly withKeys: boolean },
  signal: AbortSignal,
): Promise<Imported> {
  return readFile(stream, file, { now, withKeys }, signal, batch => expectedResult(destination, batch))
}

export interface InspectOptions {
  readonly now: Instant
  readonly maxRejects: number
  /** The result is to have the keys of all records. */
  readonly withKeys: boolean
}

/**
 * Reads the file to its end without loading it, so that a file with an error, or with too many rejects, changes nothing.
 * @throws {ConfigError} if the file must not be loaded.
 */
export async function inspectFile(
  stream: Stream,
  file: string,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Imported> {
  const found = await readFile(stream, file, options, signal, async () => ({ added: 0, changed: 0, fromApi: 0 }))
  const { maxRejects } = options
  if (found.rejected <= maxRejects) return found
  const examples = found.rejects.map(
    ({ key, path, reason }) => `${key ?? 'one without a key'}: ${path && `${path}: `}${reason}`,
  )
  const summary = `${found.rejected} of ${found.records + found.rejected} records cannot be loaded, and max_rejects is ${maxRejects}`
  throw new ConfigError(
    file,
    [`${summary}; the first of them:`, ...examples].map(message => ({ path: '', line: null, message })),
  )
}

/** Loads a file that `inspectFile` has accepted, a thousand records in each commit. @throws {ConfigError} */
export function loadFile(stream: Stream, file: string, options: ImportOptions, signal: AbortSignal): Promise<Imported> {
  const { destination, run, now } = options
  const schemaHash = schemaHashOf(stream)
  let last: Checkpoint | null = null
  return readFile(stream, file, { now, withKeys: false }, signal, async batch => {
    const from = last ?? (await destination.checkpoint(importKey(stream)))
    const { fromApi } = await expectedResult(destination, batch)
    const to = { ...from, version: from.version + 1, writer: run, schemaHash }
    const { added, changed } = await commitBatch(batch, { from, to }, options, signal)
    last = to
    return { added, changed, fromApi }
  })
}

type BatchResult = Pick<Imported, 'added' | 'changed' | 'fromApi'>

async function readFile(
  stream: Stream,
  file: string,
  { now, withKeys }: Pick<InspectOptions, 'now' | 'withKeys'>,
  signal: AbortSignal,
  load: (batch: RowBatch) => Promise<BatchResult>,
): Promise<Imported> {
  let layout: Layout | null = null
  let records: unknown[] = []
  let rowRejects: Reject[] = []
  const sum = { records: 0, added: 0, changed: 0, fromApi: 0, served: 0, rejected: 0 }
  const rejects: Reject[] = []
  const mismatched = new Map<string, number>()
  const keys = withKeys ? new Set<string>() : null
  let [oldest, newest]: [Instant | null, Instant | null] = [null, null]
  const flush = async (): Promise<void> => {
    if (signal.aborted) throw new Interrupted()
    if (records.length + rowRejects.length === 0) return
    const batch = batchOf(stream, records, rowRejects, now)
    ;[records, rowRejects] = [[], []]
    const { added, changed, fromApi } = await load(batch)
    sum.records += batch.records.size
    sum.added += added
    sum.changed += changed
    sum.fromApi += fromApi
    sum.rejected += batch.rejects.length
    for (const [path, n] of batch.stats.mismatched) mismatched.set(path, (mismatched.get(path) ?? 0) + n)
    rejects.push(...batch.rejects.slice(0, SHOWN_REJECTS - rejects.length))
    if (keys)
      for (const key of [...batch.records.keys(), ...batch.rejects.map(reject => reject.key ?? '')]) keys.add(key)
  }
  for await (const item of readRecords(stream, file)) {
    if (item.kind === 'layout') layout = item.layout
    else if (item.kind === 'reject') rowRejects.push(item.reject)
    else if (mayBePastRetention(stream, item.record)) {
      records.push(item.record)
      const at = ageOf(stream, item.record)
      if (at !== null) [oldest, newest] = [earlier(oldest ?? at, at), later(newest ?? at, at)]
    } else sum.served += 1
    if (records.length + rowRejects.length >= RECORDS_IN_COMMIT) await flush()
  }
  await flush()
  if (layout === null) throw new Error(`${file}: no layout`)
  return {
    ...sum,
    layout,
    rejects,
    mismatched: [...mismatched].sort(),
    oldest,
    newest,
    keys,
    unchanged: sum.records - sum.added - sum.changed - sum.fromApi,
  }
}

function batchOf(stream: Stream, records: readonly unknown[], rowRejects: readonly Reject[], now: Instant): RowBatch {
  const batch = mergePages(stream, [singlePage(decodeRecords(stream, records), now)])
  return {
    ...batch,
    source: 'export',
    rejects: [...batch.rejects, ...rowRejects.map(reject => redacted(stream, reject))],
    read: batch.read + rowRejects.length,
  }
}

/** It is not known which field of such a row is which, so if one of the file's columns is protected, all fields are redacted. */
function redacted(stream: Stream, reject: Reject): Reject {
  const { columns = {}, elements = null } = stream.export ?? {}
  const columnsRead = [
    ...Object.keys(columns).map(name => stream.columns[name]),
    ...Object.keys(elements?.columns ?? {}).map(name => stream.children[elements?.child ?? '']?.columns[name]),
  ]
  const redact = columnsRead.some(column => column && column.policy !== 'keep') ? redaction(stream) : null
  if (redact === null) return reject
  const fields: unknown = JSON.parse(reject.record)
  return { ...reject, record: JSON.stringify(redact.of(fields, fields)) }
}

/** What a commit of the batch would do, by the rules of the merge. */
async function expectedResult(
  destination: Inspection,
  { stream, records, receivedAt }: RowBatch,
): Promise<BatchResult> {
  const existing = await destination.existingRows(stream, [...records.keys()])
  const result = { added: 0, changed: 0, fromApi: 0 }
  for (const [key, { cursor, hash }] of records) {
    const row = existing.get(key)
    if (row === undefined) result.added += 1
    else if (row.source === null) result.fromApi += 1
    else if (isChange(row, cursor, String(hash), latestPast(receivedAt))) result.changed += 1
  }
  return result
}

/** @param latest the latest cursor that is not in the future. */
const isChange = (row: ExistingRow, cursor: Instant | null, hash: string, latest: Instant): boolean =>
  !row.deleted &&
  row.hash !== hash &&
  !(row.cursor !== null && cursor !== null && row.cursor > cursor && row.cursor <= latest)
