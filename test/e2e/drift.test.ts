import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { Policies } from '../../src/schema/policy.ts'
import { rawNumber } from '../../src/simulator/raw.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'

type Row = Record<string, unknown>

describe.each(drawDestination())('$name', place => {
  interface Warehouse {
    readonly store: Store
    readonly ids: readonly number[]
    edit(resource: 'customers' | 'orders', id: number, change: StoreRecord): void
    sync(policies: Partial<Policies>, history?: readonly string[]): Promise<Ran>
    ask(sql: string): Promise<Row[]>
  }

  const inWarehouse = (work: (warehouse: Warehouse) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 6, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(folder => {
          const config: Config = configFor(simulator, destination, folder)
          const { store } = simulator
          return work({
            store,
            ids: store.all('customers').map(({ id }) => Number(id)),
            edit: (resource, id, change) => {
              store.advance(1000)
              store.edit(resource, id, change)
            },
            sync: (policies, history = []) =>
              runSync({ ...config, history, policies: { ...config.policies, ...policies } }, ['customers', 'orders']),
            ask: sql => withQuery(destination, query => query(sql)),
          })
        }),
      ),
    )

  const columns = async ({ ask }: Warehouse, table: string): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      (await ask(`select column_name as c, kind as k from recharge._sync_columns where table_name = '${table}'`)).map(
        ({ c, k }) => [String(c), k],
      ),
    )

  test('evolve: an undeclared field gets a column that takes every value of it, and later runs know it', async () => {
    await inWarehouse(async warehouse => {
      const { ids, edit, sync, ask, store } = warehouse
      const fields: Record<string, readonly [Json, Json, string]> = {
        flag: [true, false, 'flag'],
        count: [1, 2, 'int'],
        share: [1, rawNumber('2.50'), 'rate'],
        since: ['2026-01-31T10:00:00Z', '2026-02-28T10:00:00+01:00', 'instant'],
        birthday: ['2026-01-31', '2026-02-28', 'day'],
        'Loyalty Tier': ['gold', 5, 'text'],
        big: [rawNumber('99999999999999999999'), 1, 'text'],
        more: [{ a: [1] }, 'x', 'json'],
        phone_: [null, 'late', 'text'],
        PHONE: ['p', 'q', 'text'],
        _extra: ['system', 'column', 'text'],
      }
      const [a = 0, b = 0] = ids
      edit('customers', a, Object.fromEntries(Object.entries(fields).map(([name, [value]]) => [name, value])))
      edit('customers', b, Object.fromEntries(Object.entries(fields).map(([name, [, value]]) => [name, value])))
      const order = store.all('orders')[0] ?? {}
      const lines = (order.line_items as StoreRecord[]).map(line => ({ ...line, colour: 'red' }))
      edit('orders', Number(order.id), {
        line_items: lines,
        customer: { ...(order.customer as StoreRecord), vip: true },
        sender: { note: 'x' },
      })
      const first = await sync({ drift: 'evolve' })
      expect(first.code, first.text).toBe(0)
      expect(first.of('customers').undeclared).toEqual({})
      expect(first.of('customers').problem).toMatchObject({ code: 'evolved' })
      const made = await columns(warehouse, 'customers')
      expect(made).toMatchObject({ flag: 'flag', count: 'int', share: 'rate', since: 'instant', birthday: 'day' })
      expect(made).toMatchObject({ loyalty_tier: 'text', big: 'text', more: 'json', phone_: 'text', extra: 'text' })
      // The name of a declared column stays that column's.
      expect(Object.keys(made).filter(name => /^phone_[0-9a-f]{8}$/.test(name))).toHaveLength(1)
      expect(await columns(warehouse, 'orders')).toEqual({ customer_vip: 'flag', sender: 'json' })
      expect(await columns(warehouse, 'orders__line_items')).toEqual({ colour: 'text' })
      const rows = await ask(
        `select cast(count as text) as count, cast(share as text) as share, loyalty_tier, big, cast(more as text) as more,
           cast(_extra as text) as extra from recharge.customers where id in (${a}, ${b}) order by case when id = ${a} then 1 else 2 end`,
      )
      expect(rows).toMatchObject([
        { count: '1', loyalty_tier: 'gold', big: '99999999999999999999', extra: null },
        { count: '2', share: '2.5000000000', loyalty_tier: '5', big: '1', more: '"x"', extra: null },
      ])
      const coloured = await ask(`select count(*) as n from recharge.orders__line_items where colour = 'red'`)
      expect(Number(coloured[0]?.n)).toBe(lines.length)

      const second = await sync({ drift: 'evolve' })
      for (const name of ['customers', 'orders'])
        expect(second.of(name)).toMatchObject({ added: 0, changed: 0, problem: null, undeclared: {} })
      // Also when fields get no columns any more.
      const third = await sync({})
      expect(third.of('customers')).toMatchObject({ changed: 0, problem: null, undeclared: {} })
    })
  })

  test('evolve: a later value that does not fit stays in _extra, is counted, and fails nothing', async () => {
    await inWarehouse(async ({ ids: [a = 0, b = 0], edit, sync, ask }) => {
      edit('customers', a, { tier: 1 })
      await sync({ drift: 'evolve' })
      edit('customers', b, { tier: 'gold' })
      edit('customers', a, { tier: { of: 'two' } })
      const ran = await sync({ drift: 'evolve' })
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('customers')).toMatchObject({ rejected: 0, mismatched: { tier: 2 } })
      const rows = await ask(
        `select tier, cast(_extra as text) as extra from recharge.customers where _extra is not null order by case when id = ${a} then 1 else 2 end`,
      )
      expect(rows.map(({ tier, extra }) => [tier, JSON.parse(String(extra))])).toEqual([
        [null, { tier: { of: 'two' } }],
        [null, { tier: 'gold' }],
      ])
    })
  })

  test('evolve: what capture has kept so far is weighed too, and moves into the column', async () => {
    await inWarehouse(async warehouse => {
      const { ids, edit, sync, ask, store } = warehouse
      const [a = 0, b = 0] = ids
      edit('customers', a, { tier: 'gold' })
      expect((await sync({})).of('customers').undeclared).toEqual({ tier: 1 })
      // So long ago that the next run does not read it again.
      store.advance(3 * 86_400_000)
      await sync({})
      edit('customers', b, { tier: 5 })
      await sync({ drift: 'evolve' })
      expect(await columns(warehouse, 'customers')).toEqual({ tier: 'text' })
      const rows = await ask(
        `select tier from recharge.customers where tier is not null and _extra is null order by case when id = ${a} then 1 else 2 end`,
      )
      expect(rows).toEqual([{ tier: 'gold' }, { tier: '5' }])
    })
  })

  test('evolve: a column that a later version declares otherwise is converted, or steps aside and keeps what it holds', async () => {
    await inWarehouse(async warehouse => {
      const { ids, edit, sync, ask } = warehouse
      const [a = 0] = ids
      edit('customers', a, { tier: 'gold' })
      await sync({ drift: 'evolve' })
      // As if both had been made for unknown fields, of another kind, by a version that did not declare them.
      for (const [column, type, kind] of [
        ['phone', 'bigint', 'int'],
        ['first_name', 'timestamptz', 'instant'],
      ]) {
        await ask(`alter table recharge.customers drop column ${column}`)
        await ask(`alter table recharge.customers add column ${column} ${type}`)
        await ask(
          `insert into recharge._sync_columns select stream, table_name, '${column}', '${column}', '${kind}', added_at, run from recharge._sync_columns where column_name = 'tier'`,
        )
      }
      await ask(
        `update recharge.customers set phone = 555, first_name = timestamptz '2025-01-31 10:00:00+00' where id = ${a}`,
      )
      const ran = await sync({})
      expect(ran.code, ran.text).toBe(0)
      const { problem } = ran.of('customers')
      expect(problem).toMatchObject({ code: 'migrated', next: expect.stringContaining('query') })
      expect(problem?.message).toMatch(
        /customers\.phone was bigint and is (text|varchar) now, with its values converted/,
      )
      expect(problem?.message).toMatch(
        /customers\.first_name was timestamp .* are in customers\.first_name_was_instant/,
      )
      expect(
        await ask(
          `select phone, first_name, cast(first_name_was_instant at time zone 'UTC' as text) as was from recharge.customers where id = ${a}`,
        ),
      ).toEqual([{ phone: '555', first_name: null, was: '2025-01-31 10:00:00' }])
      expect(await columns(warehouse, 'customers')).toEqual({ tier: 'text' })
      expect((await sync({})).of('customers').problem).toBeNull()
    })
  })

  test('evolve: the history has the column too, and versions go on without it and with it', async () => {
    await inWarehouse(async ({ ids: [a = 0], edit, sync, ask }) => {
      await sync({}, ['customers'])
      edit('customers', a, { tier: 'gold' })
      const ran = await sync({ drift: 'evolve' }, ['customers'])
      expect(ran.code, ran.text).toBe(0)
      edit('customers', a, { tier: 'silver' })
      expect((await sync({}, ['customers'])).code).toBe(0)
      const versions = await ask(
        `select tier from recharge.customers__history where id = ${a} and valid_from >= '2000-01-01' order by valid_from`,
      )
      expect(versions).toEqual([{ tier: null }, { tier: 'gold' }, { tier: 'silver' }])
    })
  })

  test('fail: the stream fails before it writes anything, names the fields, and goes on once it may', async () => {
    await inWarehouse(async ({ ids: [a = 0], edit, sync, ask }) => {
      const good = await sync({ drift: 'fail' })
      expect(good.code, good.text).toBe(0)
      edit('customers', a, { tier: 'gold', empty: null, phone: '1' })
      const ran = await sync({ drift: 'fail' })
      expect(ran.code).toBe(1)
      expect(ran.of('orders').outcome).toBe('complete')
      const { outcome, changed, problem, complete_to } = ran.of('customers')
      expect({ outcome, changed, complete_to }).toEqual({
        outcome: 'failed',
        changed: 0,
        complete_to: good.of('customers').complete_to,
      })
      expect(problem?.code).toBe('undeclared')
      expect(problem?.message).toContain('tier (1)')
      expect(problem?.message).not.toContain('empty')
      expect(problem?.next).toContain('drift')
      expect(await ask(`select id from recharge.customers where phone = '1'`)).toEqual([])
      expect((await sync({ drift: 'capture' })).of('customers')).toMatchObject({ outcome: 'complete', changed: 1 })
    })
  })
})
