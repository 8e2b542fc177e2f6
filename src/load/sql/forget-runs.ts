import { sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { RunId } from '../../common/model.ts'
import { type LastAttempt, neededRuns } from '../../common/needed-runs.ts'
import type { RecordedRun } from '../../common/run-report.ts'
import type { OldRuns } from '../destination.ts'
import { asText } from './as-text.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { parseLastRun, parseRun } from './stored-values.ts'

type Db = Session['db']

/** Runs that are read, and forgotten, by one query: a report is some ten kilobytes. */
const PAGE = 200

/** `OldRuns` for every database that has an `Engine`. Called after `prepare`, so every system table is there. */
export const createOldRuns = ({ engine, schema, inSchema }: Context): OldRuns => ({
  lastAttempts: () => engine.transaction(session => lastAttempts(inSchema(session)).then(({ last }) => last)),

  forgetRuns: (before, current) =>
    engine.transaction(async session => {
      const db = inSchema(session)
      const { last, older } = await lastAttempts(db)
      let forgotten = 0
      for (let after = ''; ; ) {
        const rows = await db
          .selectFrom('_sync_runs')
          .select(['run', asText('report').as('report')])
          .where(sql<boolean>`started_at < cast(${before} as timestamptz)`)
          .where('run', '>', after)
          .where('run', '<>', current)
          .orderBy('run')
          .limit(PAGE)
          .execute()
        const old = rows.flatMap(({ run, report }) => (isEvidence(report, older) ? [] : readable(run, report)))
        const needed = neededRuns(old, last)
        const gone = old.flatMap(({ run }) => (needed.has(run) ? [] : [run]))
        if (gone.length > 0)
          await session.withLockTimeout(() => db.deleteFrom('_sync_runs').where('run', 'in', gone).execute())
        forgotten += gone.length
        after = rows.at(-1)?.run ?? ''
        if (rows.length < PAGE) break
      }
      // The newest comparison of each stream stays, and so does the newest of all its records, which `status` shows.
      const table = sql.table(`${schema}._sync_reconciliations`)
      await sql`
        delete from ${table} as r where r.reconciled_at < cast(${before} as timestamptz)
          and r.run <> (select max(n.run) from ${table} as n where n.stream = r.stream)
          and r.run is distinct from (select max(n.run) from ${table} as n
            where n.stream = r.stream and n.method = 'records' and n.bucket = 'all')`.execute(session.db)
      return forgotten
    }),
})

/** The last run of each stream, and the streams of which an older version made it, which did not know `complete_from`. */
async function lastAttempts(db: Db) {
  const rows = await db
    .selectFrom('_sync_checkpoints')
    .select(['stream', asText('report').as('report')])
    .where('report', 'is not', null)
    .execute()
  const last = new Map<string, LastAttempt>()
  const older = new Set<string>()
  for (const { stream, report } of rows) {
    const found = parseLastRun({ report }, stream)
    if (found) last.set(stream, { run: found.run, isComplete: found.outcome === 'complete' })
    if (report !== null && !report.includes('"complete_from"')) older.add(stream)
  }
  return { last, older }
}

/** Whether the report of an older version is what says from when on a stream is complete: the next sync of it reads it. */
const isEvidence = (report: string, older: ReadonlySet<string>): boolean =>
  older.size > 0 &&
  !report.includes('"complete_from"') &&
  [...older].some(stream => report.replaceAll(' ', '').includes(`"stream":"${stream}"`))

/** None: the report cannot be read. It stays, for a person to look at. */
function readable(run: string, report: string | null): RecordedRun[] {
  if (report === null) return []
  try {
    return [{ ...parseRun(report, `the row of _sync_runs for ${run}`), run: run as RunId }]
  } catch (error) {
    if (error instanceof DestinationError) return []
    throw error
  }
}
