import { lines, paragraphs } from '../../common/printable.ts'
import { type Replayed, replayStream } from '../../jobs/replay.ts'
import { withInferredColumns } from '../../pipeline/evolve.ts'
import { migrateColumns } from '../../pipeline/migrate-columns.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'

/** Loads rejected records again. Sends no request to Recharge and moves no checkpoint of a stream. */
export async function replay(app: App, { streams }: Selection, signal: AbortSignal): Promise<Result> {
  const { run, now, sleep, log } = app
  await using destination = await app.open('write')
  await destination.acquireLock(run)
  await destination.prepare([])
  const all: Replayed[] = []
  for (const stream of streams) {
    if ((await destination.rejects(stream.name)).length === 0) continue
    await destination.prepare(allTables(stream))
    await migrateColumns(stream, { ...app, destination, locked: true }, new StreamStats(stream.name), signal)
    all.push(
      await replayStream(await withInferredColumns(stream, destination), { destination, run, now, sleep, log }, signal),
    )
  }
  await destination.finalize()
  const table = textTable(
    ['stream', 'rejects', 'added', 'changed', 'unchanged', 'older', 'kept'],
    all.map(s => [s.stream, s.rejects, s.added, s.changed, s.unchanged, s.older, s.kept]),
  )
  const kept = all.some(s => s.kept > 0)
    ? [lines('Records that still cannot be loaded are in _sync_rejects, each with its reason.')]
    : []
  return {
    code: 0,
    json: { run, streams: all },
    text: all.length === 0 ? lines('There are no rejected records.') : paragraphs(table, ...kept),
  }
}
