import { STREAMS } from '../../src/cli/app.ts'
import { parseInstant, toMillis } from '../../src/common/instant.ts'
import type { Column } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { tablesOf } from '../../src/schema/table.ts'
import { member, type StoreRecord } from '../../src/simulator/record.ts'
import { behindTheWall } from '../../src/simulator/serve/visible.ts'
import type { Store } from '../../src/simulator/store.ts'
import { instant } from '../../src/simulator/time.ts'

/** Every record of the store at one moment. Records are never changed in place, so this costs little. */
export interface Snapshot {
  readonly at: number
  readonly records: ReadonlyMap<string, ReadonlyMap<string, StoreRecord>>
}

export function snapshotOf(store: Store): Snapshot {
  const of = (name: string) => new Map(store.all(name).map(record => [String(record.id), record]))
  return { at: store.now().getTime(), records: new Map(STREAMS.map(({ name }) => [name, of(name)])) }
}

/** What is compared of a row. */
interface StoredRow {
  readonly deleted: boolean
  readonly values: ReadonlyMap<string, string | null>
  /** Rows of each child table. */
  readonly children: ReadonlyMap<string, number>
}

/** What a database has of a stream; null: it has no table of it. */
export type Stored = ReadonlyMap<string, StoredRow> | null

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Columns whose values a record and a row have in one form. */
const COMPARED = 8

const comparedOf = (stream: Stream): readonly (readonly [string, Column])[] =>
  Object.entries(stream.columns)
    .filter(([, { kind, derived }]) => !derived && ['text', 'int', 'flag'].includes(kind))
    .sort(([a], [b]) => rank(a) - rank(b))
    .slice(0, COMPARED)

/** What changes in a soak comes first. */
const EDITED = ['first_name', 'last_name', 'title', 'product_title', 'description', 'name', 'note', 'type', 'value']
const rank = (name: string): number => (EDITED.includes(name) ? 0 : name === 'status' ? 1 : 2)

/** Everything that is to be compared of some streams. A table or a column that is not there is no error here. */
export async function readStored(
  query: Query,
  schema: string,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, Stored>> {
  const known = new Set(
    (
      await query(`select table_name as t, column_name as c from information_schema.columns
        where table_schema = '${schema}'`)
    ).map(({ t, c }) => `${t}.${c}`),
  )
  const all = new Map<string, Stored>()
  for (const stream of streams) {
    const { root, children } = tablesOf(stream)
    const key = root.key[0] ?? 'id'
    if (!known.has(`${root.name}.${key}`)) {
      all.set(stream.name, null)
      continue
    }
    const counts = new Map<string, Map<string, number>>()
    for (const { child, table } of children) {
      const owner = table.key[0] ?? ''
      const of = new Map<string, number>()
      if (known.has(`${table.name}.${owner}`))
        for (const { k, n } of await query(
          `select cast("${owner}" as text) as k, cast(count(*) as text) as n from "${schema}"."${table.name}" group by 1`,
        ))
          of.set(String(k), Number(n))
      counts.set(child, of)
    }
    const cursor = stream.sync.mode === 'incremental' ? stream.sync.cursor : null
    const columns = comparedOf(stream).map(([name]) => name)
    const selected = [
      ...columns.map(name => `${known.has(`${root.name}.${name}`) ? `cast("${name}" as text)` : 'null'} as "${name}"`),
      ...(cursor !== null && known.has(`${root.name}.${cursor}`)
        ? [`cast("${cursor}" at time zone 'UTC' as text) as "_cursor"`]
        : []),
      known.has(`${root.name}._deleted_at`) ? '(_deleted_at is not null) as "_gone"' : 'false as "_gone"',
    ]
    const rows = await query(
      `select cast("${key}" as text) as "_key", ${selected.join(', ')} from "${schema}"."${root.name}"`,
    )
    all.set(
      stream.name,
      new Map(
        rows.map(row => {
          const { _key: id, _gone: gone, ...values } = row
          return [
            String(id),
            {
              deleted: gone === true,
              values: new Map(Object.entries(values).map(([name, value]) => [name, textOf(value)])),
              children: new Map(children.map(({ child }) => [child, counts.get(child)?.get(String(id)) ?? 0])),
            },
          ]
        }),
      ),
    )
  }
  return all
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))

