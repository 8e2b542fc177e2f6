import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Column, ColumnKind } from '../../src/schema/column.ts'
import { identifier } from '../../src/schema/name.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { tablesOf } from '../../src/schema/table.ts'
import { rawNumber } from '../../src/simulator/raw.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { type Dump, dump, withQuery } from '../support/dump.ts'
import { configFor, runSync, Store, sampleOf, withSimulator } from '../support/run.ts'

/*
 * What becomes of a member that the API sends in another form than declared. Each variant is applied to every declared
 * member of its kind in ten streams, in a record of its own: the column, the object, the list or the element has what the
 * table says, everything else of the record is as without the variant, and no record is lost.
 */
const NAMES = [
  'customers',
  'subscriptions',
  'charges',
  'orders',
  'addresses',
  'payment_methods',
  'plans',
  'onetimes',
  'credit_accounts',
  'bundle_selections',
]

type Kind = 'int' | 'decimal' | 'flag' | 'text' | 'any' | 'instant' | 'day' | 'json' | 'object' | 'list' | 'element'

const ABSENT = Symbol('absent')
type Sent = Json | typeof ABSENT
/** Made from the member of the sample: a list with it, and the like. */
type Make = (own: Json) => Json

/** The member is null: the column, every column of the object, the rows of the list, or all cells of the element's row. */
const NULL = 'null'
/** As null, and the value that was sent is whole in `_extra`. */
const EXTRA = 'in _extra'
/** As without the variant. */
const OWN = 'as sent before'
/** The list has one row, that of its first element. */
const ONE = 'one row'
/** The list has one row of nulls. */
const EMPTY = 'one row of nulls'
/** The column has the JSON text of what was sent. */
const JSON_TEXT = 'its JSON text'
/** The column has this, as `dump` shows it. */
const is = (value: unknown): Is => ({ value })
interface Is {
  readonly value: unknown
}
type Becomes = typeof NULL | typeof EXTRA | typeof OWN | typeof ONE | typeof EMPTY | typeof JSON_TEXT | Is

type Variants = readonly (readonly [what: string, sent: Sent | Make, becomes: Becomes])[]

const CONTAINERS: Variants = [
  ['absent', ABSENT, NULL],
  ['null', null, NULL],
  ['[]', [], NULL],
  ['{}', {}, NULL],
  ['[value]', own => [own], EXTRA],
  ['{"a": value}', own => ({ a: own }), EXTRA],
]
const TIMES = {
  day: '2025-11-10',
  local: '2025-11-10T10:00:00',
  localMidnight: '2025-11-10T00:00:00',
  utc: '2025-11-10T10:00:00Z',
  offset: '2025-11-10T10:00:00+00:00',
  midnight: '2025-11-10T00:00:00+00:00',
  eastern: '2025-11-10T05:00:00+00:00',
  summer: '2025-09-10T04:00:00+00:00',
}

