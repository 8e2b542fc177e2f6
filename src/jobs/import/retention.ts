import type { Stream } from '../../schema/stream.ts'

/**
 * Whether the record may be past the retention of the source. The source still serves all others. If an export has one of
 * those and the API does not, the record has been deleted since, as a queued charge is each time it is rebuilt. It must not
 * be imported.
 */
export function mayBePastRetention(stream: Stream, record: unknown): boolean {
  const { retention } = stream
  if (retention === null) return true
  const fieldOf = (column: string): string => {
    const path = (stream.columns[column]?.from ?? column).split('.')
    const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], record)
    return typeof value === 'string' ? value.trim() : ''
  }
  const kinds = Object.entries(retention.when ?? {})
  // An export of processed charges only may lack the column that says so.
  if (kinds.every(([column]) => fieldOf(column) === '')) return fieldOf(retention.by) !== ''
  return kinds.every(([column, values]) => values.includes(fieldOf(column)))
}
