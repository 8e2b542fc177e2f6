import { describe, expect, test } from 'vitest'
import type { Policies } from '../../src/schema/policy.ts'
import { rawNumber } from '../../src/simulator/raw.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, type Ran, runSync, Store, sampleOf, withSimulator } from '../support/run.ts'

/** A change of a field that the API might make one day. */
interface Mutation {
  readonly what: string
  readonly change: StoreRecord
  /** The column and its value as text; null: the value fits no column. */
  readonly cell: readonly [column: string, text: string | null] | null
  /** The path of the value that does not fit. */
  readonly path?: string
}

const PAST = '9223372036854775808'
const LONG = `${'0123456789abcdef'.repeat(65_536)}\u00e9`
const sample = sampleOf('orders')
const customer = sample.customer as StoreRecord
const [line = {}] = sample.line_items as StoreRecord[]
const lines = (change: StoreRecord): StoreRecord => ({ line_items: [line, { ...line, ...change }] })

const MUTATIONS: readonly Mutation[] = [
  { what: 'an amount as a number', change: { total_price: 12.5 }, cell: ['total_price', '12.500000'] },
  { what: 'an amount in words', change: { total_price: 'twelve' }, cell: null, path: 'total_price' },
  { what: 'an amount as null', change: { total_price: null }, cell: ['total_price', null] },
  { what: 'an amount as an object', change: { total_price: { amount: '1.00' } }, cell: null, path: 'total_price' },
  { what: 'an amount as a list', change: { total_price: ['1.00'] }, cell: null, path: 'total_price' },
  { what: 'an amount too fine', change: { total_price: '0.1234567' }, cell: null, path: 'total_price' },
  { what: 'a text as a number', change: { note: 5 }, cell: ['note', '5'] },
  { what: 'a text as null', change: { note: null }, cell: ['note', null] },
  { what: 'a text as an object', change: { note: { text: 'x' } }, cell: null, path: 'note' },
  { what: 'a text as a list', change: { note: ['x'] }, cell: null, path: 'note' },
  { what: 'an object as a text', change: { customer: 'gone' }, cell: null, path: 'customer' },
  { what: 'an object as null', change: { customer: null }, cell: ['customer_email', null] },
  {
    what: 'an object as a list of it',
    change: { customer: [customer] },
    cell: ['customer_email', String(customer.email)],
  },
  {
    what: 'an object as a list of two',
    change: { customer: [customer, customer] },
    cell: null,
    path: 'customer',
  },
  { what: 'an object as an empty list', change: { customer: [] }, cell: ['customer_email', null] },
  { what: 'an amount as an empty object', change: { total_price: {} }, cell: ['total_price', null] },
  { what: 'a list as a text', change: { line_items: 'none' }, cell: null, path: 'line_items' },
  { what: 'a list as null', change: { line_items: null }, cell: ['note', null] },
  { what: 'an element as a number', change: { line_items: [line, 5] }, cell: null, path: 'line_items[]' },
  { what: 'a count in words in a list', change: lines({ quantity: 'two' }), cell: null, path: 'line_items[].quantity' },
  {
    what: 'the largest id',
    change: { address_id: rawNumber('9223372036854775807') },
    cell: ['address_id', '9223372036854775807'],
  },
  { what: 'an id past 64 bits', change: { address_id: rawNumber(PAST) }, cell: null, path: 'address_id' },
  {
    what: 'an id past 64 bits as text',
    change: { customer: { ...customer, id: PAST } },
    cell: null,
    path: 'customer.id',
  },
  { what: 'a flag in words', change: { taxable: 'rarely' }, cell: null, path: 'taxable' },
  { what: 'a flag as a number', change: { taxable: 0 }, cell: ['taxable', 'false'] },
  { what: 'a time as a number', change: { processed_at: 1_760_000_000 }, cell: null, path: 'processed_at' },
  { what: 'a megabyte', change: { note: LONG }, cell: ['note', LONG] },
  { what: 'a NUL', change: { note: 'a\0b' }, cell: ['note', 'ab'] },
  { what: 'half a surrogate pair', change: { note: 'a\ud800b' }, cell: ['note', 'a\ufffdb'] },
  { what: 'a NUL in JSON', change: { order_attributes: [{ 'k\0': 'v\0' }] }, cell: ['note', null] },
  { what: 'a NUL in an amount', change: { total_price: 'a\0b\udc00' }, cell: null, path: 'total_price' },
  { what: 'a field that is new', change: { loyalty: { tier: 'gold\0' } }, cell: ['note', null] },
]
const FIRST = 700_001

function mutatedStore(): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  const updated_at = '2026-11-20T11:00:00+00:00'
  const insert = (id: number, change: StoreRecord): void =>
    void store.table('orders').put(id, { ...sample, note: null, id, updated_at, ...change })
  for (const [i, { change }] of MUTATIONS.entries()) insert(FIRST + i, change)
  insert(800_001, { id: undefined })
  insert(800_002, { id: null })
  insert(800_003, { id: rawNumber(PAST) })
  insert(800_004, { note: 'once' })
  insert(800_005, { id: 800_004, note: 'twice' })
  insert(800_006, { updated_at: { at: 'noon' } })
  return store
}

/** The value as both databases store it. */
const clean = (value: Json): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll('\\u0000', '')
      .replace(/\\ud[89a-f]../g, '\ufffd'),
  )

