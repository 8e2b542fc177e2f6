import { describe, expect, test } from 'vitest'
import { DestinationError } from '../../src/common/errors.ts'
import { parseExact } from '../../src/common/exact-json.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import type { ColumnKind } from '../../src/schema/column.ts'
import { historyTable } from '../../src/schema/history-table.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { COLUMN_OF, laterColumn, parcelsOf } from '../support/kinds.ts'
import { at, batchOf, moved } from '../support/samples.ts'

/*
 * Every kind that a column may be stored in, with every kind that it may be declared as later. What is converted is what a
 * fresh load of the same record writes. Where that is not so for one value, nothing is changed.
 */

/** Values of each kind as the API sends them, as JSON. They reach the limits of their kind and of the others. */
const VALUES: Readonly<Record<ColumnKind, readonly string[]>> = {
  int: [
    '0',
    '1',
    '-7',
    '"42"',
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '999999999999',
    '1000000000000',
    '999999999999999999',
  ],
  money: ['"12.50"', '"-0.000001"', '"999999999999.999999"', '"5.00"', '0', '-3'],
  rate: ['"0.0825"', '"999999999999999999.9999999999"', '"12.000001"', '1500', '"0.1234567"', '"-999999999999.999999"'],
  instant: [
    ...[
      '"2025-01-31T10:00:00+00:00"',
      '"2025-02-01T05:00:00+00:00"',
      '"2025-07-01T04:00:00Z"',
      '"2025-07-01T00:00:00-04:00"',
    ],
    ...['"0001-01-01T00:00:00.000001Z"', '"9999-12-31T23:59:59.999999Z"', '"2025-11-02T01:30:00"'],
  ],
  day: ['"2025-01-31"', '"0001-01-01"', '"9999-12-31"', '"2024-02-29"'],
  flag: ['true', 'false'],
  text: [
    ...[
      '"Whole bean"',
      '""',
      '"5"',
      '"12.50"',
      '"-0"',
      '"9223372036854775807"',
      '"9223372036854775808"',
      '"1000000000000"',
      '"0.00000000001"',
    ],
    ...[
      '"true"',
      '"FALSE"',
      '"0"',
      '"2025-01-31"',
      '"2025-02-30"',
      '"2025-01-31T10:00:00"',
      '"2025-11-02T01:30:00"',
      '"2025-03-09T02:30:00"',
    ],
    ...['"0001-01-01T04:00:00+05:00"', '"{\\"a\\": 1}"', '"[]"', '"Zoë \\"x\\"\\n😀"'],
  ],
  json: [
    ...[
      '"Whole bean"',
      '""',
      '"5"',
      '5',
      '12.5',
      '"0.1234567"',
      '9223372036854775807',
      'true',
      '"false"',
      '"2025-01-31"',
      '"2025-01-31T10:00:00Z"',
    ],
    ...['{"a":1}', '["a, b"]', '"{\\"a\\": 1}"', '"Zoë \\"x\\"\\n😀"'],
  ],
}

/** What a column of each kind can become. Anything else is refused, whatever the values are. */
const SAFE: Readonly<Record<ColumnKind, readonly ColumnKind[]>> = {
  int: ['money', 'rate', 'flag', 'text'],
  money: ['int', 'rate'],
  rate: ['int', 'money'],
  instant: ['day'],
  day: ['text'],
  flag: ['text'],
  text: ['int', 'money', 'rate', 'instant', 'day', 'flag', 'json'],
  json: ['int', 'money', 'rate', 'instant', 'day', 'flag', 'text'],
}
const KINDS = Object.keys(SAFE) as ColumnKind[]

/** A text that may have been sent as something else becomes no JSON. */
const MAY_BE_OTHER = /^"(-?\d+(\.\d+)?|true|false|[{[].*)"$/s

/** Whether a load of the value into a column of the kind writes it, and a migration therefore does. */
function fits(from: ColumnKind, to: ColumnKind, json: string): boolean {
  if (from === 'text' && to === 'json') return !MAY_BE_OTHER.test(json)
  const record = { id: 1, updated_at: at(1), value: parseExact(json) }
  const { records, stats } = batchOf(parcelsOf('parcels', laterColumn(from, to)), [record])
  return records.size === 1 && stats.mismatched.size === 0
}

interface Loaded {
  readonly id: number
  readonly json: string
}

/** A column of `from` that is declared as `to` by now. */
interface Pair {
  readonly to: ColumnKind
  readonly stored: Stream
  readonly declared: Stream
  /** Another stream, loaded as declared. */
  readonly fresh: Stream
  /** What a load into the declared column does not write, or would write otherwise. */
  readonly unfit: readonly Loaded[]
}

