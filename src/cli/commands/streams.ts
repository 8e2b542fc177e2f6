import { DestinationError, SourceError, type SyncError } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import { below, beside, lines, type Printable, paragraphs, rest } from '../../common/printable.ts'
import { accessOf, type TokenInformation, writeScopes } from '../../extract/scopes.ts'
import type { Inspection } from '../../load/inspection.ts'
import { knownCompleteFrom } from '../../pipeline/older-checkpoint.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { modeOf, retentionOf, scopesOf } from '../../schema/docs.ts'
import type { Stream } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import { type App, STREAMS } from '../app.ts'
import { type Look, PLAIN, prose } from '../look.ts'
import { completeFromText, second } from '../runs.ts'
import { type Column, fittedTable, tableWidth } from '../text-table.ts'
import type { Result } from './result.ts'

/** How long Recharge is asked for the scopes of the token, in milliseconds. The list is there without an answer. */
const PATIENCE = 5_000

/**
 * Every stream: its scope, mode, key, cursor and tables; with a token whether that may read it; with a warehouse its rows
 * and checkpoint.
 * @param app null: there is no configuration, so only what is declared can be listed.
 * @throws {SourceError} Recharge refuses the token.
 */
export async function streams(app: App | null, signal: AbortSignal, look = app?.look ?? PLAIN): Promise<Result> {
  const notes: Printable[] =
    app === null
      ? [
          prose(
            look,
            '',
            'This is what is declared. With a configuration, it says what the token may read and how far each is.',
          ),
        ]
      : []
  const note = (what: string, { message }: SyncError): void => {
    notes.push(prose(look, '', `${what}: ${message}`))
  }
  const token = app === null ? null : await tokenOf(app, note, signal)
  const all = await inWarehouse(app, note, async destination => {
    const found = []
    for (const stream of app?.streams ?? STREAMS) found.push(await listed(stream, token, destination))
    return found
  })
  const writes = token === null ? [] : writeScopes(token)
  const unknown = [...new Set(all.flatMap(({ perhaps }) => perhaps))]
  if (unknown.length > 0)
    notes.push(
      prose(look, '', `A stream with ? is tried, because of scopes whose meaning is not known: ${unknown.join(', ')}`),
    )
  if (writes.length > 0)
    notes.push(
      prose(look, '', `The token may also change the store, which this program never does: ${writes.join(', ')}`),
    )
  return { code: 0, json: { streams: all, write_scopes: writes }, text: paragraphs(...tablesFor(all, look), ...notes) }
}

type Note = (what: string, error: SyncError) => void

/** What Recharge says of the token; null: there is none, or Recharge does not answer. */
async function tokenOf({ config, source }: App, note: Note, signal: AbortSignal): Promise<TokenInformation | null> {
  if (config.recharge.token === '') return null
  const patience = AbortSignal.timeout(PATIENCE)
  try {
    const { requestStats } = new StreamStats('token_information')
    return await source.token(requestStats, AbortSignal.any([signal, patience]))
  } catch (error) {
    const isUnanswered = error instanceof SourceError && error.reaction === 'retry'
    if (!isUnanswered && (!patience.aborted || signal.aborted)) throw error
    note(
      'Whether the token may read them is not known',
      isUnanswered ? error : new SourceError('timeout', `Recharge did not answer within ${PATIENCE / 1000} seconds`),
    )
    return null
  }
}

/** @param work gets null where there is no warehouse that can be read. */
async function inWarehouse<T>(app: App | null, note: Note, work: (from: Inspection | null) => Promise<T>): Promise<T> {
  if (app === null) return await work(null)
  try {
    await using destination = await app.openForReaders()
    return await work(destination)
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error
    note('Rows and checkpoints are not known', error)
    return await work(null)
  }
}

interface Listed {
  readonly stream: string
  readonly scope: string | null
  readonly granted: boolean | null
  readonly missing: readonly string[]
  readonly perhaps: readonly string[]
  readonly mode: string
  readonly key: readonly string[]
  readonly cursor: string | null
  readonly forgets: string | null
  readonly plan: string | null
  readonly tables: readonly string[]
  readonly rows: number | null
  readonly complete_from: Instant | null
  readonly complete_to: Instant | null
}

