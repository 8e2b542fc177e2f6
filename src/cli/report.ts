import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport, StartedRun, StreamReport } from '../common/model.ts'
import { BUG, INTERRUPTED } from './exit-codes.ts'
import { textTable } from './text-table.ts'

/** Writes the report to `<run>.json` in `directory`, completely or not at all. */
export function keepReport(directory: string, report: RunReport | StartedRun, scrub: (text: string) => string): void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `${report.run}.json`)
  writeFileSync(`${file}.part`, `${scrub(JSON.stringify(report, null, 2))}\n`)
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
}: StreamReport): string {
  const counts = [
    `${added} added`,
    `${changed} changed`,
    `${unchanged} unchanged`,
    ...(older > 0 ? [`${older} older`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
  ].join(', ')
  const what = outcome === 'skipped' ? '' : ` ${counts} in ${seconds.toFixed(1)} s`
  return `${stream}: ${outcome}${what}${problem ? ` (${problem.message})` : ''}`
}

/** The report as text. */
export function reportText(report: RunReport): string {
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
      s.complete_to === null ? null : `${s.complete_to.slice(0, 19)}Z`,
    ]),
  )
  const warnings = report.streams.flatMap(({ stream, outcome, problem }) =>
    problem ? [`${stream} ${outcome}: ${problem.message}\n  ${problem.next}`] : [],
  )
  const throttled = report.throttled > 0 ? `, ${report.throttled} of them throttled` : ''
  const end = `run ${report.run}: ${report.outcome}${missed(report)}, ${report.requests} requests, ${report.retries} retries${throttled}`
  const problem = report.problem ? [`${report.problem.message}\n  ${report.problem.next}`] : []
  return [...(ran.length > 0 ? [table] : []), ...warnings, end, ...problem].join('\n\n')
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
