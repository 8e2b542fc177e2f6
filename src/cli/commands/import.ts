import { ConfigError } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import { lines, paragraphs } from '../../common/printable.ts'
import type { ReadCopyReport, RunReport } from '../../common/run-report.ts'
import { VERSION } from '../../common/version.ts'
import { checkRange, type DeclaredRange, extendTo } from '../../jobs/import/declared-range.ts'
import { type Imported, importKey, inspectFile, loadFile, tryFile } from '../../jobs/import/import-file.ts'
import { replaceReadCopy } from '../../jobs/read-copy.ts'
import { withInferredColumns } from '../../pipeline/evolve.ts'
import { migrateColumns } from '../../pipeline/migrate-columns.ts'
import { inRecords, StreamStats } from '../../pipeline/stream-stats.ts'
import { withInferred } from '../../schema/inferred-columns.ts'
import { withRandomSalt } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { allTables } from '../../schema/table.ts'
import { type App, STREAMS } from '../app.ts'
import { nearest } from '../config/nearest.ts'
import { readCopyText } from '../report.ts'
import { completeFromText, second } from '../runs.ts'
import type { Result } from './result.ts'

/** Names of the streams that can be imported. */
export const IMPORTABLE: readonly string[] = STREAMS.flatMap(stream => (stream.export === null ? [] : [stream.name]))

/** @throws {ConfigError} for an unknown name, or a stream that cannot be imported. */
export function importable(name: string): Stream {
  const stream = STREAMS.find(declared => declared.name === name && declared.export !== null)
  if (stream) return stream
  const message = `${name} cannot be imported, only ${IMPORTABLE.join(', ')}${nearest(name, IMPORTABLE)}`
  throw new ConfigError('the command line', [{ path: 'import', line: null, message }])
}

export interface ImportFlags {
  readonly dryRun: boolean
  /** What the user says of the file; null: nothing. */
  readonly range: DeclaredRange | null
}

/** @throws {ConfigError} for an end without a start. */
export function rangeOf(from: Instant | null, to: Instant | null): DeclaredRange | null {
  if (from !== null) return { from, to }
  if (to === null) return null
  const message = 'it says up to when the file has every record, which --complete-from has to begin'
  throw new ConfigError('the command line', [{ path: '--complete-to', line: null, message }])
}

/**
 * Loads an export of the merchant portal. A row that came from the API is never overwritten.
 * @throws {ConfigError} for a file that must not be loaded, or that has not every record of `range`.
 */
export async function importFile(
  app: App,
  declared: Stream,
  file: string,
  { dryRun, range }: ImportFlags,
  signal: AbortSignal,
): Promise<Result> {
  const now = app.now()
  const stored = app.streams.find(({ name }) => name === declared.name) ?? declared
  const withKeys = range !== null
  if (dryRun) {
    await using destination = await app.open('read')
    const known = withInferred(stored, await destination.inferredColumns(stored.name))
    const stream = (await destination.loadSalt()) ? known : withRandomSalt(known)
    const tried = await tryFile(stream, file, { destination, now, withKeys }, signal)
    const before = await destination.completeFrom(stream.name)
    const moved = range && (await checkRange(stream, file, range, tried, destination))
    return result(stream, file, tried, { run: null, before, moved, copy: null })
  }
  const startedAt = app.monotonic()
  // Before the destination is opened, so that a wrong file leaves nothing behind.
  const options = { now, maxRejects: app.config.maxRejects, withKeys }
  const inspected = await inspectFile(withRandomSalt(stored), file, options, signal)
  await using destination = await app.open('write')
  await destination.acquireLock(app.run)
  const before = await destination.completeFrom(stored.name)
  const moved = range && (await checkRange(stored, file, range, inspected, destination))
  await destination.prepare(allTables(stored))
  const stats = new StreamStats(importKey(stored))
  await migrateColumns(stored, { ...app, destination, locked: true }, stats, signal)
  const stream = await withInferredColumns(stored, destination)
  const loaded = await loadFile(stream, file, { ...app, destination, now }, signal)
  if (moved !== null) await extendTo(moved, stream, { ...app, destination, now }, signal)
  stats.records = loaded.records + loaded.rejected
  const { added, changed, unchanged, fromApi, rejected } = loaded
  stats.counts = { ...stats.counts, added, changed, unchanged: unchanged + fromApi, rejected }
  const whole = range && { complete_from: range.from, complete_to: range.to ?? inspected.newest }
  const report: RunReport = {
    run: app.run,
    started_at: now,
    finished_at: app.now(),
    outcome: 'complete',
    version: VERSION,
    requests: 0,
    retries: 0,
    throttled: 0,
    waited_ms: 0,
    rate: null,
    // What the file is said to have: the promise of the stream rests on it.
    streams: [{ ...stats.report('complete', (app.monotonic() - startedAt) / 1000, null), ...whole }],
    views: app.views && (await destination.keepViews(app.views, signal)),
    problem: null,
  }
  await destination.record(report)
  await destination.finalize()
  const copy = await replaceReadCopy(destination, app, signal)
  return result(stream, file, loaded, { run: app.run, before, moved, copy })
}

