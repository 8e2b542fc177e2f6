import { type Headers, headerKey, isNeeded } from '../../schema/export.ts'
import type { Stream } from '../../schema/stream.ts'
import { unreadable } from './csv.ts'

/** A column of ours, and the fields of a row that may have its value. The first field that is not empty is used. */
export interface Target {
  readonly name: string
  /** Dotted path in the record. */
  readonly path: readonly string[]
  readonly positions: readonly [number, ...number[]]
  readonly lowerCase: boolean
  /** Its values are ids or other whole numbers. */
  readonly isWhole: boolean
}

/** What each field of a row means. It follows from the header of the file. */
export interface Layout {
  /** Number of fields. */
  readonly width: number
  /** Columns of the stream. */
  readonly own: readonly Target[]
  /** Columns of the list whose elements have a row each; empty: one row is one record. */
  readonly element: readonly Target[]
  /** Path of that list in the record. */
  readonly list: readonly string[]
  readonly key: Target
  readonly unknown: readonly { readonly header: string; readonly position: number }[]
  /** For each column of ours, the headers that it is read from. */
  readonly read: Readonly<Record<string, readonly string[]>>
}

/** The layout of a file. @throws {ConfigError} if a required column is missing, or a column occurs twice. */
export function layoutOf(stream: Stream, file: string, line: number, headers: readonly string[]): Layout {
  if (stream.export === null) throw new Error(`${stream.name} declares no export`)
  const { columns, lowerCase, elements } = stream.export
  const keys = headers.map(headerKey)
  const twice = headers.find((_, at) => keys[at] !== '' && keys.indexOf(keys[at] ?? '') !== at)
  if (twice !== undefined) throw unreadable(file, line, `has the column ${twice} twice; remove one of them`)
  const targets = (wanted: Headers, declared: Stream['columns']): Target[] =>
    Object.entries(wanted).flatMap(([name, spellings]) => {
      const [first, ...more] = spellings.map(header => keys.indexOf(header)).filter(position => position >= 0)
      if (first === undefined) return []
      const path = (declared[name]?.from ?? name).split('.')
      const isWhole = declared[name]?.kind === 'int'
      return [{ name, path, positions: [first, ...more] as const, lowerCase: lowerCase.includes(name), isWhole }]
    })
  const own = targets(columns, stream.columns)
  for (const name of Object.keys(stream.columns))
    if (isNeeded(stream, name) && !own.some(target => target.name === name))
      throw unreadable(file, line, missing(name, columns[name] ?? [], headers))
  const child = elements === null ? undefined : stream.children[elements.child]
  const element = elements && child ? targets(elements.columns, child.columns) : []
  const key = own.find(({ name }) => name === stream.key[0])
  if (key === undefined) throw new Error(`the export of ${stream.name} declares no key`)
  const known = new Set([...own, ...element].flatMap(({ positions }) => positions))
  return {
    width: headers.length,
    own,
    element,
    list: child ? child.from.split('.') : [],
    key,
    unknown: headers.flatMap((header, position) => (known.has(position) ? [] : [{ header, position }])),
    read: Object.fromEntries(
      [
        ...own.map(target => ({ ...target, table: '' })),
        ...element.map(target => ({ ...target, table: `${elements?.child}.` })),
      ].map(({ table, name, positions }) => [table + name, positions.map(at => headers[at] ?? '')]),
    ),
  }
}

function missing(name: string, spellings: readonly string[], headers: readonly string[]): string {
  const seen = headers.slice(0, 12).join(', ')
  return `has no column for ${name}: one of ${spellings.join(', ')} is needed (capitals and spaces make no difference). The file has ${seen}${headers.length > 12 ? ', …' : ''}. Export it with that column, or rename the column that has these values`
}
