import { lines, paragraphs } from '../../common/printable.ts'
import { accessOf, writeScopes } from '../../extract/scopes.ts'
import { knownCompleteFrom } from '../../pipeline/older-checkpoint.ts'
import { StreamStats } from '../../pipeline/stream-stats.ts'
import { modeOf, retentionOf, scopesOf } from '../../schema/docs.ts'
import { tablesOf } from '../../schema/table.ts'
import type { App } from '../app.ts'
import { completeFromText, second } from '../runs.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'

/** Every stream: its scope and whether the token has it, mode, key, cursor, tables, rows and checkpoint. */
export async function streams(app: App, signal: AbortSignal): Promise<Result> {
  const token = await app.source.token(new StreamStats('token_information').requestStats, signal)
  await using destination = await app.open('read')
  const all = []
  for (const stream of app.streams) {
    const { granted, missing, perhaps } = accessOf(stream, token)
    const tables = tablesOf(stream)
    const rows = await destination.rows(tables)
    const watermark = await destination.watermark(stream.name)
    const completeFrom = await destination.completeFrom(stream.name)
    all.push({
      stream: stream.name,
      scope: scopesOf(stream).join(', ') || null,
      granted: token.scopes === null || perhaps.length > 0 ? null : granted,
      missing,
      perhaps,
      mode: modeOf(stream),
      key: stream.key,
      cursor: stream.sync.mode === 'incremental' ? stream.sync.cursor : null,
      forgets: stream.retention ? retentionOf(stream) : null,
      plan: stream.plan,
      tables: [tables.root.name, ...tables.children.map(({ table }) => table.name)],
      rows: rows.get(tables.root.name) ?? null,
      complete_from: knownCompleteFrom({ completeFrom, watermark }, stream),
      complete_to: watermark,
    })
  }
  const table = textTable(
    [
      'stream',
      'scope',
      'granted',
      'mode',
      'key',
      'cursor',
      'source retention',
      'tables',
      'rows',
      'complete from',
      'complete to',
    ],
    all.map(s => [
      s.stream,
      s.scope ?? 'none',
      s.granted === null ? '?' : s.granted ? (s.missing.length > 0 ? 'in part' : 'yes') : 'NO',
      s.mode,
      s.key.join(', '),
      s.cursor,
      s.forgets ?? 'no',
      s.tables.length,
      s.rows,
      completeFromText(s.complete_from, s.complete_to),
      s.complete_to && second(s.complete_to),
    ]),
  )
  const writes = writeScopes(token)
  const unknown = [...new Set(all.flatMap(({ perhaps }) => perhaps))]
  const notes = [
    ...(unknown.length > 0
      ? [lines(`A stream with ? is tried, because of scopes whose meaning is not known: ${unknown.join(', ')}`)]
      : []),
    ...(writes.length > 0
      ? [lines(`The token may also change the store, which this program never does: ${writes.join(', ')}`)]
      : []),
  ]
  return { code: 0, json: { streams: all, write_scopes: writes }, text: paragraphs(table, ...notes) }
}
