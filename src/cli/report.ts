import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../common/errors.ts'
import { fromMillis, toMillis } from '../common/instant.ts'
import { makeFolder } from '../common/make-folder.ts'
import type { Instant } from '../common/model.ts'
import { below, beside, lines, type Printable, paragraphs } from '../common/printable.ts'
import { thisProcess } from '../common/process-identity.ts'
import type {
  Outcome,
  ReadCopyReport,
  RecordedRun,
  RunReport,
  StartedRun,
  StreamReport,
  ViewsReport,
} from '../common/run-report.ts'
import type { Stream } from '../schema/stream.ts'
import { BUG, INTERRUPTED } from './exit-codes.ts'
import { cut, type Look, led, PLAIN, prose, type Style } from './look.ts'
import { PORTAL, scopeList, scopesToAdd } from './missing-scopes.ts'
import { completeFromText, second } from './runs.ts'
import { type Column, fittedTable } from './text-table.ts'

/** What a report says of a run that has not come to its streams, or never did: what `status` needs to know of it. */
export type Intent = Required<Pick<RecordedRun, 'selected' | 'destination'>>

/** Writes the report to `<run>.json` in `directory`, completely or not at all, readable by this user alone. */
export function keepReport(
  directory: string,
  report: RunReport | StartedRun,
  scrub: (text: string) => string,
  { selected, destination }: Intent,
): void {
  makeFolder(directory)
  const file = join(directory, `${report.run}.json`)
  const isRunning = (report.outcome as RecordedRun['outcome']) === 'running'
  const document = {
    ...report,
    ...(isRunning || report.streams.length === 0 ? { selected, destination } : {}),
    ...(isRunning ? { process: thisProcess() } : {}),
  }
  writeFileSync(`${file}.part`, `${scrub(JSON.stringify(document, null, 2))}\n`, { mode: 0o600 })
  renameSync(`${file}.part`, file)
}

const STYLE: Readonly<Record<Outcome, Style>> = {
  complete: 'good',
  failed: 'bad',
  skipped: 'aside',
  interrupted: 'doubtful',
}

/** How an outcome is coloured. */
export const styleOf = ({ outcome, problem }: Pick<StreamReport, 'outcome' | 'problem'>): Style =>
  outcome === 'complete' && problem !== null ? 'doubtful' : STYLE[outcome]