/** 119 variants. A time without an offset is US Eastern in all columns of these streams. */
const VARIANTS: Readonly<Record<Kind, Variants>> = {
  int: [
    ...CONTAINERS,
    ['a text', '5', is('5')],
    ['a text with decimals', '5.00', is('5')],
    ['an empty text', '', NULL],
    ['nonsense', 'nonsense', EXTRA],
    ['true', true, EXTRA],
    ['a fraction', 5.5, EXTRA],
    ['past 64 bits', rawNumber('9223372036854775808'), EXTRA],
  ],
  decimal: [
    ...CONTAINERS,
    ['a number', 12.5, is('12.5')],
    ['a text', '12.50', is('12.5')],
    ['an empty text', '', NULL],
    ['nonsense', 'nonsense', EXTRA],
    ['true', true, EXTRA],
    ['too fine', '0.12345678901', EXTRA],
  ],
  flag: [
    ...CONTAINERS,
    ['0', 0, is('false')],
    ['a text of a number', '1', is('true')],
    ['a text', 'true', is('true')],
    ['an empty text', '', NULL],
    ['nonsense', 'nonsense', EXTRA],
    ['another number', 5, EXTRA],
  ],
  text: [
    ...CONTAINERS,
    ['a number', 5, is('5')],
    ['a decimal', 12.5, is('12.5')],
    ['true', true, is('true')],
    ['an empty text', '', is('')],
  ],
  // A text whose value may be of any type.
  any: [
    ['absent', ABSENT, NULL],
    ['null', null, NULL],
    ['[]', [], JSON_TEXT],
    ['{}', {}, JSON_TEXT],
    ['[value]', own => [own], JSON_TEXT],
    ['{"a": value}', own => ({ a: own }), JSON_TEXT],
    ['a number', 5, is('5')],
    ['true', true, is('true')],
    ['an empty text', '', is('')],
  ],
  instant: [
    ...CONTAINERS,
    ['a day', TIMES.day, is('2025-11-10 05:00:00')],
    ['a local time', TIMES.local, is('2025-11-10 15:00:00')],
    ['with Z', TIMES.utc, is('2025-11-10 10:00:00')],
    ['with +00:00', TIMES.offset, is('2025-11-10 10:00:00')],
    ['a UTC midnight', TIMES.midnight, is('2025-11-10 00:00:00')],
    ['an Eastern midnight in UTC', TIMES.eastern, is('2025-11-10 05:00:00')],
    ['an epoch number', 1738368000, EXTRA],
    ['an empty text', '', NULL],
    ['nonsense', 'nonsense', EXTRA],
    ['true', true, EXTRA],
  ],
  day: [
    ...CONTAINERS,
    ['a day', TIMES.day, is('2025-11-10')],
    ['a local midnight', TIMES.localMidnight, is('2025-11-10')],
    ['a UTC midnight', TIMES.midnight, is('2025-11-10')],
    ['an Eastern midnight in UTC', TIMES.eastern, is('2025-11-10')],
    ['one in summer', TIMES.summer, is('2025-09-10')],
    ['a local time', TIMES.local, EXTRA],
    ['with Z', TIMES.utc, EXTRA],
    ['an epoch number', 1738368000, EXTRA],
    ['an empty text', '', NULL],
    ['nonsense', 'nonsense', EXTRA],
  ],
  json: [
    ['absent', ABSENT, NULL],
    ['null', null, NULL],
    ['[]', [], is([])],
    ['a text', 'text', is('text')],
    ['a number', 5, is(5)],
    ['{"a": true}', { a: true }, is({ a: true })],
  ],
  object: [
    ...CONTAINERS.slice(0, 4),
    ['[object]', own => [own], OWN],
    ['[object, object]', own => [own, own], EXTRA],
    ['{"a": object}', own => ({ a: own }), EXTRA],
    ['a text', 'text', EXTRA],
    ['a number', 5, EXTRA],
    ['true', true, EXTRA],
  ],
  list: [
    ...CONTAINERS.slice(0, 4),
    ['its first element', own => firstOf(own), ONE],
    ['[null]', [null], EMPTY],
    ['a text', 'text', EXTRA],
    ['a number', 5, EXTRA],
    ['true', true, EXTRA],
  ],
  element: [
    ['null', null, NULL],
    ['[]', [], NULL],
    ['{}', {}, NULL],
    ['[element]', own => [own], OWN],
    ['a text', 'text', EXTRA],
    ['a number', 5, EXTRA],
  ],
}

const KIND: Readonly<Record<ColumnKind, Kind>> = {
  int: 'int',
  money: 'decimal',
  rate: 'decimal',
  flag: 'flag',
  text: 'text',
  instant: 'instant',
  day: 'day',
  json: 'json',
}
/** What the sample lacks. */
const SAMPLE: Readonly<Record<Kind, Json>> = {
  int: 7,
  decimal: '7.50',
  flag: true,
  text: 'seven',
  any: 'seven',
  instant: TIMES.offset,
  day: TIMES.day,
  json: { a: 7 },
  object: {},
  list: [],
  element: {},
}

/** A declared member of a stream's record. */
interface Member {
  readonly kind: Kind
  /** Path of the list in whose first element it is; empty: it is in the record itself. */
  readonly list: string
  /** Path in the record or in the element; empty: the element itself. */
  readonly path: string
  /** The path of the column's own name, if the value is sent under another one. */
  readonly own?: string
}

function membersOf({ columns, children, key }: Stream): Member[] {
  const inside = (list: string, declared: Readonly<Record<string, Column>>): Member[] => {
    const cells = Object.entries(declared).flatMap(([name, { from, also, any, kind: of, derived }]): Member[] => {
      if (derived || (list === '' && key.includes(name))) return []
      const [own, kind] = [from ?? name, any ? 'any' : KIND[of]]
      return [{ kind, list, path: own }, ...also.map(path => ({ kind, list, path, own }))]
    })
    const lists = list === '' ? Object.values(children).map(({ from }) => from) : []
    const objects = new Set([...cells.map(({ path }) => path), ...lists].flatMap(outerOf))
    return [...cells, ...[...objects].map((path): Member => ({ kind: 'object', list, path }))]
  }
  return [
    ...inside('', columns),
    ...Object.values(children).flatMap(({ from, columns: declared }): Member[] => [
      { kind: 'list', list: '', path: from },
      { kind: 'element', list: from, path: '' },
      ...inside(from, declared),
    ]),
  ]
}

