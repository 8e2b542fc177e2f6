import { type RawBuilder, sql } from 'kysely'
import type { OlderReport } from '../destination.ts'
import type { Session } from './engine.ts'
import { parseOlderReport } from './stored-values.ts'

/** Runs that are read by one query: a report is some ten kilobytes. */
const RUNS_IN_QUERY = 200

/** Whether a row of `_sync_runs` has a report on the stream. The databases write JSON with and without spaces. */
export const reportsOn = (stream: string): RawBuilder<boolean> =>
  sql<boolean>`replace(cast(report as text), ' ', '') like ${`%"stream":"${stream}"%`}`

/** The reports of older versions on complete scans of a stream, as `OlderReports` has them. */
export async function olderReports(
  session: Session,
  schema: string,
  stream: string,
  most: number,
): Promise<readonly OlderReport[]> {
  const reports: OlderReport[] = []
  if (!(await isOlder(session, schema, stream))) return reports
  for await (const { report } of runsOn(session, schema, stream)) {
    const found = parseOlderReport(report, stream)
    if (found !== null) reports.push(found)
    if (reports.length >= most) break
  }
  return reports
}

/** Whether the last run that reported on the stream was of a version without `complete_from`. */
async function isOlder({ db }: Session, schema: string, stream: string): Promise<boolean> {
  const { rows } = await sql<{ report: string | null }>`
    select cast(report as text) as report from ${sql.table(`${schema}._sync_checkpoints`)}
    where stream = ${stream}`.execute(db)
  const report = rows[0]?.report ?? null
  return report !== null && !report.includes('"complete_from"')
}

async function* runsOn(session: Session, schema: string, stream: string): AsyncGenerator<{ report: string }> {
  for (let last = ''; ; ) {
    const { rows } = await sql<{ run: string; report: string }>`
      select run, cast(report as text) as report from ${sql.table(`${schema}._sync_runs`)}
      where ${reportsOn(stream)} and run > ${last} order by run limit ${sql.lit(RUNS_IN_QUERY)}`.execute(session.db)
    yield* rows
    const [end] = rows.slice(-1)
    if (end === undefined || rows.length < RUNS_IN_QUERY) return
    last = end.run
  }
}
