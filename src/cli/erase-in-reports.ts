import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EraseInFiles } from '../jobs/forget.ts'
import { REPORT } from './runs.ts'

/**
 * Removes texts from the reports in a folder, each file completely or not at all.
 * @param directory null: reports are not kept in files.
 * @param writes false: only says which files have some.
 */
export function eraseInReports(directory: string | null, writes: boolean): EraseInFiles {
  return erase => {
    if (directory === null) return []
    return namesIn(directory).flatMap(name => {
      const file = join(directory, name)
      // A run that was killed left it: what it was to replace is beside it, or nothing is.
      if (PART.test(name)) {
        if (writes) rmSync(file, { force: true })
        return []
      }
      if (!REPORT.test(name) && !NOTIFIED.test(name)) return []
      const report = readFileSync(file, 'utf8')
      const erased = withoutTexts(report, erase)
      if (erased === report) return []
      if (writes) {
        writeFileSync(`${file}.part`, erased, { mode: 0o600 })
        renameSync(`${file}.part`, file)
      }
      return [file]
    })
  }
}

/** What was told of the runs (`notify/state.ts`), with messages of their reports. */
const NOTIFIED = /^notified-[0-9a-f]+\.json$/
const PART = /^([0-9A-HJKMNP-TV-Z]{26}|notified-[0-9a-f]+)\.json\.part$/

function withoutTexts(report: string, erase: (report: string) => string): string {
  try {
    const compact = JSON.stringify(JSON.parse(report))
    const erased = erase(compact)
    return erased === compact ? report : `${JSON.stringify(JSON.parse(erased), null, 2)}\n`
  } catch {
    // No report of a run: `status` says that it should be deleted.
    return report
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}
