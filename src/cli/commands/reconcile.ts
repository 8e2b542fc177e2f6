import type { Problem } from '../../common/errors.ts'
import { type Printable, paragraphs } from '../../common/printable.ts'
import type { RunReport, StreamReport } from '../../common/run-report.ts'
import { type Reconciled, reconcileStream } from '../../jobs/reconcile/reconcile-stream.ts'
import { runStreams } from '../../jobs/run.ts'
import type { Warehouse } from '../../load/destination.ts'
import type { Progress } from '../../pipeline/progress.ts'
import { type App, type Selection, STREAMS } from '../app.ts'
import { type Look, led, prose, type Style } from '../look.ts'
import { createNotifier } from '../notify/notifier.ts'
import { exitCode, isLackingScope, lackingText, problemText, readCopyText } from '../report.ts'
import { type Column, fittedTable } from '../text-table.ts'
import type { Result } from './result.ts'

/** Part of its `--help`. */
export const COMPARED = `
Every record is compared, value by value, which takes one request for 250 records. With --sample N, the API's counts are
compared first. Records are then compared only in the months (of creation) whose counts differ, and in N more months of each
stream, chosen at random. Counts do not show that a record changed. A stream that the API does not count is compared
completely.`

export interface ReconcileFlags {
  /** Months chosen at random for each stream that the API counts; null: every record is compared. */
  readonly sample: number | null
  readonly repair: boolean
}

/** Compares the warehouse with Recharge, record by record. Exit 1 if they differ, or still do after a repair. */
export async function reconcile(
  app: App,
  { streams, explicit }: Selection,
  { sample, repair }: ReconcileFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const notifier = createNotifier(app, 'reconcile')
  const found = new Map<string, Reconciled>()
  const opened = Promise.withResolvers<Warehouse>()
  const report = await runStreams(
    {
      ...app,
      declared: app.streams,
      scrub: app.secrets.scrub,
      streams,
      explicit,
      progress,
      maxRejects: app.config.maxRejects,
      // Without a repair no row is written, so other runs need not wait, where the database admits two writers.
      lock: repair,
      recorded: false,
      views: repair ? app.views : null,
      keep: () => {},
      line: stream => lineOf(stream, found.get(stream.stream)),
      open: async () => {
        const warehouse = await app.open('write')
        opened.resolve(warehouse)
        return warehouse
      },
      work: async (stream, { readable, source, sleep, log }, stats, stop) => {
        const { run, random } = app
        const options = { source, warehouse: await opened.promise, readable, run, sample, repair, random, sleep, log }
        found.set(stream.name, await reconcileStream(stream, options, stats, stop))
      },
    },
    signal,
  )
  const compared = report.streams.map(stream => summary(stream, found.get(stream.stream)))
  const ran = exitCode(report)
  const settled = compared.every(({ outcome, settled: agrees }) => agrees || outcome === 'skipped')
  const code = ran !== 0 ? ran : settled ? 0 : 1
  const { streams: _, ...run } = report
  const json: ReconcileDocument = {
    ...run,
    agrees: code === 0 && compared.some(({ agrees }) => agrees !== null),
    sample,
    streams: compared,
  }
  return {
    code,
    json,
    text: textOf(report, compared, code, app.look),
    after: () => notifier.ended(json, json, code),
  }
}

type Summary = ReturnType<typeof summary>

/** What `reconcile --json` prints. */
export interface ReconcileDocument extends Omit<RunReport, 'streams'> {
  readonly agrees: boolean
  readonly sample: number | null
  readonly streams: readonly Summary[]
}

function summary({ stream, outcome, requests, seconds, problem: failed }: StreamReport, found: Reconciled | undefined) {
  const diff = found?.diff
  const all = found?.lines.find(({ method, bucket }) => method === 'records' && bucket === 'all')
  const problem: Problem | null = found?.problem ?? failed
  return {
    stream,
    outcome,
    agrees: diff?.agrees ?? null,
    /** It agrees, or it was repaired. */
    settled: diff?.resolved ?? false,
    compared: found?.months ?? null,
    /** Months that the stream has, of a comparison by month. */
    months: found && found.months !== 'all' ? found.known.length : null,
    source_count: all?.source_count ?? null,
    warehouse_count: all?.warehouse_count ?? null,
    missing: all?.missing.length ?? null,
    changed: all?.changed.length ?? null,
    gone: all?.gone.length ?? null,
    pending: diff?.pending.size ?? null,
    /** Rows on neither side of the counts, because Recharge may no longer return their records. */
    left_out: found?.leftOut ?? null,
    rejected: diff?.rejected ?? null,
    in_part: diff ? diff.partial !== null : null,
    repaired: diff?.repaired.size ?? null,
    requests,
    seconds,
    buckets: (found?.lines ?? []).map(({ run: _run, stream: _stream, reconciled_at: _at, ...line }) => line),
    problem,
  }
}

