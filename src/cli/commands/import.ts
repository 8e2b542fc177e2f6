import { ConfigError } from '../../common/errors.ts'
import type { RunReport } from '../../common/model.ts'
import { lines } from '../../common/printable.ts'
import { VERSION } from '../../common/version.ts'
import { type Imported, importKey, inspectFile, loadFile, tryFile } from '../../jobs/import/import-file.ts'
import { withInferredColumns } from '../../pipeline/evolve.ts'
import { inRecords, StreamStats } from '../../pipeline/stream-stats.ts'
import { withInferred } from '../../schema/inferred-columns.ts'
import { withRandomSalt } from '../../schema/policy.ts'
import type { Stream } from '../../schema/stream.ts'
import { allTables } from '../../schema/table.ts'
import { type App, STREAMS } from '../app.ts'
import { nearest } from '../config/problems.ts'
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

/** Loads an export of the merchant portal. A row that came from the API is never overwritten. */
export async function importFile(
  app: App,
  declared: Stream,
  file: string,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Result> {
  const now = app.now()
  const stored = app.streams.find(({ name }) => name === declared.name) ?? declared
  if (dryRun) {
    await using destination = await app.open('read')
    const known = withInferred(stored, await destination.inferredColumns(stored.name))
    const stream = (await destination.loadSalt()) ? known : withRandomSalt(known)
    return result(stream, file, await tryFile(stream, file, { destination, now }, signal), null)
  }
  const startedAt = app.monotonic()
  // Before the destination is opened, so that a wrong file leaves nothing behind.
  await inspectFile(withRandomSalt(stored), file, now, app.config.maxRejects, signal)
  await using destination = await app.open('write')
  await destination.acquireLock(app.run)
  await destination.prepare(allTables(stored))
  const stream = await withInferredColumns(stored, destination)
  const loaded = await loadFile(stream, file, { ...app, destination, now }, signal)
  const stats = new StreamStats(importKey(stream))
  stats.records = loaded.records + loaded.rejected
  const { added, changed, unchanged, fromApi, rejected } = loaded
  stats.counts = { ...stats.counts, added, changed, unchanged: unchanged + fromApi, rejected }
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
    streams: [stats.report('complete', (app.monotonic() - startedAt) / 1000, null)],
    problem: null,
  }
  await destination.record(report)
  await destination.finalize()
  return result(stream, file, loaded, app.run)
}

function result(stream: Stream, file: string, imported: Imported, run: string | null): Result {
  const { layout, records, added, changed, unchanged, fromApi, served, rejected, rejects, mismatched } = imported
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
    columns: layout.read,
    unknown_columns: unknown,
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
    ...(run === null ? ['Nothing was written: this was a dry run.'] : []),
  ]
  return { code: 0, json, text: lines(...text) }
}
