import type { Reject } from '../../common/model.ts'
import type { Stream } from '../../schema/stream.ts'
import { type CsvRow, csvRows, unreadable } from './csv.ts'
import { type Layout, layoutOf, type Target } from './headers.ts'

/** What a file contains: first its layout, then its records in the form in which the API sends them. */
export type FileItem =
  | { readonly kind: 'layout'; readonly layout: Layout }
  | { readonly kind: 'record'; readonly record: unknown }
  | { readonly kind: 'reject'; readonly reject: Reject }

type Draft = Record<string, unknown>

/** The record whose rows are being read. */
interface Open {
  readonly key: string
  readonly record: Draft
}

/** Member of `_extra` that keeps the columns that are not declared. */
const UNKNOWN = 'export'

/**
 * Reads the records of a file. Only the current record and the keys of all earlier ones are in memory.
 * @throws {ConfigError} if the file cannot be read, or may have only a part of a record's list.
 */
export async function* readRecords(stream: Stream, file: string): AsyncGenerator<FileItem> {
  let layout: Layout | null = null
  let open: Open | null = null
  const seen = new Set<string | number>()
  for await (const row of csvRows(file)) {
    if (layout === null) {
      layout = layoutOf(stream, file, row.line, row.fields)
      yield { kind: 'layout', layout }
      continue
    }
    const fits = row.fields.length === layout.width
    if (fits) refuseRounded(layout, file, row)
    const key = fieldFor(layout.key, row)?.trim() ?? ''
    if (fits && open !== null && layout.element.length > 0 && key !== '' && key === open.key) {
      addElement(open.record, layout, row)
      continue
    }
    const isRepeated = seen.has(compact(key))
    if (layout.element.length > 0 && (!fits || isRepeated))
      throw unreadable(file, row.line, fits ? scattered(key) : wrongWidth(row, layout))
    if (!fits || isRepeated) {
      const reason = fits
        ? `${key} occurs more than once in the file; the first row was taken`
        : wrongWidth(row, layout)
      yield {
        kind: 'reject',
        reject: { key: key || null, path: '', reason, record: JSON.stringify(row.fields), cursor: null },
      }
      continue
    }
    if (open) yield { kind: 'record', record: open.record }
    if (key !== '') seen.add(compact(key))
    open = { key, record: recordOf(layout, row) }
    addElement(open.record, layout, row)
  }
  if (layout === null) throw unreadable(file, null, 'is empty; export it again')
  if (open) yield { kind: 'record', record: open.record }
}

/** A key as a number takes a third of the memory of its text. */
const compact = (key: string): string | number => (/^[1-9]\d{0,14}$/.test(key) ? Number(key) : key)

const scattered = (key: string): string =>
  `the rows of ${key} do not follow one another, so a part of its list would be loaded as the whole list; sort the file by that column`

/** A whole number as a spreadsheet writes one that is too long for its cell: the last digits are lost. */
const ROUNDED = /^[+-]?\d+([.,]\d+)?e[+-]?\d+$/i

/**
 * Such ids would be those of other records, or of none, so nothing of the file can be trusted.
 * @throws {ConfigError}
 */
function refuseRounded({ own, element }: Layout, file: string, row: CsvRow): void {
  for (const target of [...own, ...element]) {
    const text = target.isWhole ? fieldFor(target, row)?.trim() : undefined
    if (text && ROUNDED.test(text))
      throw unreadable(
        file,
        row.line,
        `has ${text} as ${target.name}: a spreadsheet has saved the file and cut off the last digits; export it again, and import it without opening it in a spreadsheet`,
      )
  }
}

const wrongWidth = ({ fields }: CsvRow, layout: Layout): string =>
  `the row has ${fields.length} fields and the header has ${layout.width}`

function recordOf({ own, unknown }: Layout, row: CsvRow): Draft {
  const record = bare()
  for (const target of own) put(record, target.path, fieldFor(target, row))
  for (const { header, position } of unknown) put(record, [UNKNOWN, header], textAt(row, position))
  return record
}

/** Adds an element to the record's list. A row without any value of the list means that the list is empty. */
function addElement(record: Draft, { element, list }: Layout, row: CsvRow): void {
  if (element.length === 0) return
  const member = bare()
  for (const target of element) put(member, target.path, fieldFor(target, row))
  const known = list.reduce<unknown>((at, name) => (at as Draft | undefined)?.[name], record)
  const elements = Array.isArray(known) ? known : []
  if (Object.keys(member).length > 0) elements.push(member)
  put(record, list, elements)
}

function fieldFor({ positions, lowerCase }: Target, row: CsvRow): string | null {
  for (const position of positions) {
    const text = textAt(row, position)
    if (text !== null) return lowerCase ? text.toLowerCase() : text
  }
  return null
}

/** The text of a field; null: it is empty or only spaces. */
function textAt({ fields }: CsvRow, position: number): string | null {
  const text = fields[position] ?? ''
  return text.trim() === '' ? null : text
}

/** An object without a prototype, so that a column named `__proto__` is like any other. */
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