/** The paths of the objects that contain a member. */
const outerOf = (path: string): string[] =>
  path.split('.').flatMap((_, i, parts) => (i === 0 ? [] : [parts.slice(0, i).join('.')]))

const firstOf = (list: Json): Json => (Array.isArray(list) ? (list[0] ?? {}) : {})
const stepsOf = (path: string): string[] => (path === '' ? [] : path.split('.'))
const isRecord = (value: Json | undefined): value is StoreRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function at(value: Json | undefined, steps: readonly string[]): Json | undefined {
  return steps.reduce<Json | undefined>((inner, step) => (isRecord(inner) ? inner[step] : undefined), value)
}

/** The value with another one at a path. */
function withMember(value: Json | undefined, [step, ...rest]: readonly string[], sent: Sent): Json {
  if (step === undefined) return sent === ABSENT ? null : sent
  const { [step]: inner, ...others } = isRecord(value) ? value : {}
  if (rest.length === 0 && sent === ABSENT) return others
  return { ...others, [step]: withMember(inner, rest, sent) }
}

/** The value with another one at a member. */
function changed(sample: StoreRecord, { own, ...member }: Member, sent: Sent): StoreRecord {
  const record = own === undefined ? sample : changed(sample, { ...member, path: own }, ABSENT)
  const { list, path } = member
  const steps = stepsOf(path)
  if (list === '') return withMember(record, steps, sent) as StoreRecord
  const elements = at(record, stepsOf(list)) as readonly Json[]
  const [first, ...rest] = elements
  return withMember(record, stepsOf(list), [withMember(first, steps, sent), ...rest]) as StoreRecord
}

interface Case {
  readonly id: number
  readonly stream: Stream
  readonly member: Member
  readonly what: string
  readonly sent: Sent
  readonly becomes: Becomes
  readonly record: StoreRecord
}

/** Id of the record in which nothing is varied. */
const BASE = 700_000_000

function baseOf({ name, columns }: Stream): StoreRecord {
  let sample: Json = { ...sampleOf(name), id: BASE }
  // The sample may have a value under another name.
  for (const [column, { from, also }] of Object.entries(columns))
    for (const other of also.map(stepsOf)) {
      const value = at(sample, other)
      if (value === undefined) continue
      sample = withMember(sample, other, ABSENT)
      sample = withMember(sample, stepsOf(from ?? column), value)
    }
  // The API hides processed charges by a time that is varied here.
  return { ...(sample as StoreRecord), ...(name === 'charges' ? { status: 'queued' } : {}) }
}

function casesOf(stream: Stream): Case[] {
  const sample = baseOf(stream)
  let id = BASE
  return membersOf(stream).flatMap(member => {
    const holder = member.list === '' ? sample : firstOf(at(sample, stepsOf(member.list)) ?? null)
    const own = at(holder, stepsOf(member.own ?? member.path)) ?? SAMPLE[member.kind]
    return VARIANTS[member.kind].map(([what, make, becomes]): Case => {
      const sent = typeof make === 'function' ? make(own) : make
      return { id: ++id, stream, member, what, sent, becomes, record: { ...changed(sample, member, sent), id } }
    })
  })
}

const CASES = new Map(
  NAMES.map(name => {
    const stream = STREAMS.find(declared => declared.name === name)
    if (stream === undefined) throw new Error(`no stream ${name}`)
    return [stream, casesOf(stream)] as const
  }),
)

type Row = Record<string, unknown>
/** The rows of one record, by table, without what is its own. */
type Rows = Record<string, Row[]>

/** The rows of each record. */
function rowsOf(stream: Stream, tables: Dump): Map<number, Rows> {
  const { root, children } = tablesOf(stream)
  const byId = new Map<number, Rows>()
  // A payment method that says when it was deleted is marked as deleted.
  for (const { _hash, _deleted_at, _deleted_by, id, ...row } of tables[root.name] ?? [])
    byId.set(Number(id), { [root.name]: [row], ...Object.fromEntries(children.map(({ table }) => [table.name, []])) })
  for (const { table } of children)
    for (const { [table.key[0] ?? '']: owner, index: _, ...row } of tables[table.name] ?? [])
      byId.get(Number(owner))?.[table.name]?.push(row)
  return byId
}

