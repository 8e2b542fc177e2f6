import { jsonAt } from '../common/cells.ts'
import { parseInstant } from '../common/instant.ts'
import type { FlatRecord } from '../common/model.ts'
import { extraStart } from '../common/record-bytes.ts'
import { type ColumnKind, int, rate } from '../schema/column.ts'
import type { Stream } from '../schema/stream.ts'
import { tablesOf } from '../schema/table.ts'
import { coercion } from './coerce.ts'
import { digestIn } from './redact.ts'
import { isObject, type JsonObject, TypeMismatch } from './type-mismatch.ts'

/** For each unknown field, by table and path, the kind of column that takes every value seen of it. */
export type Kinds = Map<string, Map<string, ColumnKind>>

/** Widens `kinds` so that they take the values of an `_extra`. */
export function inferKinds(kinds: Kinds, stream: Stream, extra: unknown): void {
  const { root, children } = tablesOf(stream)
  const lists = children.map(({ child, table }) => ({
    from: stream.children[child]?.from ?? child,
    table: table.name,
    paths: pathsOf(stream.children[child]?.columns ?? {}),
  }))
  const visit = (object: JsonObject, prefix: string, table: string, declared: readonly string[]): void => {
    for (const [name, value] of Object.entries(object)) {
      // A dotted path could not name such a member.
      if (value === null || name === '' || /[.[\]]/.test(name)) continue
      const path = prefix + name
      const list = table === root.name ? lists.find(({ from }) => from === path) : undefined
      if (list) {
        if (isObject(value))
          for (const element of Object.values(value)) if (isObject(element)) visit(element, '', list.table, list.paths)
      } else if (declared.some(known => known.startsWith(`${path}.`))) {
        if (isObject(value)) visit(value, `${path}.`, table, declared)
      } else if (!declared.includes(path)) {
        const known = kinds.get(table) ?? new Map<string, ColumnKind>()
        known.set(path, widest(known.get(path), kindOf(value)))
        kinds.set(table, known)
      }
    }
  }
  const paths = [...pathsOf(stream.columns), ...lists.map(({ from }) => from)]
  if (isObject(extra)) visit(extra, '', root.name, paths)
}

const pathsOf = (columns: Stream['columns']): string[] =>
  Object.entries(columns).flatMap(([name, { from, also }]) => [from ?? name, ...also])

/** `_extra` of a record as JSON; null: it has none. */
export function extraOf(record: FlatRecord, { children }: Stream): string | null {
  return jsonAt(record.bytes, extraStart(record, Object.keys(children).length))
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const readsAs = { int: coercion(int('.')), rate: coercion(rate('.')) }

function kindOf(value: unknown): ColumnKind {
  if (typeof value === 'boolean') return 'flag'
  if (typeof value === 'string') {
    if (INSTANT.test(value) && parseInstant(value, 'UTC') !== null) return 'instant'
    return DAY.test(value) && parseInstant(value, 'UTC') !== null ? 'day' : 'text'
  }
  if (digestIn(value) !== null) return 'text'
  if (typeof value !== 'number' && !JSON.isRawJSON(value)) return 'json'
  return reads(readsAs.int, value) ? 'int' : reads(readsAs.rate, value) ? 'rate' : 'text'
}

function reads(read: ReturnType<typeof coercion>, value: unknown): boolean {
  try {
    return read(value, { cleaned: 0 }) !== null
  } catch (error) {
    if (error instanceof TypeMismatch) return false
    throw error
  }
}

/** The kind that takes the values of both. Text takes every scalar, JSON takes everything. */
function widest(a: ColumnKind | undefined, b: ColumnKind): ColumnKind {
  if (a === undefined || a === b) return b
  if (a === 'json' || b === 'json') return 'json'
  return [a, b].every(kind => kind === 'int' || kind === 'rate') ? 'rate' : 'text'
}
