import { SourceError } from '../../common/errors.ts'
import type { SchemaChange } from '../../common/model.ts'
import { lines, type Printable, paragraphs } from '../../common/printable.ts'
import type { RateReport } from '../../common/run-report.ts'
import { accessOf, isTried } from '../../extract/scopes.ts'
import { beginWithLearntRate } from '../../jobs/learnt-rate.ts'
import { startScan } from '../../pipeline/checkpoint.ts'
import { countServed } from '../../pipeline/expected-count.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables, schemaHashOf } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import { prose } from '../look.ts'
import { second } from '../runs.ts'
import { fittedTable } from '../text-table.ts'
import type { Result } from './result.ts'

/** Records in a page, the most that the API returns [documented]. */
const PAGE = 250

/** What a sync would do: requests, minutes, DDL. Writes nothing. */
export async function plan(app: App, { streams, explicit }: Selection, signal: AbortSignal): Promise<Result> {
  const { source, config, look } = app
  const { requestStats } = new StreamStats('plan')
  const token = await source.token(requestStats, signal)
  await using destination = await app.open('read')
  if (await destination.loadSalt()) await beginWithLearntRate({ ...app, destination })
  const tried = streams.filter(s => explicit.has(s.name) || isTried(accessOf(s, token)))
  const ddl = await destination.plan(tried.flatMap(allTables))
  const steps = []
  for (const stream of tried) {
    const checkpoint = await destination.checkpoint(stream.name)
    const { start, overlapMs } = config.recharge
    const { scan, gap } = startScan(checkpoint, stream, {
      run: app.run,
      now: source.clock(),
      overlapMs,
      start,
      schemaHash: schemaHashOf(stream),
    })
    const { since } = scan.window
    const records = await countServed(source, stream, since, requestStats, signal).catch(nullIfRefused)
    const requests = records === null ? null : Math.max(1, Math.ceil(records / PAGE))
    steps.push({ stream: stream.name, from: since, records, requests, gap })
  }
  // A stream that the API does not count takes at least one request.
  const requests = 1 + steps.reduce((sum, step) => sum + (step.requests ?? 1), 0)
  const { per_second: perSecond, from } = source.rate
  const minutes = Math.round((requests / (perSecond * config.recharge.budget) / 60) * 10) / 10
  const table = fittedTable(
    [
      { head: 'stream', cell: row => row.stream },
      { head: 'from', cell: row => (row.from === null ? 'the beginning' : second(row.from)), droppable: 2 },
      { head: 'records', cell: row => row.records, droppable: 1 },
      { head: 'requests', cell: row => row.requests },
    ],
    steps,
    look,
  )
  const skipped = streams.filter(s => !tried.includes(s)).map(s => s.name)
  const uncertain = tried.filter(s => accessOf(s, token).perhaps.length > 0).map(s => s.name)
  const text = [
    table,
    prose(
      look,
      '',
      `At least ${requests} requests, ${minutes} minutes at ${perSecond} a second${fromText(from)}. A dash (–): the API does not count these records.`,
    ),
    ...(uncertain.length > 0
      ? [
          prose(
            look,
            '',
            `Tried, because a scope of the token may allow it, and skipped if Recharge refuses: ${uncertain.join(', ')}`,
          ),
        ]
      : []),
    ...(skipped.length > 0 ? [prose(look, '', `Skipped, because the token lacks a scope: ${skipped.join(', ')}`)] : []),
    ddlText(ddl),
  ]
  return {
    code: 0,
    json: { requests, minutes, streams: steps, uncertain, skipped, ddl: ddl.map(({ sql }) => sql) },
    text: paragraphs(...text),
  }
}

/** Where a rate is from, after it. */
export const fromText = (from: RateReport['from']): string =>
  from === 'given' ? '' : `, which ${from === 'responses' ? 'responses have' : 'an earlier run has'} shown`

/** What a stream without the scope would cost is not known: a sync tries it, and skips it if the API refuses. */
function nullIfRefused(error: unknown): null {
  if (error instanceof SourceError && error.kind === 'forbidden') return null
  throw error
}

/** More DDL statements than this are only counted. */
const MOST_STATEMENTS = 20

function ddlText(ddl: readonly SchemaChange[]): Printable {
  if (ddl.length === 0) return lines('No DDL.')
  if (ddl.length > MOST_STATEMENTS) return lines(`${ddl.length} DDL statements; --json lists them.`)
  return lines('DDL:', ...ddl.map(({ sql }) => `${sql};`))
}
