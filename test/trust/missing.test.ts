import { describe, expect, test } from 'vitest'
import { createApp, STREAMS as DECLARED, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { utcText } from '../../src/simulator/time.ts'
import { drawDestination } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { resetStream, runBackfill, runSync } from '../support/run.ts'
import { type Synced, synced } from '../support/synced.ts'

const DAY = 86_400_000
const tables = (names: readonly string[]) => DECLARED.filter(({ name }) => names.includes(name))
const everything = { since: null, until: null }

async function statusOf(config: Config, stream: string) {
  const app = createApp(config, { level: 'silent' })
  return status(app, select(app, [stream]), null)
}

const number = (row: Record<string, unknown> | undefined): number => Number(row?.n)

describe.each(drawDestination())('$name', place => {
  const inStore = (streams: readonly string[], work: (synced: Synced) => Promise<void>): Promise<void> =>
    synced(place, streams, work)

  const rowsOf = async ({ sql }: Synced, table: string): Promise<number> =>
    number((await sql(`select count(*) as n from recharge.${table}`))[0])

  test('I22: K2/7: a table that was dropped is made again and read again from its start, and the run says so', () =>
    inStore(['customers'], async at => {
      const before = await dump(at.destination, tables(['customers']))
      await at.sql('drop table recharge.customers')
      expect((await statusOf(at.config, 'customers')).code).toBe(1)
      const ran = await runSync(at.config, ['customers'])
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('customers')).toMatchObject({ outcome: 'complete', problem: { code: 'table_missing' }, gaps: [] })
      expect(ran.text).toContain('the table customers had been dropped')
      expect(await dump(at.destination, tables(['customers']))).toEqual(before)
      const next = await runSync(at.config, ['customers'])
      expect(next.of('customers')).toMatchObject({ added: 0, changed: 0, problem: null })
      const settled = await statusOf(at.config, 'customers')
      expect(settled.code, settled.text).toBe(0)
    }))

  test('I22: K2/7: what the source has forgotten of a dropped table is named as a gap, also after a run that died', () =>
    inStore(['events'], async at => {
      const { store } = at.simulator
      const began = store.now().getTime()
      store.advance(30 * DAY)
      await at.sql('drop table recharge.events')
      at.simulator.faults.add({ kind: 'status', status: 422, body: {}, match: '/events' })
      expect((await runSync(at.config, ['events'])).of('events').outcome).toBe('failed')
      const ran = await runSync(at.config, ['events'])
      expect(ran.code, ran.text).toBe(0)
      const [gap] = ran.of('events').gaps
      const day = (instant: string | undefined) => instant?.slice(0, 10)
      expect([day(gap?.from), day(gap?.to)]).toEqual([
        day(utcText(began - 7 * DAY)),
        day(utcText(store.now().getTime() - 7 * DAY)),
      ])
      expect(ran.text).toContain('the table events had been dropped')
      expect(await at.sql('select stream from recharge._sync_gaps')).toEqual([{ stream: 'events' }])
      expect((await runSync(at.config, ['events'])).of('events').gaps).toEqual([])
    }))

  test('I22: K2/7: the table of a list that was dropped is filled again, and the rows of the stream stay', () =>
    inStore(['orders'], async at => {
      const before = await dump(at.destination, tables(['orders']))
      await at.sql('drop table recharge.orders__line_items')
      expect((await statusOf(at.config, 'orders')).code).toBe(1)
      const ran = await runSync(at.config, ['orders'])
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('orders')).toMatchObject({ added: 0, changed: at.simulator.store.count('orders') })
      expect(ran.of('orders').problem?.code).toBe('table_missing')
      expect(await dump(at.destination, tables(['orders']))).toEqual(before)
      expect((await runSync(at.config, ['orders'])).of('orders')).toMatchObject({ changed: 0, problem: null })
    }))

  test.each([
    ['emptied', 'delete from recharge.customers', 0],
    ['truncated', 'truncate recharge.customers', 0],
    ['deleted in part', 'delete from recharge.customers where id in (select min(id) from recharge.customers)', -1],
  ])('K2/7: rows that were %s: a warning and a failed status, until reset and sync', (_what, statement, left) =>
    inStore(['customers'], async at => {
      const all = at.simulator.store.count('customers')
      const before = await dump(at.destination, tables(['customers']))
      await at.sql(statement)
      const said = await statusOf(at.config, 'customers')
      expect(said.code).toBe(1)
      expect(said.text).toContain(`customers has ${left < 0 ? all - 1 : 0} of ${all}`)
      at.simulator.store.advance(3 * DAY)
      for (const _ of [1, 2]) {
        const ran = await runSync(at.config, ['customers'])
        expect(ran.of('customers').problem?.code).toBe('rows_missing')
        expect(ran.of('customers').problem?.next).toContain('reset customers')
      }
      await resetStream(at.config, 'customers')
      expect((await runSync(at.config, ['customers'])).of('customers').problem).toBeNull()
      const settled = await statusOf(at.config, 'customers')
      expect(settled.code, settled.text).toBe(0)
      expect(await dump(at.destination, tables(['customers']))).toEqual(before)
    }),
  )

  test('I22: K2/7: a list that lost rows is a warning too', () =>
    inStore(['orders'], async at => {
      await at.sql('delete from recharge.orders__line_items where index = 0')
      const ran = await runSync(at.config, ['orders'])
      expect(ran.of('orders').problem).toMatchObject({ code: 'rows_missing' })
      expect(ran.of('orders').problem?.message).toContain('orders__line_items has')
      expect((await statusOf(at.config, 'orders')).code).toBe(1)
    }))

  test('I22: K2/7: a backfill says it too', () =>
    inStore(['orders'], async at => {
      await at.sql('delete from recharge.orders__line_items where index = 0')
      const { problem } = (await runBackfill(at.config, ['orders'], everything, false)).of('orders')
      expect(problem).toMatchObject({ code: 'rows_missing' })
      expect(problem?.next).toContain('reset orders')
    }))

  test('I22: K2/7: of several warnings the one of missing rows is first, and each says what to do', () =>
    inStore(['customers'], async at => {
      await at.sql('truncate recharge.customers')
      const { store, faults } = at.simulator
      store.advance(3 * DAY)
      const [first] = store.all('customers')
      const edited = store.edit('customers', Number(first?.id), { first_name: 'Edited' })
      const body = { customers: [{ ...edited, tax_exempt: { odd: true } }], next_cursor: null }
      faults.add({ kind: 'body', match: '/customers', body, times: 1 })
      const { problem } = (
        await runSync({ ...at.config, policies: { ...at.config.policies, onMismatch: 'null' } }, ['customers'])
      ).of('customers')
      expect(problem?.code).toBe('rows_missing')
      expect(problem?.message).toContain('values do not fit their columns')
      expect(problem?.next).toMatch(/reset customers.*_extra/)
    }))

  test('I22: K2/7: a table put back from an older dump is a warning', () =>
    inStore(['customers'], async at => {
      await at.sql('create table recharge.dumped as select * from recharge.customers order by id limit 10')
      await at.sql('delete from recharge.customers')
      await at.sql('insert into recharge.customers select * from recharge.dumped')
      const ran = await runSync(at.config, ['customers'])
      expect(ran.of('customers').problem).toMatchObject({ code: 'rows_missing' })
      expect(ran.of('customers').problem?.next).toContain('older dump')
    }))

  test('I22: K2/7: a full scan that ends writes what was missing, and counts again', () =>
    inStore(['collections'], async at => {
      await at.sql('delete from recharge.collections')
      expect((await runSync(at.config, ['collections'])).of('collections').problem?.code).toBe('rows_missing')
      expect(await rowsOf(at, 'collections')).toBe(at.simulator.store.count('collections'))
      expect((await runSync(at.config, ['collections'])).of('collections').problem).toBeNull()
    }))

  test.each([
    ['shipping_countries', 'shipping_countries__provinces', false],
    ['orders', 'orders__line_items', true],
  ])('I22: child rows of %s that somebody deleted come back, by a full scan or a reset', (stream, list, isReset) =>
    inStore([stream], async at => {
      const before = await dump(at.destination, tables([stream]))
      expect(await rowsOf(at, list)).toBeGreaterThan(1)
      await at.sql(`delete from recharge.${list}`)
      if (isReset) await resetStream(at.config, stream)
      else at.simulator.store.advance(DAY)
      const ran = await runSync(at.config, [stream])
      expect(ran.code, ran.text).toBe(0)
      const after = await dump(at.destination, tables([stream]))
      expect(after[list]).toEqual(before[list])
      expect((await runSync(at.config, [stream])).of(stream).problem).toBeNull()
    }),
  )

  test('I22: K2/7: every way to write rows keeps the number; deletions at the source do not change it', () =>
    inStore(['orders'], async at => {
      const { store } = at.simulator
      const kept = async () => {
        const [row] = await at.sql(
          `select cast(rows as text) as n, cast(child_rows as text) as lists from recharge._sync_checkpoints where stream = 'orders'`,
        )
        return [number(row), JSON.parse(String(row?.lists)).orders__line_items]
      }
      const stored = async () => [await rowsOf(at, 'orders'), await rowsOf(at, 'orders__line_items')]
      const expectKept = async () => expect(await kept()).toEqual(await stored())
      await expectKept()
      const [order] = store.all('orders').filter(({ line_items }) => Array.isArray(line_items) && line_items.length > 0)
      store.advance(1000)
      const now = utcText(store.now().getTime())
      for (const id of [900_000_003, 900_000_004])
        store.insert('orders', { ...order, id, status: 'queued', updated_at: now })
      store.insert('orders', { ...order, id: 900_000_001, updated_at: now })
      store.edit('orders', Number(order?.id), { line_items: [] })
      expect((await runSync(at.config, ['orders'])).of('orders')).toMatchObject({ added: 3, changed: 1 })
      await expectKept()
      store.insert('orders', { ...order, id: 900_000_002, updated_at: order?.updated_at })
      expect((await runBackfill(at.config, ['orders'], everything, false)).of('orders').added).toBeGreaterThan(0)
      await expectKept()
      store.remove('orders', 900_000_003)
      store.advance(DAY)
      expect((await runSync(at.config, ['orders'])).of('orders').deleted).toBe(1)
      await expectKept()
    }))

  test('I22: K2/7: a warehouse of an older version has no number until its first commit, which counts', () =>
    inStore(['customers'], async at => {
      for (const column of ['rows', 'child_rows', 'lost'])
        await at.sql(`alter table recharge._sync_checkpoints drop column ${column}`)
      await at.sql(`delete from recharge._sync_settings where name = 'tables'`)
      const settled = await statusOf(at.config, 'customers')
      expect(settled.code, settled.text).toBe(0)
      expect((await runSync(at.config, ['customers'])).of('customers').problem).toBeNull()
      const [row] = await at.sql(`select rows as n from recharge._sync_checkpoints where stream = 'customers'`)
      expect(number(row)).toBe(at.simulator.store.count('customers'))
    }))

  test('K2/8: a column that was dropped is added again, and filled by reading its rows again', () =>
    inStore(['orders'], async at => {
      const before = await dump(at.destination, tables(['orders']))
      await at.sql('alter table recharge.orders drop column customer_email')
      await at.sql('alter table recharge.orders__line_items drop column title')
      const ran = await runSync(at.config, ['orders'])
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('orders').problem?.code).toBe('column_missing')
      expect(ran.text).toContain('the column orders.customer_email, orders__line_items.title had been dropped')
      expect(await dump(at.destination, tables(['orders']))).toEqual(before)
      expect((await runSync(at.config, ['orders'])).of('orders')).toMatchObject({ changed: 0, problem: null })
    }))

  test('K2/8: where the source forgets, the run says which rows keep an empty column', () =>
    inStore(['charges'], async at => {
      await at.sql('alter table recharge.charges drop column note')
      const ran = await runSync(at.config, ['charges'])
      expect(ran.of('charges')).toMatchObject({ outcome: 'complete', gaps: [], problem: { code: 'column_missing' } })
      expect(ran.text).toContain('no longer returns records older than 90 days')
    }))

  test('K2/8: no version is added to the history of a row that waits to be written again', () =>
    inStore(['customers'], async at => {
      const config: Config = { ...at.config, history: ['customers'] }
      await runSync(config, ['customers'])
      const versions = await rowsOf(at, 'customers__history')
      await at.sql('alter table recharge.customers drop column email')
      at.simulator.faults.add({ kind: 'status', status: 422, body: {}, match: ({ path }) => path === '/customers' })
      expect((await runSync(config, ['customers'])).of('customers').outcome).toBe('failed')
      expect((await runSync(config, ['customers'])).of('customers').outcome).toBe('complete')
      expect(await rowsOf(at, 'customers__history')).toBe(versions)
    }))
})