/** What became of the promise from when on the stream is complete. */
interface Outcome {
  /** Null: a dry run. */
  readonly run: string | null
  /** From when on the stream was complete; null: not known. */
  readonly before: Instant | null
  /** From when on it is now; null: as before. */
  readonly moved: Instant | null
  /** What became of the copy for readers; null: none is configured, or a dry run. */
  readonly copy: ReadCopyReport | null
}

function result(stream: Stream, file: string, imported: Imported, outcome: Outcome): Result {
  const { run, before, moved, copy } = outcome
  const { layout, records, added, changed, unchanged, fromApi, served, rejected, rejects, mismatched, oldest, newest } =
    imported
  const unknown = layout.unknown.map(({ header }) => header)
  const json = {
    stream: stream.name,
    file,
    run,
    dry_run: run === null,
    records,
    added,
    changed,
    unchanged,
    from_api: fromApi,
    served_by_api: served,
    rejected,
    rejects: rejects.map(({ key, path, reason }) => ({ key, path, reason })),
    mismatched: Object.fromEntries(mismatched),
    oldest,
    newest,
    complete_from: moved ?? before,
    columns: layout.read,
    unknown_columns: unknown,
    ...(copy && { read_copy: copy }),
  }
  const would = run === null ? 'would be ' : ''
  const text = [
    `${file}: ${records} ${stream.name}, of which ${added} ${would}added, ${changed} ${would}changed, ${unchanged} unchanged, ${fromApi} not touched because the row came from the API`,
    `columns read: ${Object.entries(layout.read)
      .map(([column, headers]) => `${column} from ${headers.join(', otherwise ')}`)
      .join('; ')}`,
    ...(unknown.length > 0
      ? [
          `${unknown.length} unknown ${unknown.length === 1 ? 'column' : 'columns'}, kept in _extra: ${unknown.join(', ')}`,
        ]
      : []),
    ...(served > 0
      ? [
          `${served} left out: the API returns such records however old they are; one that it does not return was deleted`,
        ]
      : []),
    ...(mismatched.length > 0
      ? [
          `values that do not fit their columns, so they are whole in _extra, and the columns are null: ${inRecords(mismatched)}`,
        ]
      : []),
    ...(rejected > 0 ? [`${rejected} rejected${run === null ? '' : ', kept in _sync_rejects'}:`] : []),
    ...rejects.map(({ key, path, reason }) => `  ${key ?? 'without a key'}: ${path && `${path}: `}${reason}`),
    ...rangeText(stream, imported, outcome),
    ...(run === null ? ['Nothing was written: this was a dry run.'] : []),
  ]
  return { code: 0, json, text: paragraphs(lines(...text), ...readCopyText(copy)) }
}

/** Which time the records are of, and what that means for from when on the stream is complete. */
function rangeText(
  { name, retention }: Stream,
  { oldest, newest }: Imported,
  { run, before, moved }: Outcome,
): readonly string[] {
  if (oldest === null || newest === null) return []
  const range = `${retention?.by} from ${second(oldest)} to ${second(newest)}`
  if (moved !== null) {
    const is = run === null ? 'would be' : 'is'
    return [range, `${name} ${is} complete from ${second(moved)} on, which was ${completeFromText(before, moved)}`]
  }
  if (before !== null && before <= oldest) return [range]
  return [
    range,
    `${name} counts as complete only from ${before === null ? 'its first sync' : second(before)} on, because a file does not say whether it was filtered. If it has every processed record from a time on, import it with --complete-from and that time.`,
  ]
}
