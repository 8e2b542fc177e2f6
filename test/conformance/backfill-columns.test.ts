import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/common/log.ts'
import { secretsOf } from '../../src/common/secrets.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { backfillColumns } from '../../src/pipeline/backfill-columns.ts'
import { alsoFrom, flag, int, json, money, required, sensitive, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import { Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { type Dump, dump, withQuery } from '../support/dump.ts'
import { at, batchOf, moved } from '../support/samples.ts'

const about = {
  name: 'boxes',
  singular: 'box',
  doc: 'A stream for tests.',
  path: '/boxes',
  list: 'boxes',
  scopes: [],
  sync: { mode: 'full' },
} as const
const items = { name: text('Name.') }
const before = stream({
  ...about,
  key: 'id',
  columns: { id: required(int('Key.')), label: text('Words.'), sender_name: text('Who.', 'sender.name') },
  children: { items: child({ doc: 'What is inside.', from: 'items', columns: items }) },
})
/** A later version with new columns: a plain one, one in an object, one in a list, and a sensitive one. */
const after = stream({
  ...about,
  key: 'id',
  columns: {
    ...before.columns,
    weight: int('Grams.'),
    sender_vip: flag('Whether they matter.', 'sender.vip'),
    pin: sensitive(text('Opens it.')),
    raw: json('Anything.'),
  },
  children: {
    items: child({
      doc: 'What is inside.',
      from: 'items',
      columns: { ...items, price: money('Worth.'), n: int('Count.') },
    }),
  },
})

const RECORDS = [
  {
    id: 1,
    label: 'all',
    sender: { name: 'A', vip: 'true' },
    weight: '12',
    pin: '0000',
    raw: { a: [1] },
    items: [{ name: 'x', price: '1.50', n: 2 }],
  },
  { id: 2, label: 'some', weight: null, other: 5, items: [{ name: 'y' }, { name: 'z', price: 3, color: 'red' }] },
  { id: 3, label: 'none', items: [] },
  { id: 4, label: 'bad', weight: 'heavy', sender: { vip: 'perhaps', since: 9 }, items: [{ n: 'many' }] },
  { id: 5, label: 'big', weight: JSON.rawJSON('9007199254740993'), raw: [], items: [] },
]
const signal = new AbortController().signal
const sleep = async (): Promise<void> => {}
const log = createLog('silent', secretsOf([]))

describe.each(DESTINATIONS)('$name', database => {
  const backfilled = (destination: Warehouse, of: Stream): Promise<number> =>
    backfillColumns(of, { destination, sleep, log, source: { clock: () => at(2_000_000) } }, signal)

  async function loaded(config: DestinationConfig, of: Stream, records: readonly unknown[], then: Stream | null) {
    const salt = new Salt()
    const [first, second] = [of, then ?? of].map((stream): Stream => ({ ...stream, salt }))
    if (!first || !second) return 0
    await using destination = await openDestination(config, { mode: 'write', connections: 2, salt })
    await destination.prepare(allTables(first))
    const from = await destination.checkpoint('boxes')
    await destination.commit(batchOf(first, records), from, moved(from))
    await destination.prepare(allTables(second))
    return then === null ? 0 : await backfilled(destination, second)
  }

  const rows = async (config: DestinationConfig): Promise<Dump> =>
    JSON.parse(
      JSON.stringify(await dump(config, [after]), (name, value) =>
        name === '_hash' || name === 'pin' ? undefined : value,
      ),
    )

  test('existing rows get the same values as rows loaded with the new declaration', async () => {
    const fits = RECORDS.filter(({ label }) => label !== 'bad')
    await database.with(async config => {
      expect(await loaded(config, before, fits, after)).toBe(3)
      const late = await rows(config)
      await database.with(async other => {
        await loaded(other, after, fits, null)
        expect(late).toEqual(await rows(other))
      })
    })
  })

  test('a list that was not declared becomes rows', async () => {
    const listed = stream({
      ...about,
      key: 'id',
      columns: before.columns,
      children: {
        ...before.children,
        names: child({
          doc: 'Names.',
          from: 'sender.names',
          columns: { language: text('Which.'), name: text('Name.'), n: int('Count.') },
        }),
        order: child({ doc: 'Order.', from: 'order', element: 'item', columns: { item: text('Item.') } }),
      },
    })
    const RECORDS = [
      { id: 1, sender: { name: 'A', names: [{ language: 'fr', name: 'Ah', n: '3' }, {}, null] }, order: ['b', 'a'] },
      { id: 2, sender: { names: [] }, order: [{ item: 'c' }], other: 1 },
      { id: 3, sender: { names: [{ language: 'de', n: 'many', more: 5 }] } },
      { id: 4, sender: { names: ['plain'] }, order: 'none' },
      { id: 5, items: [{ name: 'x' }] },
    ]
    const all = async (config: DestinationConfig): Promise<Dump> =>
      JSON.parse(JSON.stringify(await dump(config, [listed]), (name, value) => (name === '_hash' ? undefined : value)))
    await database.with(async config => {
      expect(await loaded(config, before, RECORDS, listed)).toBe(3)
      const { boxes, boxes__names: names, boxes__order: order, boxes__items: items } = await all(config)
      expect(names).toEqual([
        { box_id: '1', index: '0', language: 'fr', name: 'Ah', n: '3' },
        { box_id: '1', index: '1', language: null, name: null, n: null },
        { box_id: '1', index: '2', language: null, name: null, n: null },
        { box_id: '3', index: '0', language: 'de', name: null, n: null },
      ])
      expect(order).toEqual([
        { box_id: '1', index: '0', item: 'b' },
        { box_id: '1', index: '1', item: 'a' },
        { box_id: '2', index: '0', item: 'c' },
      ])
      expect(items).toEqual([{ box_id: '5', index: '0', name: 'x' }])
      expect(boxes?.map(row => row._extra)).toEqual([
        null,
        { other: 1 },
        { sender: { names: { 0: { n: 'many', more: 5 } } } },
        { sender: { names: ['plain'] }, order: 'none' },
        null,
      ])
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      expect(await backfilled(destination, { ...listed, salt: new Salt() })).toBe(0)
      expect(await all(config)).toMatchObject({ boxes__names: names, boxes__order: order })
    })
  })

  test('values that do not fit stay in _extra, and a second backfill finds nothing to do', async () => {
    await database.with(async config => {
      expect(await loaded(config, before, RECORDS, after)).toBe(3)
      const { boxes, boxes__items: lines } = await rows(config)
      expect(boxes?.find(row => row.id === '4')).toMatchObject({
        weight: null,
        sender_vip: null,
        _extra: { weight: 'heavy', sender: { vip: 'perhaps', since: 9 }, items: { 0: { n: 'many' } } },
      })
      expect(boxes?.find(row => row.id === '2')).toMatchObject({ _extra: { other: 5, items: { 1: { color: 'red' } } } })
      expect(lines?.find(row => row.box_id === '4')).toMatchObject({ n: null })
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      expect(await backfilled(destination, { ...after, salt: new Salt() })).toBe(0)
    })
  })

  test('I9: the value of a column that is now sensitive is hashed and removed from _extra', async () => {
    await database.with(async config => {
      await loaded(config, before, RECORDS, after)
      const [row] = await withQuery(config, query =>
        query(`select pin, cast(_extra as text) as extra from recharge.boxes where id = 1`),
      )
      expect(row?.pin).toMatch(/^[0-9a-f]{64}$/)
      expect(row?.extra).toBeNull()
    })
  })

  /** Columns that get another name. */
  const named = (also: readonly string[]): Stream =>
    stream({
      ...about,
      key: 'id',
      columns: {
        id: required(int('Key.')),
        worth: alsoFrom(also, money('Worth.')),
        pin: alsoFrom(
          also.map(name => `old_${name}`),
          sensitive(text('Opens it.')),
        ),
      },
      children: {
        items: child({ doc: 'An item.', from: 'items', columns: { n: alsoFrom(also, int('Count.')) } }),
      },
    })

  test('values move to a column under another name, and a second value of a column stays in _extra', async () => {
    const records = [
      { id: 1, value: '1.50', old_value: 'CLEAR-1', items: [{ n: 1 }, { value: '2' }, { value: 'two' }] },
      {
        id: 2,
        worth: 2,
        value: '2.5',
        items: [
          { n: 1, value: 9 },
          { n: null, value: 8 },
        ],
      },
      { id: 3, amount: 3, value: '3.00', items: [] },
      { id: 4, amount: 4, value: 'x', items: [] },
      { id: 5, amount: 5, value: 6, pin: 'CLEAR-2', old_amount: 'CLEAR-3', see: 'x/CLEAR-3', items: [] },
    ]
    const [earlier, later] = [named([]), named(['value', 'amount'])]
    const stored = async (config: DestinationConfig): Promise<Dump> =>
      JSON.parse(JSON.stringify(await dump(config, [later]), (name, value) => (name === '_hash' ? undefined : value)))
    await database.with(async config => {
      expect(await loaded(config, earlier, records, later)).toBe(5)
      const { boxes, boxes__items: items } = await stored(config)
      expect(JSON.stringify(boxes)).not.toContain('CLEAR')
      expect(boxes?.map(({ worth, _extra }) => [worth, _extra])).toEqual([
        ['1.5', { items: { 2: { value: 'two' } } }],
        ['2', { items: { 0: { value: 9 } }, value: '2.5' }],
        ['3', null],
        ['4', { value: 'x' }],
        ['6', { amount: 5, old_amount: { _sync_sha256: expect.any(String) }, see: expect.stringContaining('x/') }],
      ])
      expect(boxes?.map(({ pin }) => pin !== null)).toEqual([true, false, false, false, true])
      expect(items?.map(({ n }) => n)).toEqual(['1', '2', null, '1', '8'])
      // A record that is loaded under the new declaration comes to the same.
      await database.with(async other => {
        await loaded(other, later, records.slice(0, 4), null)
        const withoutPin = (of: Dump) => of.boxes?.slice(0, 4).map(({ pin: _, ...row }) => row)
        const fresh = await stored(other)
        expect(withoutPin(await stored(config))).toEqual(withoutPin(fresh))
        expect(items).toEqual(fresh.boxes__items)
      })
      const salt = new Salt()
      await using destination = await openDestination(config, { mode: 'write', connections: 2, salt })
      await destination.loadSalt()
      expect(await backfilled(destination, { ...later, salt })).toBe(0)
    })
  })

  test('a row written since it was read is skipped', async () => {
    await database.with(async config => {
      await loaded(config, before, RECORDS, null)
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      await destination.prepare(allTables(after))
      const [row] = await destination.rowsWithExtra(before, null)
      if (!row) throw new Error('nothing in _extra')
      const cells = new Map([['weight', Buffer.from([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7])]])
      const change = {
        cells,
        lists: new Map([['items', new Map([[0, new Map([['n', cells.get('weight') ?? Buffer.alloc(0)]])]])]]),
        extra: null,
      }
      const weights = async () =>
        (
          await destination.query(
            `select coalesce(cast(b.weight as text), '') || '/' || coalesce(cast(i.n as text), '') as w from recharge.boxes b join recharge.boxes__items i on i.box_id = b.id where b.id = ${row.key[0]}`,
          )
        )[0]?.w
      await destination.backfillColumns(after, [{ row: { ...row, hash: '1' }, ...change }], at(3))
      expect(await weights()).toBe('/')
      await destination.backfillColumns(after, [{ row, ...change }], at(3))
      expect(await weights()).toBe('7/7')
    })
  })

  test('prepare is idempotent for a hashed column of a stream with a history', async () => {
    await database.with(async config => {
      const options = { mode: 'write', connections: 1, history: [after] } as const
      await using destination = await openDestination(config, options)
      expect((await destination.prepare(allTables(after))).length).toBeGreaterThan(10)
      expect(await destination.prepare(allTables(after))).toEqual([])
    })
  })

  test('rows of a list are not added to a row written since, nor to one that has some', async () => {
    await database.with(async config => {
      await loaded(
        config,
        before,
        [
          { id: 1, items: [{ name: 'x' }] },
          { id: 2, other: 5 },
          { id: 3, other: 6 },
        ],
        null,
      )
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      await destination.prepare(allTables(after))
      const count = Buffer.from([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7])
      const newLists = new Map([['items', [new Map([['n', count]])]]])
      const hashOf = async (id: number): Promise<string> =>
        (await destination.query(`select cast(_hash as text) as h from recharge.boxes where id = ${id}`))[0]?.h ?? ''
      const row = async (id: number) => ({
        key: [String(id)],
        hash: await hashOf(id),
        extra: '{}',
        filled: new Set<string>(),
      })
      const change = { cells: new Map(), lists: new Map(), newLists, extra: null }
      const rows = [await row(1), { ...(await row(2)), hash: '1' }, await row(3)]
      await destination.backfillColumns(
        after,
        rows.map(row => ({ row, ...change })),
        at(3),
      )
      expect(
        await destination.query(
          `select cast(box_id as text) as box, name, cast(n as text) as n from recharge.boxes__items order by 1`,
        ),
      ).toEqual([
        { box: '1', name: 'x', n: null },
        { box: '3', name: null, n: '7' },
      ])
    })
  })

  test('more rows than one batch, and keys of two parts', async () => {
    const pairs = (more: object): Stream =>
      stream({ ...about, key: ['a', 'b'], columns: { a: required(int('Half.')), b: required(text('Half.')), ...more } })
    const records = Array.from({ length: 2100 }, (_, i) => ({ a: i % 7, b: `k${i}`, n: i }))
    await database.with(async config => {
      expect(await loaded(config, pairs({}), records, pairs({ n: int('Count.') }))).toBe(2100)
      const [row] = await withQuery(config, query =>
        query(
          `select cast(sum(n) as text) as n, count(_extra) as left_over from recharge.boxes where b = 'k' || cast(n as text)`,
        ),
      )
      expect([row?.n, Number(row?.left_over)]).toEqual([String((2099 * 2100) / 2), 0])
    })
  })
})
