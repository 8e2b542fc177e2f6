import { lines, paragraphs } from '../../common/printable.ts'
import { replaceReadCopy } from '../../jobs/read-copy.ts'
import type { App } from '../app.ts'
import { readCopyText, viewsText } from '../report.ts'
import type { Result } from './result.ts'

/**
 * Makes the views of the warehouse, as a sync does when its streams have ended, whatever `views` says in the configuration.
 * Exit 1 if a view is not as it is declared, 3 if no run has made the tables yet.
 */
export async function views(app: App, signal: AbortSignal): Promise<Result> {
  await using destination = await app.open('write')
  if ((await destination.runs(1)).length === 0)
    return {
      code: 3,
      json: { problem: { code: 'no_tables', message: 'no run has made the tables yet', next: 'Run sync.' } },
      text: lines('No run has made the tables yet.', '  Run sync.'),
    }
  await destination.acquireLock(app.run)
  await destination.prepare([])
  const report = await destination.keepViews(app.wanted, signal)
  await destination.finalize()
  const copy = await replaceReadCopy(destination, app, signal)
  const text = [...viewsText(report), ...readCopyText(copy, app.look)]
  return {
    code: report.problems.length > 0 ? 1 : 0,
    json: { ...report, ...(copy && { read_copy: copy }) },
    text: paragraphs(...(text.length > 0 ? text : [lines('views: all are as they should be')])),
  }
}