/** The rows that a variant should have, from those of the record in which nothing is varied. */
function expectedRows({ stream, member, sent, becomes }: Case, base: Rows): Rows {
  const { root, children } = tablesOf(stream)
  const { kind, list, path } = member
  const rows = structuredClone(base)
  const tableOf = (from: string): string =>
    children.find(({ child }) => stream.children[child]?.from === from)?.table.name ?? ''
  const columns = list === '' ? stream.columns : columnsOfList(stream, list)
  const row = rows[list === '' ? root.name : tableOf(list)]?.[0] ?? {}
  const at = member.own ?? path
  const isInside = (inner: string): boolean => at === '' || inner === at || inner.startsWith(`${at}.`)
  if (becomes === OWN) return rows
  const cell = typeof becomes === 'object' ? becomes.value : becomes === JSON_TEXT ? JSON.stringify(sent) : null
  if (kind === 'list') {
    const own = rows[tableOf(path)] ?? []
    const nulls = Object.fromEntries(Object.keys(own[0] ?? {}).map(name => [name, null]))
    rows[tableOf(path)] = becomes === ONE ? own.slice(0, 1) : becomes === EMPTY ? [nulls] : []
  } else {
    for (const [name, { from, derived }] of Object.entries(columns))
      if (isInside(from ?? name)) row[identifier(name)] = derived && cell !== null ? TIMES.day : cell
    if (list === '') for (const { from } of Object.values(stream.children)) if (isInside(from)) rows[tableOf(from)] = []
  }
  const kept =
    path === '' ? [...stepsOf(list), '0'] : [...(list === '' ? [] : [...stepsOf(list), '0']), ...stepsOf(path)]
  const [record] = rows[root.name] ?? []
  if (becomes === EXTRA && record) record._extra = JSON.parse(JSON.stringify(withMember({}, kept, sent)))
  return rows
}

const columnsOfList = ({ children }: Stream, from: string): Stream['columns'] =>
  Object.values(children).find(child => child.from === from)?.columns ?? {}

/** Path of a member as the report names it. */
const reported = ({ list, path }: Member): string =>
  list === '' ? path : path === '' ? `${list}[]` : `${list}[].${path}`

describe.each(drawDestination())('$name', place => {
  test('I28: 119 variants of members in ten streams: no record is lost, and every value is in its column or whole in _extra', async () => {
    expect(Object.values(VARIANTS).flat()).toHaveLength(119)
    const store = new Store('2025-11-20T12:00:00Z')
    for (const [stream, cases] of CASES) {
      store.declare(stream.name)
      for (const { id, record } of [...cases, { id: BASE, record: baseOf(stream) }])
        store.table(stream.name).put(id, record)
    }
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          // Where two segments meet a record may be read twice, and counted twice among those with such a value.
          const ran = await runSync(configFor(simulator, destination, folder, { concurrency: 1 }), NAMES)
          expect(ran.code, ran.text).toBe(0)
          const rejects = await withQuery(destination, query => query('select * from recharge._sync_rejects'))
          expect(rejects).toEqual([])
          const wrong: unknown[] = []
          for (const [stream, cases] of CASES) {
            const { added, rejected, mismatched } = ran.of(stream.name)
            expect([stream.name, added, rejected]).toEqual([stream.name, cases.length + 1, 0])
            expect([stream.name, mismatched]).toEqual([stream.name, countsOf(cases)])
            const rows = rowsOf(stream, await dump(destination, [stream]))
            const base = rows.get(BASE) ?? {}
            expect([stream.name, base[stream.name]?.[0]?._extra]).toEqual([stream.name, null])
            for (const one of cases) {
              const [found, expected] = [rows.get(one.id), expectedRows(one, base)]
              if (!isDeepStrictEqual(found, expected))
                wrong.push({ stream: stream.name, member: reported(one.member), what: one.what, found, expected })
            }
          }
          expect(wrong).toEqual([])
        }),
      ),
    )
  })
})

/** Paths of the values that do not fit, with the number of records. A member of an object that is not declared is another thing. */
function countsOf(cases: readonly Case[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { member, becomes, what } of cases) {
    if (becomes !== EXTRA || what === '{"a": object}') continue
    counts[reported(member)] = (counts[reported(member)] ?? 0) + 1
  }
  return counts
}