/** One line for a stream that has ended. On a terminal it is cut to the width. */
export function streamLine(report: StreamReport, look: Look = PLAIN): Printable {
  const { stream, outcome, added, changed, unchanged, older, deleted, rejected, seconds, problem } = report
  const counts = [
    `${added} added`,
    `${changed} changed`,
    `${unchanged} unchanged`,
    ...(older > 0 ? [`${older} older`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
  ].join(', ')
  const isRead = outcome !== 'complete' || report.not_due_until === null
  const head = `${stream}: `
  const what = isRead ? outcome : `not due until ${report.not_due_until && second(report.not_due_until)}`
  const told = `${isRead && outcome !== 'skipped' ? ` ${counts} in ${seconds.toFixed(1)} s` : ''}${problem ? ` (${problem.message})` : ''}`
  const room = look.isTerminal ? Math.max(1, look.width - head.length - what.length) : Number.POSITIVE_INFINITY
  return beside(lines(head), look.paint(isRead ? styleOf(report) : 'aside', lines(what)), cut(lines(told), room))
}

/** A problem, and below it what to do. @param where comes before the message. @param style of `where`. */
export function problemText(
  { message, next }: Problem,
  where = '',
  look: Look = PLAIN,
  style: Style = 'head',
): Printable {
  return below(led(look, style, where, message), look.paint('aside', prose(look, '  ', next)))
}

const COLUMNS: readonly Column<StreamReport>[] = [
  { head: 'stream', cell: row => row.stream },
  { head: 'outcome', cell: row => row.outcome, style: styleOf },
  { head: 'records', cell: row => row.records, droppable: 2 },
  { head: 'added', cell: row => row.added, droppable: 1 },
  { head: 'changed', cell: row => row.changed, droppable: 1 },
  { head: 'unchanged', cell: row => row.unchanged, droppable: 8 },
  { head: 'older', cell: row => row.older, droppable: 4 },
  { head: 'deleted', cell: row => row.deleted, droppable: 5 },
  { head: 'rejected', cell: row => row.rejected, droppable: 6, style: row => (row.rejected > 0 ? 'doubtful' : null) },
  { head: 'requests', cell: row => row.requests, droppable: 9 },
  { head: 'seconds', cell: row => Number(row.seconds.toFixed(1)), droppable: 7 },
  { head: 'complete from', cell: row => completeFromText(row.complete_from, row.complete_to), droppable: 10 },
  { head: 'complete to', cell: row => row.complete_to && second(row.complete_to), droppable: 3 },
]

/** The report as text. @param streams every declared stream. */
export function reportText(report: RunReport, look: Look = PLAIN, streams: readonly Stream[] = []): Printable {
  const ran = report.streams.filter(({ outcome }) => outcome !== 'skipped')
  const read = ran.filter(({ outcome, not_due_until: until }) => outcome !== 'complete' || until === null)
  // So rare that a column for it would be one of zeros.
  const hasOlder = read.some(({ older }) => older > 0)
  const columns = COLUMNS.filter(({ head }) => head !== 'older' || hasOlder)
  const lacking = report.streams.filter(isLackingScope).map(({ stream }) => stream)
  const warnings = report.streams.flatMap(stream =>
    stream.problem && stream.problem.message !== report.problem?.message && !lacking.includes(stream.stream)
      ? [problemText(stream.problem, `${stream.stream} ${stream.outcome}: `, look, styleOf(stream))]
      : [],
  )
  const throttled = report.throttled > 0 ? `, ${report.throttled} of them throttled` : ''
  const { rate = null } = report
  const learnt =
    rate?.from === 'responses' ? `, at ${rate.per_second} a second, as responses have shown that the token allows` : ''
  const end = led(
    look,
    styleOf(report),
    `run ${report.run}: ${report.outcome}`,
    `${missed(report)}, ${report.requests} requests, ${report.retries} retries${throttled}${learnt}`,
  )
  const problem = report.problem ? [problemText(report.problem, '', look)] : []
  const views = report.views ? viewsText(report.views, look) : []
  return paragraphs(
    ...(read.length > 0 ? [fittedTable(columns, read, look)] : []),
    ...notDueText(
      ran.filter(stream => !read.includes(stream)),
      look,
    ),
    ...lackingText(lacking, streams, look),
    ...warnings,
    ...views,
    ...readCopyText(report.read_copy ?? null, look),
    end,
    ...problem,
  )
}

/** Whether a stream was skipped because of the scopes of the token. */
export const isLackingScope = ({
  outcome,
  problem,
}: {
  readonly outcome: string | null
  readonly problem: Problem | null
}): boolean => outcome === 'skipped' && problem?.code === 'missing_scope'

/** Streams that were skipped because of their scopes, as one list of scopes to tick. @param declared every stream. */
export function lackingText(names: readonly string[], declared: readonly Stream[], look: Look): readonly Printable[] {
  if (names.length === 0) return []
  // A stream of which the token may read a part is not skipped: these lack all their scopes.
  const scopes = scopesToAdd(
    declared.filter(({ name }) => names.includes(name)),
    () => false,
  )
  const what = `Skipped: ${names.length} ${names.length === 1 ? 'stream' : 'streams'}, for which the token lacks a scope. Tick these ${PORTAL}:`
  return [below(prose(look, '', what), scopeList(scopes, look))]
}

/** Streams that are not due, those of the same minute in one line. */
export function notDueText(
  streams: readonly { readonly stream: string; readonly not_due_until: Instant | null }[],
  look: Look,
): Printable[] {
  const byMinute = Map.groupBy(streams, ({ not_due_until: until }) => until && minuteAfter(until))
  return [...byMinute].map(([until, of]) =>
    prose(look, '', `Not due until ${until}: ${of.map(({ stream }) => stream).join(', ')}`),
  )
}

const MINUTE = 60_000
const minuteAfter = (instant: Instant): string => second(fromMillis(Math.ceil(toMillis(instant) / MINUTE) * MINUTE))

/** What was done about the views; nothing: they were as they should be. */
export function viewsText(
  { made, dropped, refreshed, problems }: ViewsReport,
  look: Look = PLAIN,
): readonly Printable[] {
  const counts = [
    ...(made.length > 0 ? [`${made.length} made`] : []),
    ...(refreshed.length > 0 ? [`${refreshed.length} refreshed`] : []),
    ...(dropped.length > 0 ? [`${dropped.length} dropped`] : []),
  ]
  return [
    ...(counts.length > 0 ? [lines(`views: ${counts.join(', ')}`)] : []),
    ...problems.map(found => problemText(found, `view ${found.view}: `, look, 'doubtful')),
  ]
}

/** Why the copy for readers was not replaced; nothing: it was, or none is configured. */
export const readCopyText = (copy: ReadCopyReport | null, look: Look = PLAIN): readonly Printable[] =>
  copy?.problem ? [problemText(copy.problem, 'read copy: ', look, 'doubtful')] : []

/** Why a run has failed in which no stream did; empty: a stream did, or it has not failed. */
function missed({ outcome, problem, streams }: RunReport): string {
  if (outcome !== 'failed' || problem !== null || streams.some(s => s.outcome === 'failed')) return ''
  const skipped = streams.filter(s => s.outcome === 'skipped').map(s => s.stream)
  return `, because ${skipped.join(', ')} ${skipped.length === 1 ? 'was' : 'were'} selected by name and skipped`
}

/** The exit code of a run that took place. */
export function exitCode({ outcome, problem, streams }: RunReport): number {
  if (problem?.code === 'interrupted' || outcome === 'interrupted') return INTERRUPTED
  if (problem?.code === 'bug' || streams.some(s => s.problem?.code === 'bug')) return BUG
  if (problem?.code === 'held') return 4
  // Exit code 3 says that nothing could run.
  if (problem) return streams.some(s => s.outcome === 'complete' || s.records > 0) ? 1 : 3
  if (outcome === 'complete') return 0
  const failed = streams.filter(s => s.outcome === 'failed')
  return failed.length > 0 && failed.every(s => s.problem?.code === 'moved') ? 4 : 1
}