const recordOf = ({ id, json }: Loaded) => {
  const value = parseExact(json)
  return { id, updated_at: at(1), value, items: [{ value }, { value: null }] }
}

async function load(warehouse: Warehouse, stream: Stream, values: readonly Loaded[]): Promise<void> {
  const from = await warehouse.checkpoint(stream.name)
  const counts = await warehouse.commit(batchOf(stream, values.map(recordOf)), from, moved(from))
  expect(counts.added).toBe(values.length)
}

/** Rows of the stream's tables and of its history, without the fingerprint, which depends on the declaration. */
async function rowsOf(config: DestinationConfig, stream: Stream): Promise<unknown> {
  const tables = [...allTables(stream), historyTable(stream)]
  const { name } = stream
  const rows = await dump(config, [stream], [historyTable(stream)])
  return tables.map(table =>
    (rows[table.name] ?? []).map(({ _hash, ...row }) => ({ table: table.name.replace(name, ''), ...row })),
  )
}

const migrate = (warehouse: Warehouse, stream: Stream) => warehouse.migrateColumns(stream, new AbortController().signal)

describe.each(DESTINATIONS)('$name', place => {
  test.each(KINDS)(
    'what is stored as %s becomes what a fresh load of another kind writes, or is refused',
    async from => {
      await place.with(async config => {
        const values = VALUES[from].map((json, i) => ({ id: i + 1, json }))
        const pairs = KINDS.filter(kind => kind !== from).map((to): Pair => {
          const name = `${from}_${to}`
          return {
            to,
            stored: parcelsOf(name, COLUMN_OF[from]),
            declared: parcelsOf(name, laterColumn(from, to)),
            fresh: parcelsOf(`fresh_${to}`, laterColumn(from, to)),
            unfit: values.filter(({ json }) => !SAFE[from].includes(to) || !fits(from, to, json)),
          }
        })
        const opened = async (streams: readonly Stream[], work: (warehouse: Warehouse) => Promise<void>) => {
          await using warehouse = await openDestination(config, { mode: 'write', connections: 2, history: streams })
          await warehouse.prepare(streams.flatMap(allTables))
          await work(warehouse)
        }
        const storedStreams = pairs.map(({ stored }) => stored)
        await opened(storedStreams, async warehouse => {
          for (const stream of storedStreams) await load(warehouse, stream, values)
        })
        const untouched = new Map<Pair, unknown>()
        for (const pair of pairs) untouched.set(pair, await rowsOf(config, pair.stored))
        const refusing = pairs.filter(({ unfit }) => unfit.length > 0)
        await opened(
          refusing.map(({ declared }) => declared),
          async warehouse => {
            for (const { to, declared } of refusing) {
              const refused = await migrate(warehouse, declared).then(
                () => null,
                (error: unknown) => error,
              )
              expect(refused, `${from} to ${to}`).toBeInstanceOf(DestinationError)
              expect(refused).toMatchObject({ kind: 'incompatible' })
            }
          },
        )
        for (const pair of refusing)
          expect(await rowsOf(config, pair.stored), `${from} to ${pair.to}`).toEqual(untouched.get(pair))
        await withQuery(config, async query => {
          for (const { declared, unfit } of refusing)
            for (const table of [...allTables(declared), historyTable(declared)])
              await query(
                `delete from recharge.${table.name} where ${table.key[0]} in (${unfit.map(({ id }) => id).join()})`,
              )
        })
        const both = pairs.flatMap(({ declared, fresh }) => [declared, fresh])
        await opened(both, async warehouse => {
          for (const { to, declared, fresh, unfit } of pairs) {
            const fitting = values.filter(value => !unfit.includes(value))
            expect(fitting.length > 0, `${from} to ${to}`).toBe(SAFE[from].includes(to))
            const { changed } = await migrate(warehouse, declared)
            const tables = [...allTables(declared), historyTable(declared)]
            expect(changed.map(({ column }) => column)).toEqual(tables.map(({ name }) => `${name}.value`))
            await load(warehouse, fresh, fitting)
          }
          expect(await warehouse.prepare(both.flatMap(allTables))).toEqual([])
          for (const { declared } of pairs)
            expect(await migrate(warehouse, declared)).toEqual({ changed: [], kept: [] })
        })
        for (const { to, declared, fresh } of pairs)
          expect(await rowsOf(config, declared), `${from} to ${to}`).toEqual(await rowsOf(config, fresh))
      })
    },
  )
})
