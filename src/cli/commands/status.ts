import { type ContractError, type Problem, SyncError } from '../../common/errors.ts'
import { toMillis } from '../../common/instant.ts'
import type { Checkpoint, Instant, RunId } from '../../common/model.ts'
import { type Printable, paragraphs } from '../../common/printable.ts'
import { dueAt } from '../../jobs/sync.ts'
import { describeDestination } from '../../load/open.ts'
import { isInFuture, watermarkInFuture } from '../../pipeline/checkpoint.ts'
import { knownCompleteFrom } from '../../pipeline/older-checkpoint.ts'
import { rowsMissing } from '../../pipeline/stream-stats.ts'
import { retentionOf } from '../../schema/docs.ts'
import type { Stream } from '../../schema/stream.ts'
import type { App, Selection } from '../app.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { type Look, prose, type Style } from '../look.ts'
import { type Condition, nameOf } from '../notify/condition.ts'
import { createNotifier, type Seen } from '../notify/notifier.ts'
import { isLackingScope, lackingText, notDueText, problemText, styleOf } from '../report.ts'
import { type Attempt, attemptsAt, completeFromText, readKept, second, standingOf } from '../runs.ts'
import { type Column, fittedTable } from '../text-table.ts'
import type { Result } from './result.ts'

/** Runs that are looked at, the newest ones. What an older run did with a stream is in the stream's checkpoint. */
const RUNS = 50

/**
 * From when to when each stream is complete, its rows and its last run. Exit 1 if a stream is too old, if its last run failed or
 * was broken off, or if its rows or times cannot be right.
 * @param maxAgeMs exit 1 if a stream is older, in milliseconds; null: any age is accepted. A stream without a cursor, which
 * is scanned once per `refresh`, may be older by that time.
 */
export async function status(app: App, selection: Selection, maxAgeMs: number | null): Promise<Result> {
  return (await standing(app, selection, maxAgeMs)).result
}

/** `status`, which then tells those whom the configuration names what is wrong, as a run does. */
export async function statusThatNotifies(app: App, selection: Selection, maxAgeMs: number | null): Promise<Result> {
  const notifier = createNotifier(app, 'status')
  try {
    const { result, found, seen } = await standing(app, selection, maxAgeMs)
    return { ...result, after: () => notifier.looked(found, seen, result.json, result.code) }
  } catch (error) {
    if (error instanceof SyncError) {
      const { code, message, next } = error
      const found = conditionsOf(null, code === 'held' ? [] : [{ code, message, next }], app.now())
      await notifier.looked(found, null, null, exitCodeOf(error))
    }
    throw error
  }
}

/** What `status` shows, and of it what others are told. */
interface Looked {
  readonly result: Result
  readonly found: readonly Condition[]
  readonly seen: readonly Seen[]
}

