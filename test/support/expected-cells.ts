import type { Column, Columns } from '../../src/schema/column.ts'
import { identifier } from '../../src/schema/name.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { tablesOf } from '../../src/schema/table.ts'

/*
 * The cells that a record must become, read from the declaration alone: nothing of `transform` is used. The form of a value
 * is that of `dump`.
 */

type Json = Readonly<Record<string, unknown>>
type ExpectedRow = Readonly<Record<string, unknown>>

/** How a protected value is stored. */
export type Hashed = (text: string) => string

/** The rows of each table, without system columns. */
export function expectedRows(stream: Stream, records: readonly Json[], hashed: Hashed): Record<string, ExpectedRow[]> {
  const { root, children } = tablesOf(stream)
  const rows: Record<string, ExpectedRow[]> = {
    [root.name]: records.map(record => cellsOf(stream.columns, record, hashed)),
  }
  for (const { child, table } of children) {
    const { from = '', columns = {}, element } = stream.children[child] ?? {}
    const [owner = ''] = table.key
    rows[table.name] = records.flatMap(record =>
      listAt(record, from).map((one, index) => ({
        [owner]: String(record.id),
        index: String(index),
        ...cellsOf(columns, isObject(one) || element === undefined ? one : { [element]: one }, hashed),
      })),
    )
  }
  return rows
}

/** Paths of the record that have a value other than null, and that no column and no list of the declaration reads. */
export function undeclaredPaths(stream: Stream, record: Json): string[] {
  const lists = Object.values(stream.children)
  const paths = [
    ...pathsOf(stream.columns),
    ...lists.flatMap(({ from, columns, element }) => [
      ...pathsOf(columns).map(path => `${from}[].${path}`),
      ...(element === undefined ? [] : [`${from}[]`]),
    ]),
  ]
  const isRead = (leaf: string): boolean =>
    paths.some(path => leaf === path || leaf.startsWith(`${path}.`) || leaf.startsWith(`${path}[]`))
  // A list of one object stands for the object.
  return leavesOf(record, '').filter(leaf => !isRead(leaf) && !isRead(leaf.replace('[]', '')))
}

const pathsOf = (columns: Columns): string[] =>
  Object.entries(columns).flatMap(([name, { from, also }]) => [from ?? name, ...also])

function leavesOf(value: unknown, path: string): string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return [...new Set(value.flatMap(element => leavesOf(element, `${path}[]`)))]
  if (typeof value !== 'object') return [path]
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, path === '' ? name : `${path}.${name}`))
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function cellsOf(columns: Columns, holder: unknown, hashed: Hashed): ExpectedRow {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      const [value = null] = [column.from ?? name, ...column.also]
        .map(path => valueAt(holder, path))
        .filter(found => found !== null)
      return [
        identifier(name),
        value === null ? null : column.sensitive ? hashed(textOf(value)) : cellOf(column, value),
      ]
    }),
  )
}

/** The value at a path. A list of one object counts as the object where the path goes on. */
function valueAt(holder: unknown, path: string): unknown {
  let value = holder
  for (const name of path.split('.')) {
    const object = Array.isArray(value) && value.length === 1 ? value[0] : value
    value = isObject(object) ? (object[name] ?? null) : null
  }
  return value ?? null
}

function listAt(record: Json, path: string): readonly unknown[] {
  const value = valueAt(record, path)
  return Array.isArray(value) ? value : value === null ? [] : [value]
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

function cellOf(column: Column, value: unknown): unknown {
  const text = textOf(value)
  switch (column.kind) {
    case 'int':
      return /^-?\d+$/.test(text) ? text : null
    case 'money':
    case 'rate':
      return /^-?\d+(\.\d+)?$/.test(text) ? text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') : null
    case 'instant':
      return instantOf(text)
    case 'day':
      return column.derived ? easternDayOf(text) : text.slice(0, 10)
    case 'flag':
      return text === 'true' || text === '1' ? 'true' : 'false'
    case 'text':
      return text
    case 'json':
      return sorted(value)
  }
}

/** As `dump` shows it, in UTC. A time without an offset is one of US Eastern, which was four hours behind in summer. */
function instantOf(text: string): string {
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/.test(text)
  const at = new Date(zoned ? text : `${text}${easternOffset(text)}`)
  return at
    .toISOString()
    .replace('T', ' ')
    .replace(/(?:\.0+)?Z$/, '')
}

/** By the months of the payloads, none of which has a clock change in it but March and November. */
const easternOffset = (text: string): string =>
  ['11', '12', '01', '02'].includes(text.slice(5, 7)) ? '-05:00' : '-04:00'

const easternDayOf = (text: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York', dateStyle: 'short' }).format(new Date(text))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
