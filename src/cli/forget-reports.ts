import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DestinationError } from '../common/errors.ts'
import type { RunId } from '../common/model.ts'
import { type LastAttempt, neededRuns } from '../common/needed-runs.ts'
import { isDead } from '../common/process-identity.ts'
import type { RecordedRun } from '../common/run-report.ts'
import { parseRun } from '../load/sql/stored-values.ts'

/** `<run>.json`, where the run is a ULID, and what was left of one that was not written to its end. */
const REPORT = /^([0-9A-HJKMNP-TV-Z]{26})\.json(\.part)?$/

export interface OldReports {
  /** Reports of runs that began before this one could. */
  readonly before: string
  readonly current: RunId
  /** Where the rows of the current run go. It has the lock, so no other run into it is at work. */
  readonly destination: string
  /** The last run of each stream; null: the destination could not be asked. */
  readonly last: ReadonlyMap<string, LastAttempt> | null
}

/**
 * Deletes the reports of old runs, but for those that say something of a stream which no newer one says, and those of runs
 * at work. Where the destination could not be asked, only those go that never came to a stream.
 * @returns how many files were deleted.
 */
export function forgetReports(directory: string, { before, current, destination, last }: OldReports): number {
  const old: { readonly file: string; readonly run: RecordedRun | null }[] = []
  // No run could keep its report here yet.
  if (!existsSync(directory)) return 0
  for (const name of readdirSync(directory)) {
    const [, run = '', part] = REPORT.exec(name) ?? []
    if (run === '' || run >= before || run === current) continue
    const file = join(directory, name)
    old.push({ file, run: part === undefined ? read(file) : null })
  }
  const runs = old.flatMap(({ run }) => (run ? [run] : []))
  const needed = last && neededRuns(runs, last)
  const gone = old.filter(({ file, run }) => {
    if (run === null) return file.endsWith('.part')
    const mayBeAtWork =
      run.outcome === 'running' && run.destination !== destination && !(run.process && isDead(run.process))
    return (
      !mayBeAtWork && (needed === null ? run.streams.length === 0 && run.finished_at !== null : !needed.has(run.run))
    )
  })
  for (const { file } of gone) rmSync(file, { force: true })
  return gone.length
}

/** Null: it is no report, which `status` tells. */
function read(file: string): RecordedRun | null {
  try {
    return parseRun(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof DestinationError) return null
    throw error
  }
}