async function standing(app: App, { streams, explicit }: Selection, maxAgeMs: number | null): Promise<Looked> {
  const { look } = app
  const { refreshMs, destination: target } = app.config
  const now = app.now()
  await using destination = await app.openForReaders()
  const { kept, unreadable } =
    app.runsDirectory === null
      ? { kept: [], unreadable: [] }
      : readKept(app.runsDirectory, RUNS, describeDestination(target).name)
  const runs = { kept, recorded: await destination.runs(RUNS), writer: await destination.writer() }
  const statuses = await destination.streamStatuses(streams)
  const all = []
  const conditions: Condition[] = []
  for (const stream of streams) {
    const found = statuses.get(stream.name)
    if (found === undefined) throw new Error(`the warehouse was not asked about ${stream.name}`)
    const { watermark, completeFrom, rows, missing } = found
    const { shown, failed } = standingOf(attemptsAt(stream.name, runs, found.lastRun))
    const age = watermark === null ? null : toMillis(now) - toMillis(watermark)
    // A stream that the token may not read and that was not selected by name has nothing that could be stale.
    const exempt = watermark === null && shown?.outcome === 'skipped' && !explicit.has(stream.name)
    const accepted = maxAgeMs === null ? null : maxAgeMs + (stream.sync.mode === 'full' ? refreshMs(stream.name) : 0)
    const lacking = missing.length > 0 ? { tables: missing, ...rowsMissing(missing, stream) } : null
    const wrong = impossible(stream, { watermark, rows, lastRun: shown?.finished_at ?? null, now })
    conditions.push(
      ...conditionsOf(failed?.isOfRun ? null : stream.name, failed?.problem ? [failed.problem] : [], now, failed?.run),
      ...conditionsOf(stream.name, [...(lacking ? [lacking] : []), ...wrong], now),
    )
    all.push({
      stream: stream.name,
      complete_from: knownCompleteFrom({ completeFrom, watermark }, stream),
      complete_to: watermark,
      age_seconds: age === null ? null : Math.round(age / 1000),
      reconciled: found.reconciled,
      rows,
      deleted: found.deleted,
      forgets: stream.retention ? retentionOf(stream) : null,
      run: shown?.run ?? null,
      last_run: shown?.finished_at ?? shown?.started_at ?? null,
      outcome: shown?.outcome ?? null,
      not_due_until: notDueUntil(stream, found.checkpoint, refreshMs(stream.name), now),
      problem: shown?.problem ?? null,
      // The last run that ended has failed, whatever one that is at work now may come to.
      failed: failed && { run: failed.run, outcome: failed.outcome, problem: failed.problem },
      impossible: wrong,
      gaps: found.gaps,
      imported: found.imported,
      missing: lacking,
      stale: accepted !== null && !exempt && (age === null || age > accepted),
    })
  }
  const table = fittedTable(COLUMNS, all, look)
  const differing = all.flatMap(({ stream, reconciled }) =>
    reconciled?.agreed === false
      ? [prose(look, '', `${stream}: differed from Recharge at ${second(reconciled.at)}; run reconcile --repair`)]
      : [],
  )
  const lacking = all.filter(isLackingScope).map(({ stream }) => stream)
  const problems = all.flatMap(({ stream, run, problem, failed, missing, impossible: wrong }) => [
    ...(problem && !lacking.includes(stream) ? [{ stream, problem }] : []),
    ...(failed?.problem && failed.run !== run ? [{ stream, problem: failed.problem }] : []),
    ...wrong.map(found => ({ stream, problem: found })),
    ...(missing ? [{ stream, problem: missing }] : []),
  ])
  const gaps = all.flatMap(({ stream, gaps: found }) =>
    found.map(({ from, to }) =>
      prose(
        look,
        '',
        `${stream}: what happened from ${second(from)} to ${second(to)} is missing: Recharge no longer returned it, and no run had read it`,
      ),
    ),
  )
  // Rows that lie before what is promised.
  const imports = all.flatMap(({ stream, imported, complete_from: from }) =>
    imported?.oldest && imported.newest && (from === null || imported.oldest < from)
      ? [
          prose(
            look,
            '',
            `${stream}: ${imported.rows} rows are from exports, of ${second(imported.oldest)} to ${second(imported.newest)}. Whether Recharge had more of that time is not known; import with --complete-from says that it had not`,
          ),
        ]
      : [],
  )
  const named = (what: string, of: readonly { readonly stream: string }[]): Printable[] =>
    of.length > 0
      ? [
          prose(
            look,
            '',
            `${what}: ${namesText(
              of.map(s => s.stream),
              streams,
            )}`,
          ),
        ]
      : []
  const wrong = all.filter(s => s.failed || s.missing || s.impossible.length > 0)
  const stale = all.filter(s => s.stale)
  const result = {
    code: stale.length + wrong.length > 0 ? 1 : 0,
    json: { streams: all },
    text: paragraphs(
      table,
      ...notDueText(all.filter(isNotDue), look),
      ...lackingText(lacking, app.streams, look),
      ...grouped(problems, streams, look),
      ...gaps,
      ...imports,
      ...differing,
      ...unreadable.map(file => prose(look, '', `${file} is not the report of a run; delete it`)),
      ...named('Too old', stale),
      ...named('Not right', wrong),
    ),
  }
  // What ended a whole run is the problem of all its streams, and one thing to tell.
  const found = [...new Map(conditions.map(condition => [nameOf(condition), condition])).values()]
  return { result, found, seen: all }
}

const conditionsOf = (
  stream: string | null,
  problems: readonly Problem[],
  since: Instant,
  run: RunId | null = null,
): readonly Condition[] =>
  problems.map(({ code, message, next }) => ({ about: 'sync', stream, code, message, next, since, run }))
