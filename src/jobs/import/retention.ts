import { parseInstant } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'

/**
 * Whether the record may be past the retention of the source. The source still serves all others. If an export has one of
 * those and the API does not, the record has been deleted since, as a queued charge is each time it is rebuilt. It must not
 * be imported.
 */
export function mayBePastRetention(stream: Stream, record: unknown): boolean {
  const { retention } = stream
  if (retention === null) return true
  const kinds = Object.entries(retention.when ?? {})
  // An export of processed charges only may lack the column that says so.
  if (kinds.every(([column]) => textIn(stream, record, column) === ''))
    return textIn(stream, record, retention.by) !== ''
  return kinds.every(([column, values]) => values.includes(textIn(stream, record, column)))
}

/** The time of the record whose age counts for the retention; null: it has none. */
export function ageOf(stream: Stream, record: unknown): Instant | null {
  const by = stream.retention?.by
  return by === undefined
    ? null
    : parseInstant(textIn(stream, record, by), stream.columns[by]?.zone ?? 'America/New_York')
}

function textIn(stream: Stream, record: unknown, column: string): string {
  const path = (stream.columns[column]?.from ?? column).split('.')
  const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], record)
  return typeof value === 'string' ? value.trim() : ''
}