const verdict = ({ agrees, settled, outcome, in_part }: Summary): string => {
  if (agrees === null) return outcome
  if (agrees) return in_part ? 'agrees in part' : 'agrees'
  return settled ? 'repaired' : 'DIFFERS'
}

/** What was compared. Of a sample, the counts in the table are those of its months. */
const extent = ({ compared, months }: Summary): string | null =>
  compared === null || compared === 'all'
    ? compared
    : compared.length === 0
      ? 'counts'
      : `${compared.length} of ${months} months`

/** What the verdict does not speak of. */
function notCompared({ stream, compared, left_out, rejected }: Summary, look: Look): Printable[] {
  const retention = STREAMS.find(({ name }) => name === stream)?.retention
  const some = compared !== null && compared !== 'all'
  return [
    ...(some
      ? [
          `${stream}: ${compared.length === 0 ? 'only counts were compared' : `records were compared of ${compared.join(', ')}, of all other months only the counts`}`,
        ]
      : []),
    ...(left_out
      ? [
          `${stream}: ${left_out} rows are counted on neither side: Recharge returns such records for ${retention?.days} days only (by ${retention?.by})`,
        ]
      : []),
    ...(rejected
      ? [`${stream}: ${rejected} listed records cannot be loaded, so they were not compared; see _sync_rejects`]
      : []),
  ].map(text => prose(look, '', text))
}

function lineOf(report: StreamReport, found: Reconciled | undefined): string {
  const all = summary(report, found)
  const { stream, missing, changed, gone, problem } = all
  const what = verdict(all)
  const counts = found ? ` (${missing} missing, ${changed} changed, ${gone} gone)` : ''
  return `${stream}: ${what}${all.agrees ? '' : counts}${problem ? ` (${problem.message})` : ''}`
}

const VERDICT: Readonly<Record<string, Style>> = { agrees: 'good', repaired: 'good', DIFFERS: 'bad', failed: 'bad' }

const COLUMNS: readonly Column<Summary>[] = [
  { head: 'stream', cell: row => row.stream },
  { head: 'verdict', cell: verdict, style: row => VERDICT[verdict(row)] ?? 'doubtful' },
  { head: 'compared', cell: extent, droppable: 6 },
  { head: 'source', cell: row => row.source_count, droppable: 4 },
  { head: 'warehouse', cell: row => row.warehouse_count, droppable: 5 },
  { head: 'missing', cell: row => row.missing, droppable: 1 },
  { head: 'changed', cell: row => row.changed, droppable: 1 },
  { head: 'gone', cell: row => row.gone, droppable: 1 },
  { head: 'pending', cell: row => row.pending, droppable: 7 },
  { head: 'repaired', cell: row => row.repaired, droppable: 3 },
  { head: 'requests', cell: row => row.requests, droppable: 8 },
]

function textOf(report: RunReport, compared: readonly Summary[], code: number, look: Look): Printable {
  const ran = compared.filter(({ outcome }) => outcome !== 'skipped')
  const table = fittedTable(COLUMNS, ran, look)
  const lacking = compared.filter(isLackingScope).map(({ stream }) => stream)
  const warnings = compared.flatMap(({ stream, problem }) =>
    problem && !lacking.includes(stream) ? [problemText(problem, `${stream}: `, look)] : [],
  )
  const skipped = compared.filter(({ outcome }) => outcome === 'skipped').map(({ stream }) => stream)
  const others = skipped.filter(stream => !lacking.includes(stream))
  const partly = ran.some(s => s.compared !== 'all' || s.left_out || s.rejected || s.in_part) || skipped.length > 0
  const agreed = `warehouse and Recharge agree${partly ? ' in what was compared' : ''}`
  const differ = report.outcome === 'complete' ? 'warehouse and Recharge differ' : report.outcome
  const end = led(
    look,
    code === 0 ? 'good' : 'bad',
    `run ${report.run}: ${ran.length === 0 ? 'nothing was compared' : code === 0 ? agreed : differ}`,
    `, ${report.requests} requests`,
  )
  const problem = report.problem ? [problemText(report.problem, '', look)] : []
  return paragraphs(
    ...(ran.length > 0 ? [table] : []),
    ...ran.flatMap(summary => notCompared(summary, look)),
    ...(others.length > 0 ? [prose(look, '', `Not compared, because they were skipped: ${others.join(', ')}`)] : []),
    ...lackingText(lacking, STREAMS, look),
    ...warnings,
    ...readCopyText(report.read_copy ?? null, look),
    end,
    ...problem,
  )
}
