import type { Stream } from '../../schema/stream.ts'

/**
 * Whether the source may have forgotten the record. It serves the others itself: one that is in an export and not in the
 * API has been deleted since, as a queued charge is whenever it is rebuilt, and is not to come back.
 */
export function mayBeForgotten(stream: Stream, record: unknown): boolean {
  const { retention } = stream
  if (retention === null) return true
  const said = (column: string): string => {
    const path = (stream.columns[column]?.from ?? column).split('.')
    const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], record)
    return typeof value === 'string' ? value.trim() : ''
  }
  const kinds = Object.entries(retention.when ?? {})
  // An export of processed charges alone need not say that they are.
  if (kinds.every(([column]) => said(column) === '')) return said(retention.by) !== ''
  return kinds.every(([column, values]) => values.includes(said(column)))
}
