import type { Reject } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { type CsvRow, csvRows, unreadable } from './csv.ts'
import { type Layout, layoutOf, type Target } from './headers.ts'

/** What a file holds, piece by piece: first how it is laid out, then its records in the form that the API has. */
export type Piece =
  | { readonly is: 'layout'; readonly layout: Layout }
  | { readonly is: 'record'; readonly record: unknown }
  | { readonly is: 'reject'; readonly reject: Reject }

type Draft = Record<string, unknown>

interface Open {
  readonly key: string
  readonly record: Draft
}

/** Where in `_extra` the columns go that nothing is declared for. */
const UNKNOWN = 'export'

/**
 * Reads a file once, a record at a time. Kept besides are the keys of the records that have been.
 * @throws {ConfigError} where the file cannot be read, or what it has of a list is not the whole of it.
 */
export async function* pieces(stream: Stream, file: string): AsyncGenerator<Piece> {
  let layout: Layout | null = null
  let open: Open | null = null
  const before = new Set<string | number>()
  for await (const row of csvRows(file)) {
    if (layout === null) {
      layout = layoutOf(stream, file, row.line, row.fields)
      yield { is: 'layout', layout }
      continue
    }
    const fit = row.fields.length === layout.width
    const key = fieldFor(layout.key, row)?.trim() ?? ''
    if (fit && open !== null && layout.element.length > 0 && key !== '' && key === open.key) {
      addElement(open.record, layout, row)
      continue
    }
    const known = before.has(compact(key))
    if (layout.element.length > 0 && (!fit || known))
      throw unreadable(file, row.line, fit ? apart(key) : width(row, layout))
    if (!fit || known) {
      const reason = fit ? `${key} stands in the file more than once; the first is taken` : width(row, layout)
      yield {
        is: 'reject',
        reject: { key: key || null, path: '', reason, record: JSON.stringify(row.fields), cursor: null },
      }
      continue
    }
    if (open) yield { is: 'record', record: open.record }
    if (key !== '') before.add(compact(key))
    open = { key, record: recordOf(layout, row) }
    addElement(open.record, layout, row)
  }
  if (layout === null) throw unreadable(file, null, 'is empty; export it again')
  if (open) yield { is: 'record', record: open.record }
}

/** A number takes a third of the memory of its text. */
const compact = (key: string): string | number => (/^[1-9]\d{0,14}$/.test(key) ? Number(key) : key)

const apart = (key: string): string =>
  `the rows of ${key} are not together, so part of a list would be taken for the whole; sort the file by that column`

const width = ({ fields }: CsvRow, layout: Layout): string =>
  `the row has ${fields.length} fields and the header ${layout.width}`

function recordOf({ own, unknown }: Layout, row: CsvRow): Draft {
  const record = bare()
  for (const target of own) put(record, target.path, fieldFor(target, row))
  for (const { header, place } of unknown) put(record, [UNKNOWN, header], textAt(row, place))
  return record
}

/** A row without any value of the list says that the record has none. */
function addElement(record: Draft, { element, list }: Layout, row: CsvRow): void {
  if (element.length === 0) return
  const member = bare()
  for (const target of element) put(member, target.path, fieldFor(target, row))
  const known = list.reduce<unknown>((at, name) => (at as Draft | undefined)?.[name], record)
  const elements = Array.isArray(known) ? known : []
  if (Object.keys(member).length > 0) elements.push(member)
  put(record, list, elements)
}

function fieldFor({ places, lowerCase }: Target, row: CsvRow): string | null {
  for (const place of places) {
    const text = textAt(row, place)
    if (text !== null) return lowerCase ? text.toLowerCase() : text
  }
  return null
}

/** A field of nothing but spaces says nothing. */
function textAt({ fields }: CsvRow, place: number): string | null {
  const text = fields[place] ?? ''
  return text.trim() === '' ? null : text
}

/** Without a prototype, so that a column called `__proto__` is a column like any other. */
const bare = (): Draft => Object.create(null)

function put(object: Draft, path: readonly string[], value: unknown): void {
  if (value === null) return
  const [name = '', ...rest] = path
  if (rest.length === 0) object[name] = value
  else {
    object[name] ??= bare()
    put(object[name] as Draft, rest, value)
  }
}
