import { toMillis } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import { isInFuture, watermarkInFuture } from '../../pipeline/checkpoint.ts'
import { problemOf, rowsMissing } from '../../pipeline/stream-stats.ts'
import { retentionOf } from '../../schema/docs.ts'
import { tablesOf } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'

/**
 * Up to when each stream is complete, its rows and its last run.
 * @param maxAgeMs exit 1 if a stream is older, in milliseconds; null: any age is accepted. A stream without a cursor, which
 * is scanned once per `refresh`, may be older by that time.
 */
export async function status(app: App, { streams, explicit }: Selection, maxAgeMs: number | null): Promise<Result> {
  const { refreshMs } = app.config
  await using destination = await app.open('read')
  const all = []
  for (const stream of streams) {
    const watermark = await destination.watermark(stream.name)
    const rows = await destination.rows(tablesOf(stream))
    const last = await destination.lastRun(stream.name)
    const reconciled = await destination.lastReconciliation(stream.name)
    const missing = await destination.missingRows(stream)
    const now = app.now()
    const age = watermark === null ? null : toMillis(now) - toMillis(watermark)
    const future =
      watermark !== null && isInFuture(watermark, now) ? watermarkInFuture(stream.name, watermark, now) : null
    // A stream that the token may not read and that was not selected by name has nothing that could be stale.
    const exempt = watermark === null && last?.outcome === 'skipped' && !explicit.has(stream.name)
    const accepted = maxAgeMs === null ? null : maxAgeMs + (stream.sync.mode === 'full' ? refreshMs(stream.name) : 0)
    all.push({
      stream: stream.name,
      complete_to: watermark,
      age_seconds: age === null ? null : Math.round(age / 1000),
      reconciled: reconciled && { at: reconciled.at, agreed: reconciled.agreed },
      rows: rows.get(tablesOf(stream).root.name) ?? null,
      deleted: await destination.deleted(tablesOf(stream).root),
      forgets: stream.retention ? retentionOf(stream) : null,
      last_run: last?.finished_at ?? null,
      outcome: last?.outcome ?? null,
      problem: (future && problemOf(future)) ?? last?.problem ?? null,
      impossible: future !== null,
      gaps: await destination.gaps(stream.name),
      missing: missing.length > 0 ? { tables: missing, ...rowsMissing(missing, stream) } : null,
      stale: accepted !== null && !exempt && (age === null || age > accepted),
    })
  }
  const table = textTable(
    ['stream', 'complete to', 'age', 'rows', 'deleted', 'source retention', 'last run', 'outcome'],
    all.map(s => [
      s.stream,
      s.complete_to && second(s.complete_to),
      s.age_seconds === null ? null : readable(s.age_seconds),
      s.rows,
      s.deleted,
      s.forgets ?? 'no',
      s.last_run && second(s.last_run),
      s.outcome ?? 'never run',
    ]),
  )
  const differing = all.flatMap(({ stream, reconciled }) =>
    reconciled?.agreed === false
      ? [`${stream}: differed from Recharge at ${second(reconciled.at)}; run reconcile --repair`]
      : [],
  )
  const problems = all.flatMap(({ stream, problem }) =>
    problem ? [`${stream}: ${problem.message}\n  ${problem.next}`] : [],
  )
  const gaps = all.flatMap(({ stream, gaps: found }) =>
    found.map(
      ({ from, to }) =>
        `${stream}: what happened from ${second(from)} to ${second(to)} is missing: Recharge no longer returned it, and no run had read it`,
    ),
  )
  const missing = all.flatMap(({ stream, missing }) =>
    missing ? [`${stream}: ${missing.message}\n  ${missing.next}`] : [],
  )
  const stale = all.filter(s => s.stale).map(s => s.stream)
  const tooOld = stale.length > 0 ? [`Too old: ${stale.join(', ')}`] : []
  return {
    code: stale.length + missing.length > 0 || all.some(s => s.impossible) ? 1 : 0,
    json: { streams: all },
    text: [table, ...problems, ...missing, ...gaps, ...differing, ...tooOld].join('\n\n'),
  }
}

const second = (instant: Instant): string => `${instant.slice(0, 19)}Z`

function readable(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
