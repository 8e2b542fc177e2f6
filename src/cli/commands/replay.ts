import { lines, paragraphs } from '../../common/printable.ts'
import { replaceReadCopy } from '../../jobs/read-copy.ts'
import { type Replayed, replayStream } from '../../jobs/replay.ts'
import { withInferredColumns } from '../../pipeline/evolve.ts'
import { migrateColumns } from '../../pipeline/migrate-columns.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import { prose } from '../look.ts'
import { readCopyText } from '../report.ts'
import { fittedTable } from '../text-table.ts'
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
  const copy = await replaceReadCopy(destination, app, signal)
  const table = fittedTable(
    [
      { head: 'stream', cell: row => row.stream },
      { head: 'rejects', cell: row => row.rejects },
      { head: 'added', cell: row => row.added, droppable: 1 },
      { head: 'changed', cell: row => row.changed, droppable: 2 },
      { head: 'unchanged', cell: row => row.unchanged, droppable: 3 },
      { head: 'older', cell: row => row.older, droppable: 4 },
      { head: 'kept', cell: row => row.kept, style: row => (row.kept > 0 ? 'doubtful' : null) },
    ],
    all,
    app.look,
  )
  const kept = all.some(s => s.kept > 0)
    ? [prose(app.look, '', 'Records that still cannot be loaded are in _sync_rejects, each with its reason.')]
    : []
  return {
    code: 0,
    json: { run, streams: all, ...(copy && { read_copy: copy }) },
    text: paragraphs(
      ...(all.length === 0 ? [lines('There are no rejected records.')] : [table, ...kept]),
      ...readCopyText(copy, app.look),
    ),
  }
}
