import type { Position } from '../row.ts'
import type { Direction } from '../sorted.ts'
import { unprocessable } from './answer.ts'

/** All parameters of the first request: a request with a cursor may carry no others. */
export interface Cursor {
  readonly path: string
  readonly field: string
  readonly direction: Direction
  readonly filters: Readonly<Record<string, string>>
  /** Absent in a cursor to the very beginning. */
  readonly position?: Position
  /** `previous` reads backwards, and gives the rows in the usual order. */
  readonly toward: 'next' | 'previous'
}

/** The member names are those of a decoded cursor of the real API; a client must not read them anyway. */
export function encode(cursor: Cursor): string {
  const { position } = cursor
  return Buffer.from(
    JSON.stringify({
      starting_before_id: position?.id ?? null,
      last_value: position?.value ?? null,
      sort_by: `${cursor.field}-${cursor.direction}`,
      cursor_dir: cursor.toward === 'next' ? 'next' : 'prev',
      filters: cursor.filters,
      path: cursor.path,
    }),
  ).toString('base64')
}

export function decode(text: string, parameter: string, path: string): Cursor {
  const invalid = unprocessable(parameter, 'Invalid value')
  let content: Record<string, unknown>
  try {
    content = JSON.parse(Buffer.from(text, 'base64').toString())
  } catch {
    throw invalid
  }
  const sort = /^(\w+)-(asc|desc)$/.exec(String(content?.sort_by))
  const field = sort?.[1]
  if (!field || content.path !== path || typeof content.filters !== 'object') throw invalid
  const position =
    typeof content.starting_before_id === 'number'
      ? { position: { id: content.starting_before_id, value: content.last_value as string | number } }
      : {}
  return {
    path,
    field,
    direction: sort[2] === 'asc' ? 'asc' : 'desc',
    filters: content.filters as Record<string, string>,
    toward: content.cursor_dir === 'prev' ? 'previous' : 'next',
    ...position,
  }
}
