import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { status } from '../../src/cli/commands/status.ts'
import { drawDestination } from '../support/destinations.ts'
import { runSync } from '../support/run.ts'
import { type Synced, synced } from '../support/synced.ts'

const STREAMS = ['customers', 'orders']

describe.each(drawDestination())('$name', place => {
  const inWarehouse = (work: (given: Synced) => Promise<void>): Promise<void> => synced(place, STREAMS, work)

  /** The oldest customer, changed now. */
  function edit({ simulator }: Synced, change: Record<string, string | null>): number {
    const { store } = simulator
    const [customer] = store.all('customers')
    store.advance(60_000)
    store.edit('customers', Number(customer?.id), { updated_at: store.now().toISOString(), ...change })
    return Number(customer?.id)
  }

  test.each([
    ['watermark', "watermark = watermark + interval '30 years'"],
    ['last snapshot', "swept = watermark + interval '30 years'"],
  ])('K1/1: a stored %s in the future fails its stream, and reset mends it', async (_what, change) => {
    await inWarehouse(async ({ config, sql }) => {
      await sql(`update recharge._sync_checkpoints set ${change} where stream = 'customers'`)
      const ran = await runSync(config, STREAMS)
      expect(ran.code, ran.text).toBe(1)
      expect(ran.of('customers')).toMatchObject({ outcome: 'failed', problem: { code: 'watermark_in_future' } })
      expect(ran.of('customers').problem?.next).toContain('reset customers')
      expect(ran.of('orders').outcome).toBe('complete')
    })
  })

  test('K1/1: status and check say that a watermark is in the future', async () => {
    await inWarehouse(async ({ config, sql }) => {
      await sql(
        `update recharge._sync_checkpoints set watermark = watermark + interval '30 years' where stream = 'customers'`,
      )
      const app = createApp(config, { level: 'silent' })
      const selection = select(app, STREAMS)
      const said = await status(app, selection, null)
      expect(said.code).toBe(1)
      expect(said.text).toContain('its checkpoint says that it was read up to')
      const checked = await check(app, selection, new AbortController().signal)
      expect(checked.code, checked.text).toBe(1)
      expect(checked.text).toContain('PROBLEM  stream: customers: its checkpoint says')
    })
  })

  test('K1/2: a record dated 2099 changes again: what arrives later wins', async () => {
    await inWarehouse(async given => {
      const { config, sql } = given
      const id = edit(given, { updated_at: '2099-01-01T00:00:00+00:00', first_name: 'Of 2099' })
      expect((await runSync(config, STREAMS)).of('customers').changed).toBe(1)
      edit(given, { first_name: 'Of today' })
      const ran = await runSync(config, STREAMS)
      expect(ran.of('customers')).toMatchObject({ changed: 1, older: 0 })
      const rows = await sql(`select first_name from recharge.customers where id = ${id}`)
      expect(rows).toEqual([{ first_name: 'Of today' }])
    })
  })

  test('K1/2: no version in the history begins in the future', async () => {
    await inWarehouse(async given => {
      const config = { ...given.config, history: ['customers'] }
      await runSync(config, STREAMS)
      const id = edit(given, { updated_at: '2099-01-01T00:00:00+00:00', first_name: 'Of 2099' })
      await runSync(config, STREAMS)
      edit(given, { first_name: 'Of today' })
      await runSync(config, STREAMS)
      const versions = await given.sql(
        `select first_name, valid_from < '2098-01-01' as begun, valid_to is null as open
         from recharge.customers__history where id = ${id} order by valid_from`,
      )
      expect(versions.slice(1)).toEqual([
        { first_name: 'Of 2099', begun: true, open: false },
        { first_name: 'Of today', begun: true, open: true },
      ])
    })
  })

  test('K1/2: a record whose time goes back is counted by itself', async () => {
    await inWarehouse(async given => {
      const { config, simulator, sql } = given
      const back = new Date(simulator.store.now().getTime() - 3_600_000).toISOString()
      const id = edit(given, { first_name: 'Newer' })
      await runSync(config, STREAMS)
      edit(given, { first_name: 'Older', updated_at: back })
      const ran = await runSync(config, STREAMS)
      const { records, added, changed, unchanged, older, rejected } = ran.of('customers')
      expect({ changed, older }).toEqual({ changed: 0, older: 1 })
      expect(added + changed + unchanged + older + rejected).toBe(records)
      expect(ran.text).toMatch(/unchanged {2}older/)
      expect(await sql(`select first_name from recharge.customers where id = ${id}`)).toEqual([{ first_name: 'Newer' }])
      const [last] = await sql(
        `select cast(report as text) as r from recharge._sync_checkpoints where stream = 'customers'`,
      )
      expect(JSON.parse(String(last?.r))).toMatchObject({ older: 1 })
    })
  })

  test.each([
    ['null', { updated_at: null }],
    ['absent', {}],
  ])('K1/4: a record whose cursor is %s is loaded', async (_what, cursor) => {
    await synced(place, ['customers'], async ({ config, simulator, sql }) => {
      const { store } = simulator
      const [customer] = store.all('customers')
      const { updated_at: _, ...rest } = { ...customer, id: 123, email: 'undated@example.com', ...cursor }
      // Only a scan from the start meets it: a filter by time cannot.
      await sql(`delete from recharge._sync_checkpoints where stream = 'customers'`)
      simulator.faults.add({
        kind: 'body',
        match: ({ path }) => path === '/customers',
        body: { customers: [{ ...rest, ...cursor }, customer ?? {}], next_cursor: null },
      })
      const ran = await runSync(config, ['customers'])
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('customers')).toMatchObject({ added: 1, rejected: 0 })
      expect(await sql('select email, updated_at from recharge.customers where id = 123')).toEqual([
        { email: 'undated@example.com', updated_at: null },
      ])
      expect(ran.of('customers').problem).toBeNull()
    })
  })

  test('K1/4: a table of an older version, whose cursor is NOT NULL, takes such a record', async () => {
    await synced(place, ['customers'], async ({ config, simulator, sql }) => {
      await sql('alter table recharge.customers alter column updated_at set not null')
      await sql('delete from recharge._sync_checkpoints')
      const [customer] = simulator.store.all('customers')
      simulator.faults.add({
        kind: 'body',
        match: ({ path }) => path === '/customers',
        body: { customers: [{ ...customer, id: 123, updated_at: null }], next_cursor: null },
      })
      const ran = await runSync(config, ['customers'])
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('customers').added).toBe(1)
    })
  })
})