interface Shown {
  readonly stream: string
  readonly complete_from: Instant | null
  readonly complete_to: Instant | null
  readonly age_seconds: number | null
  readonly rows: number | null
  readonly deleted: number | null
  readonly forgets: string | null
  readonly last_run: Instant | null
  readonly outcome: Attempt['outcome'] | null
  readonly problem: Problem | null
  readonly not_due_until: Instant | null
  readonly stale: boolean
}

const COLUMNS: readonly Column<Shown>[] = [
  { head: 'stream', cell: row => row.stream },
  { head: 'complete from', cell: row => completeFromText(row.complete_from, row.complete_to), droppable: 6 },
  { head: 'complete to', cell: row => row.complete_to && second(row.complete_to), droppable: 2 },
  {
    head: 'age',
    cell: row => (row.age_seconds === null ? null : readable(row.age_seconds)),
    style: row => (row.stale ? 'bad' : null),
  },
  { head: 'rows', cell: row => row.rows, droppable: 1 },
  { head: 'deleted', cell: row => row.deleted, droppable: 4 },
  { head: 'source retention', cell: row => row.forgets ?? 'no', droppable: 7 },
  { head: 'last run', cell: row => row.last_run && second(row.last_run), droppable: 5 },
  { head: 'outcome', cell: outcomeText, style: outcomeStyle },
]

function outcomeText(row: Shown): string {
  if (isNotDue(row)) return 'not due'
  return row.outcome === null ? 'never run' : row.outcome.replace('_', ' ')
}

function outcomeStyle(row: Shown): Style | null {
  const { outcome, problem } = row
  if (isNotDue(row) || outcome === null) return 'aside'
  if (outcome === 'broken_off') return 'bad'
  return outcome === 'running' ? null : styleOf({ outcome, problem })
}

/** Its last run was in order, and the next one does not read it. */
const isNotDue = ({ outcome, not_due_until: until }: Shown): boolean => outcome === 'complete' && until !== null

/** Until when runs send no request for a stream; null: the next one reads it. */
function notDueUntil(stream: Stream, checkpoint: Checkpoint | null, refreshMs: number, now: Instant): Instant | null {
  const due = checkpoint && dueAt(checkpoint, stream, refreshMs)
  return due !== null && now < due ? due : null
}

interface Facts {
  readonly watermark: Instant | null
  readonly rows: number | null
  readonly lastRun: Instant | null
  readonly now: Instant
}

/** What cannot be right about a stream's rows and times. */
function impossible({ name, retention }: Stream, { watermark, rows, lastRun, now }: Facts): Problem[] {
  const reset = `reset ${name}${retention ? ' --i-know' : ''}`
  return [
    ...(watermark !== null && isInFuture(watermark, now) ? [problemFrom(watermarkInFuture(name, watermark, now))] : []),
    ...(lastRun !== null && isInFuture(lastRun, now)
      ? [
          {
            code: 'run_in_future',
            message: `its last run is said to have ended at ${second(lastRun)}, which has not come yet`,
            next: 'Correct the clock of this machine, or of the one that the runs are made on.',
          },
        ]
      : []),
    ...(watermark !== null && rows === null
      ? [
          {
            code: 'table_missing',
            message: `it is said to be complete to ${second(watermark)}, and its table is not there`,
            next: `Restore the table, or run ${reset}, then sync: it reads again what Recharge still returns.`,
          },
        ]
      : []),
  ]
}

const problemFrom = ({ code, message, next }: ContractError): Problem => ({ code, message, next })

/** Each problem once, with the streams that have it: a token that is refused is the problem of all of them. */
function grouped(
  found: readonly { readonly stream: string; readonly problem: Problem }[],
  shown: readonly Stream[],
  look: Look,
): Printable[] {
  const streams = new Map<string, { readonly problem: Problem; readonly names: string[] }>()
  for (const { stream, problem } of found) {
    const which = JSON.stringify([problem.message, problem.next])
    const group = streams.get(which) ?? { problem, names: [] }
    group.names.push(stream)
    streams.set(which, group)
  }
  return [...streams.values()].map(({ problem, names }) =>
    problemText(problem, `${namesText(names, shown)}: `, look, 'bad'),
  )
}

const namesText = (names: readonly string[], shown: readonly Stream[]): string =>
  names.length > 3 && names.length === shown.length ? `all ${names.length} streams` : names.join(', ')

function readable(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
