import { type Headers, headerKey } from '../../schema/export.ts'
import type { Stream } from '../../schema/stream.ts'
import { unreadable } from './csv.ts'

/** A column of ours, and the places in a row of the file that may hold its value: the first that does is taken. */
export interface Target {
  readonly name: string
  /** Dotted path in the record. */
  readonly path: readonly string[]
  readonly places: readonly [number, ...number[]]
  readonly lowerCase: boolean
}

/** Which place of a row means what, worked out from the file's first row. */
export interface Layout {
  readonly width: number
  readonly own: readonly Target[]
  /** Of the list whose elements have a row each; empty: one row is one record. */
  readonly element: readonly Target[]
  /** Where `element` goes in the record. */
  readonly list: readonly string[]
  readonly key: Target
  readonly unknown: readonly { readonly header: string; readonly place: number }[]
  /** By column of ours, the headers that it is read from. */
  readonly read: Readonly<Record<string, readonly string[]>>
}

/** @throws {ConfigError} where a column that every record needs is missing, or stands there twice. */
export function layoutOf(stream: Stream, file: string, line: number, headers: readonly string[]): Layout {
  if (stream.export === null) throw new Error(`${stream.name} declares no export`)
  const { columns, lowerCase, elements } = stream.export
  const keys = headers.map(headerKey)
  const twice = headers.find((_, at) => keys[at] !== '' && keys.indexOf(keys[at] ?? '') !== at)
  if (twice !== undefined) throw unreadable(file, line, `has the column ${twice} twice; remove one of them`)
  const targets = (wanted: Headers, declared: Stream['columns']): Target[] =>
    Object.entries(wanted).flatMap(([name, spellings]) => {
      const [first, ...more] = spellings.map(header => keys.indexOf(header)).filter(place => place >= 0)
      if (first === undefined) return []
      const path = (declared[name]?.from ?? name).split('.')
      return [{ name, path, places: [first, ...more] as const, lowerCase: lowerCase.includes(name) }]
    })
  const own = targets(columns, stream.columns)
  for (const [name, { required }] of Object.entries(stream.columns))
    if (required && !own.some(target => target.name === name))
      throw unreadable(file, line, missing(name, columns[name] ?? [], headers))
  const child = elements === null ? undefined : stream.children[elements.child]
  const element = elements && child ? targets(elements.columns, child.columns) : []
  const key = own.find(({ name }) => name === stream.key[0])
  if (key === undefined) throw new Error(`the export of ${stream.name} declares no key`)
  const known = new Set([...own, ...element].flatMap(({ places }) => places))
  return {
    width: headers.length,
    own,
    element,
    list: child ? child.from.split('.') : [],
    key,
    unknown: headers.flatMap((header, place) => (known.has(place) ? [] : [{ header, place }])),
    read: Object.fromEntries(
      [
        ...own.map(target => ({ ...target, table: '' })),
        ...element.map(target => ({ ...target, table: `${elements?.child}.` })),
      ].map(({ table, name, places }) => [table + name, places.map(at => headers[at] ?? '')]),
    ),
  }
}

function missing(name: string, spellings: readonly string[], headers: readonly string[]): string {
  const seen = headers.slice(0, 12).join(', ')
  return `has no column for ${name}: one of ${spellings.join(', ')} is needed (capitals and spaces make no difference). The file has ${seen}${headers.length > 12 ? ', …' : ''}. Export it with that column, or rename the one that holds it`
}