async function listed(stream: Stream, token: TokenInformation | null, from: Inspection | null): Promise<Listed> {
  const access = token && accessOf(stream, token)
  const tables = tablesOf(stream)
  const rows = await from?.rows(tables)
  const watermark = (await from?.watermark(stream.name)) ?? null
  const completeFrom = (await from?.completeFrom(stream.name)) ?? null
  return {
    stream: stream.name,
    scope: scopesOf(stream).join(', ') || null,
    granted: access === null || token?.scopes === null || access.perhaps.length > 0 ? null : access.granted,
    missing: access?.missing ?? [],
    perhaps: access?.perhaps ?? [],
    mode: modeOf(stream),
    key: stream.key,
    cursor: stream.sync.mode === 'incremental' ? stream.sync.cursor : null,
    forgets: stream.retention ? retentionOf(stream) : null,
    plan: stream.plan,
    tables: [tables.root.name, ...tables.children.map(({ table }) => table.name)],
    rows: rows?.get(tables.root.name) ?? null,
    complete_from: knownCompleteFrom({ completeFrom, watermark }, stream),
    complete_to: watermark,
  }
}

const NAME: Column<Listed> = { head: 'stream', cell: row => row.stream }
const SCOPE: Column<Listed> = { head: 'scope', cell: row => row.scope ?? 'none' }
const MODE: Column<Listed> = { head: 'mode', cell: row => row.mode, droppable: 1 }
const TABLES: Column<Listed> = { head: 'tables', cell: row => row.tables.length, droppable: 5 }

function grantedText({ granted, missing, perhaps }: Listed): string | null {
  if (granted === null) return perhaps.length > 0 ? '?' : null
  if (!granted) return 'NO'
  return missing.length > 0 ? 'in part' : 'yes'
}

/** What there is, without columns of which nothing is known. */
function tablesFor(all: readonly Listed[], look: Look): readonly Printable[] {
  const known = <T>(of: (row: Listed) => T | null, column: Column<Listed>): Column<Listed>[] =>
    all.some(row => of(row) !== null) ? [column] : []
  const columns: readonly Column<Listed>[] = [
    NAME,
    SCOPE,
    ...known(grantedText, {
      head: 'granted',
      cell: grantedText,
      style: row => (row.granted === false ? 'bad' : row.granted && row.missing.length === 0 ? 'good' : 'doubtful'),
    }),
    MODE,
    { head: 'key', cell: row => row.key.join(', '), droppable: 8 },
    { head: 'cursor', cell: row => row.cursor, droppable: 7 },
    { head: 'source retention', cell: row => row.forgets ?? 'no', droppable: 9 },
    TABLES,
    ...known(row => row.rows, { head: 'rows', cell: row => row.rows, droppable: 2 }),
    ...known(row => row.complete_to, {
      head: 'complete from',
      cell: row => completeFromText(row.complete_from, row.complete_to),
      droppable: 6,
    }),
    ...known(row => row.complete_to, {
      head: 'complete to',
      cell: row => row.complete_to && second(row.complete_to),
      droppable: 3,
    }),
  ]
  const least = [NAME, SCOPE, MODE, TABLES]
  const needed = tableWidth(
    least.map(({ head }) => head),
    all.map(row => least.map(({ cell }) => cell(row))),
  )
  if (needed <= look.width) return [fittedTable(columns, all, look)]
  return [
    fittedTable(
      columns.filter(column => column !== SCOPE),
      all,
      look,
    ),
    scopesText(all, look),
  ]
}

/** In place of a column that has no room: each scope, with the streams that need it. */
function scopesText(all: readonly Listed[], look: Look): Printable {
  const byScope = Map.groupBy(
    all.flatMap(({ stream, scope }) => (scope ?? 'none').split(', ').map(one => ({ stream, scope: one }))),
    ({ scope }) => scope,
  )
  return below(
    look.paint('head', lines('scope of the token, and the streams that need it')),
    ...[...byScope].map(([scope, of]) => {
      const indent = '    '
      const names = of.map(({ stream }) => stream).join(', ')
      const text = prose({ ...look, isTerminal: true }, indent, `${scope}: ${names}`)
      // The first line begins where the head does, those that follow behind it.
      return beside(lines('  '), look.paint('head', lines(scope)), rest(text, indent.length + scope.length))
    }),
  )
}