describe.each(drawDestination())('$name', place => {
  const ran = (
    policies: Partial<Policies>,
    check: (first: Ran, second: Ran, query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<void>,
  ): Promise<void> =>
    withSimulator({ store: mutatedStore() }, (simulator: Simulator) =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const run = () => runSync({ ...config, policies: { ...config.policies, ...policies } }, ['orders'])
          const first = await run()
          await check(first, await run(), sql => withQuery(destination, query => query(sql)))
        }),
      ),
    )

  /** Every row by id, with the columns that the mutations fill. */
  async function cells(
    query: (sql: string) => Promise<Record<string, unknown>[]>,
  ): Promise<Map<number, Record<string, unknown>>> {
    const columns = [...new Set(MUTATIONS.flatMap(({ cell }) => (cell ? [cell[0]] : [])))]
    const selected = columns.map(name => `cast(${name} as text) as ${name}`).join(', ')
    const rows = await query(
      `select cast(id as text) as id, cast(_extra as text) as extra, ${selected} from recharge.orders`,
    )
    return new Map(rows.map(row => [Number(row.id), row]))
  }

  test('I8: with on_mismatch: reject a record is loaded or kept as a reject, whatever a field changes into, and the report adds up', async () => {
    await ran({ onMismatch: 'reject' }, async (first, second, query) => {
      expect(first.code, first.text).toBe(0)
      const report = first.of('orders')
      const bad = MUTATIONS.filter(({ cell }) => cell === null)
      expect(report).toMatchObject({
        records: MUTATIONS.length + 6,
        rejected: bad.length + 4,
        problem: { code: 'rejects' },
      })
      expect(report.added + report.changed + report.unchanged + report.rejected).toBe(report.records)
      expect(report.cleaned).toBeGreaterThanOrEqual(5)
      expect(report.undeclared).toEqual({ loyalty: 1, 'order_attributes[].k': 1 })

      const rows = await cells(query)
      const rejects = await query(
        'select key, path, reason, cast(record as text) as record from recharge._sync_rejects',
      )
      expect(rejects).toHaveLength(bad.length + 4)
      for (const [i, { what, change, cell, path }] of MUTATIONS.entries()) {
        const id = FIRST + i
        const row = rows.get(id)
        const reject = rejects.find(({ key }) => key === String(id))
        if (cell !== null) {
          expect([what, row?.[cell[0]]]).toEqual([what, cell[1]])
          continue
        }
        expect([what, row, reject?.path]).toEqual([what, undefined, path])
        expect(JSON.parse(String(reject?.record)), what).toMatchObject(clean(change) as object)
      }
      expect(JSON.parse(String(rows.get(FIRST + MUTATIONS.length - 1)?.extra))).toEqual({ loyalty: { tier: 'gold' } })
      // Of two records with one id the last one read is stored; records without an id are rejects.
      expect(rows.get(800_004)?.note).toBe('twice')
      expect(rejects.filter(({ key, path }) => key === null && path === 'id')).toHaveLength(3)
      expect(rejects.filter(({ path }) => path === 'updated_at')).toHaveLength(1)

      // The second run filters by time, so it does not read the record without a valid time.
      expect(second.of('orders')).toMatchObject({ added: 0, changed: 0, rejected: bad.length + 3 })
      expect(await query('select fingerprint from recharge._sync_rejects')).toHaveLength(bad.length + 4)
    })
  })

  test('I8, I28: by default only records without a key are rejected, and every value is kept', async () => {
    await ran({}, async (first, second, query) => {
      expect(first.code, first.text).toBe(0)
      const bad = MUTATIONS.filter(({ cell }) => cell === null)
      const report = first.of('orders')
      expect(report).toMatchObject({ records: MUTATIONS.length + 6, rejected: 3 })
      const counted: Record<string, number> = { updated_at: 1 }
      for (const { path = '' } of bad) counted[path] = (counted[path] ?? 0) + 1
      expect(report.mismatched).toEqual(counted)
      const rows = await cells(query)
      for (const [i, { what, change, cell }] of MUTATIONS.entries()) {
        const row = rows.get(FIRST + i)
        if (cell !== null) expect([what, row?.[cell[0]]]).toEqual([what, cell[1]])
        else expect([what, kept(row, change)]).toEqual([what, true])
      }
      expect(second.of('orders')).toMatchObject({ added: 0, changed: 0, rejected: 3 })
    })
  })

  test('I4: with drift: evolve as well the run is complete, and a second run changes no row', async () => {
    await ran({ drift: 'evolve' }, async (first, second, query) => {
      expect(first.code, first.text).toBe(0)
      expect(first.of('orders')).toMatchObject({ records: MUTATIONS.length + 6, rejected: 3 })
      const [row] = await query(
        'select cast(loyalty as text) as loyalty from recharge.orders where loyalty is not null',
      )
      expect(JSON.parse(String(row?.loyalty))).toEqual({ tier: 'gold' })
      expect(second.code, second.text).toBe(0)
      expect(second.of('orders')).toMatchObject({ added: 0, changed: 0 })
    })
  })
})

/** Whether every scalar of the change is in the sample or in `_extra`. */
function kept(row: Record<string, unknown> | undefined, change: StoreRecord): boolean {
  const known = new Set(scalars(sample as Json))
  const extra = new Set(scalars(JSON.parse(String(row?.extra ?? 'null'))))
  return scalars(clean(change) as Json).every(value => known.has(value) || extra.has(value))
}

function scalars(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)]
  return Object.values(value).flatMap(member => scalars(member))
}