/** In what a row differs from each version of its record; null: it is one of them. */
export function differenceOf(stream: Stream, row: StoredRow, versions: readonly StoreRecord[]): Difference | null {
  let first: Difference | null = null
  for (const version of versions) {
    const difference = compare(stream, row, version)
    if (difference === null) return null
    // One that differs in nothing but the time of change is the version that the row is of.
    if (first === null || difference.what === 'cursor') first = difference
  }
  return first
}

export interface Difference {
  readonly what: 'value' | 'cursor' | 'children'
  readonly text: string
}

function compare(stream: Stream, row: StoredRow, record: StoreRecord): Difference | null {
  for (const [name, column] of comparedOf(stream)) {
    const expected = expectedOf(column, member(record, column.from ?? name))
    if (expected === undefined) continue
    const actual = row.values.get(name) ?? null
    if (actual !== expected) return { what: 'value', text: `${name} is ${actual}, not ${expected}` }
  }
  for (const [child, declared] of Object.entries(stream.children)) {
    const list = member(record, declared.from)
    const expected = Array.isArray(list) ? list.length : 0
    const actual = row.children.get(child) ?? 0
    if ((list === null || list === undefined || Array.isArray(list)) && actual !== expected)
      return { what: 'children', text: `${child} has ${actual} rows, not ${expected}` }
  }
  if (stream.sync.mode === 'incremental') {
    const { cursor } = stream.sync
    const given = record[cursor]
    const expected = typeof given === 'string' ? parseInstant(given, stream.columns[cursor]?.zone ?? 'UTC') : null
    const stored = row.values.get('_cursor') ?? null
    const actual = stored === null ? null : parseInstant(stored, 'UTC')
    if (expected !== null && (actual === null || toMillis(actual) !== toMillis(expected)))
      return { what: 'cursor', text: `${cursor} is ${actual}, not ${expected}` }
  }
  return null
}

/** A value as the database shows it; undefined: the form is not the same on both sides. */
function expectedOf({ kind }: Column, value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null
  if (kind === 'text') return typeof value === 'string' ? value : undefined
  if (kind === 'int') return Number.isSafeInteger(Number(value)) && value !== '' ? String(Number(value)) : undefined
  return typeof value === 'boolean' ? String(value) : undefined
}

/** Records of a stream that were there in all of these snapshots, and that the source serves at the end. */
export function recordsOf(stream: Stream, snapshots: readonly Snapshot[]): ReadonlyMap<string, StoreRecord[]> {
  const [first, ...rest] = snapshots
  const last = snapshots.at(-1)
  const records = new Map<string, StoreRecord[]>()
  if (first === undefined || last === undefined) return records
  for (const [key, record] of first.records.get(stream.name) ?? []) {
    const versions = [record]
    for (const snapshot of rest) {
      const version = snapshot.records.get(stream.name)?.get(key)
      if (version === undefined) versions.length = 0
      else if (versions.length > 0 && version !== versions.at(-1)) versions.push(version)
    }
    const newest = versions.at(-1)
    if (newest === undefined || !isServed(stream, newest, last.at)) continue
    if (!snapshots.every(snapshot => hasParent(stream, newest, snapshot))) continue
    records.set(key, versions)
  }
  return records
}

const DAY = 86_400_000
/** For the time that a run takes, and for what the program keeps clear of the edge. */
const EDGE = 15 * 60_000

function isServed({ name }: Stream, record: StoreRecord, now: number): boolean {
  if (name === 'charges') return !behindTheWall(record, now + EDGE)
  if (name === 'events') return instant(record.created_at) >= now - 7 * DAY + EDGE
  return true
}

/** A task is listed by its batch, and with it gone. */
const hasParent = ({ parent }: Stream, record: StoreRecord, snapshot: Snapshot): boolean =>
  parent === null || snapshot.records.get(parent.stream)?.has(String(record[parent.as])) === true

/** When a record last changed, as its stream's cursor says; null: it has none. */
export function changedAt(stream: Stream, record: StoreRecord): number | null {
  return stream.sync.mode === 'incremental' ? instant(record[stream.sync.cursor]) : null
}
