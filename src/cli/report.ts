import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../common/make-folder.ts'
import type { Problem, RecordedRun, RunReport, StartedRun, StreamReport, ViewsReport } from '../common/model.ts'
import { lines, type Printable, paragraphs } from '../common/printable.ts'
import { thisProcess } from '../common/process-identity.ts'
import { BUG, INTERRUPTED } from './exit-codes.ts'
import { completeFromText, second } from './runs.ts'
import { textTable } from './text-table.ts'

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

/** One line for a stream that has ended. */
export function streamLine({
  stream,
  outcome,
  added,
  changed,
  unchanged,
  older,
  deleted,
  rejected,
  seconds,
  problem,
}: StreamReport): Printable {
  const counts = [
    `${added} added`,
    `${changed} changed`,
    `${unchanged} unchanged`,
    ...(older > 0 ? [`${older} older`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
  ].join(', ')
  const what = outcome === 'skipped' ? '' : ` ${counts} in ${seconds.toFixed(1)} s`
  return lines(`${stream}: ${outcome}${what}${problem ? ` (${problem.message})` : ''}`)
}

/** A problem, and below it what to do. @param where comes before the message. */
export const problemText = ({ message, next }: Problem, where = ''): Printable =>
  lines(`${where}${message}`, `  ${next}`)

/** The report as text. */
export function reportText(report: RunReport): Printable {
  const ran = report.streams.filter(({ outcome }) => outcome !== 'skipped')
  // So rare that a column for it would be one of zeros.
  const hasOlder = ran.some(({ older }) => older > 0)
  const table = textTable(
    [
      'stream',
      'outcome',
      'records',
      'added',
      'changed',
      'unchanged',
      ...(hasOlder ? ['older'] : []),
      'deleted',
      'rejected',
      'requests',
      'seconds',
      'complete from',
      'complete to',
    ],
    ran.map(s => [
      s.stream,
      s.outcome,
      s.records,
      s.added,
      s.changed,
      s.unchanged,
      ...(hasOlder ? [s.older] : []),
      s.deleted,
      s.rejected,
      s.requests,
      Number(s.seconds.toFixed(1)),
      completeFromText(s.complete_from, s.complete_to),
      s.complete_to && second(s.complete_to),
    ]),
  )
  const warnings = report.streams.flatMap(({ stream, outcome, problem }) =>
    problem ? [problemText(problem, `${stream} ${outcome}: `)] : [],
  )
  const throttled = report.throttled > 0 ? `, ${report.throttled} of them throttled` : ''
  const end = `run ${report.run}: ${report.outcome}${missed(report)}, ${report.requests} requests, ${report.retries} retries${throttled}`
  const problem = report.problem ? [problemText(report.problem)] : []
  const views = report.views ? viewsText(report.views) : []
  return paragraphs(...(ran.length > 0 ? [table] : []), ...warnings, ...views, lines(end), ...problem)
}

/** What was done about the views; nothing: they were as they should be. */
export function viewsText({ made, dropped, refreshed, problems }: ViewsReport): readonly Printable[] {
  const counts = [
    ...(made.length > 0 ? [`${made.length} made`] : []),
    ...(refreshed.length > 0 ? [`${refreshed.length} refreshed`] : []),
    ...(dropped.length > 0 ? [`${dropped.length} dropped`] : []),
  ]
  return [
    ...(counts.length > 0 ? [lines(`views: ${counts.join(', ')}`)] : []),
    ...problems.map(found => problemText(found, `view ${found.view}: `)),
  ]
}

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
