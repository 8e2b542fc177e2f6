import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { Replayed } from '../../src/jobs/replay.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const { signal } = new AbortController()

async function replayed(config: Config, streams: readonly string[] | null = null): Promise<readonly Replayed[]> {
  const app = createApp(config, { level: 'silent' })
  const { code, json } = await replay(app, select(app, streams), signal)
  expect(code).toBe(0)
  return (json as { streams: readonly Replayed[] }).streams
}

const strict = (config: Config): Config => ({ ...config, policies: { ...config.policies, onMismatch: 'reject' } })
const lenient = (config: Config): Config => ({ ...config, policies: { ...config.policies, onMismatch: 'null' } })

describe.each(drawDestination())('$name', place => {
  interface Warehouse {
    readonly simulator: Simulator
    readonly config: Config
    /** Ids of the first customers. */
    readonly ids: readonly number[]
    edit(id: number, change: StoreRecord): void
    rejects(): Promise<{ key: string | null; path: string }[]>
    customer(id: number): Promise<Record<string, unknown> | undefined>
  }

  const inWarehouse = (work: (warehouse: Warehouse) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(folder => {
          const { store } = simulator
          const sqlQuery = (sql: string) => withQuery(destination, query => query(sql))
          return work({
            simulator,
            config: strict(configFor(simulator, destination, folder)),
            ids: store.all('customers').map(({ id }) => Number(id)),
            edit: (id, change) => {
              store.advance(60_000)
              store.edit('customers', id, change)
            },
            rejects: async () =>
              (await sqlQuery('select key, path from recharge._sync_rejects order by key')) as {
                key: string
                path: string
              }[],
            customer: async id =>
              (
                await sqlQuery(
                  `select email, subscriptions_active_count as n, cast(_extra as text) as extra from recharge.customers where id = ${id}`,
                )
              )[0],
          })
        }),
      ),
    )

  test('a reject that can be loaded now is loaded and removed from the rejects; the others stay', async () => {
    await inWarehouse(async ({ config, ids: [a = 0, b = 0], edit, rejects, customer }) => {
      edit(a, { subscriptions_active_count: 'many' })
      edit(b, { created_at: 'once', id: b })
      await runSync(config, ['customers'])
      expect(await rejects()).toMatchObject([{ key: String(a) }, { key: String(b) }])
      expect(await replayed(config)).toEqual([
        { stream: 'customers', rejects: 2, added: 0, changed: 0, unchanged: 0, older: 0, kept: 2 },
      ])
      expect(await rejects()).toHaveLength(2)
      expect(await replayed(lenient(config))).toEqual([
        { stream: 'customers', rejects: 2, added: 2, changed: 0, unchanged: 0, older: 0, kept: 0 },
      ])
      expect(await rejects()).toEqual([])
      const row = await customer(a)
      expect(row?.n).toBeNull()
      expect(JSON.parse(String(row?.extra))).toEqual({ subscriptions_active_count: 'many' })
      expect(await replayed(lenient(config))).toEqual([])
    })
  })

  test('I5: a reject that is older than its row never overwrites it', async () => {
    await inWarehouse(async ({ config, ids: [a = 0], edit, customer, rejects }) => {
      edit(a, { subscriptions_active_count: 'many', email: 'old@store.example' })
      await runSync(config, ['customers'])
      expect(await rejects()).toHaveLength(1)
      edit(a, { subscriptions_active_count: 3, email: 'new@store.example' })
      // Without its key the next run cannot see which record the reject belongs to, and keeps it.
      await withQuery(config.destination, query => query('update recharge._sync_rejects set key = null'))
      await runSync(config, ['customers'])
      expect(await replayed(lenient(config))).toEqual([
        { stream: 'customers', rejects: 1, added: 0, changed: 0, unchanged: 0, older: 1, kept: 0 },
      ])
      expect(await customer(a)).toMatchObject({ email: 'new@store.example' })
      expect(await rejects()).toEqual([])
    })
  })

  test('a row that was marked as deleted since is not restored', async () => {
    await inWarehouse(async ({ config, ids: [a = 0], edit }) => {
      await runSync(config, ['customers'])
      edit(a, { subscriptions_active_count: 'many' })
      await runSync(config, ['customers'])
      const sqlQuery = (sql: string) => withQuery(config.destination, query => query(sql))
      await sqlQuery(`update recharge.customers set _deleted_at = '2099-01-01T00:00:00Z' where id = ${a}`)
      expect(await replayed(lenient(config))).toMatchObject([{ rejects: 1, changed: 0, kept: 1 }])
      const [row] = await sqlQuery(`select _deleted_at is null as present from recharge.customers where id = ${a}`)
      expect(row?.present).toBe(false)
    })
  })

  test('a record that a later run loads is removed from the rejects; a record that did not change is not', async () => {
    await inWarehouse(async ({ config, ids: [a = 0, b = 0], edit, rejects }) => {
      edit(a, { subscriptions_active_count: 'many' })
      edit(b, { subscriptions_active_count: 'many' })
      await runSync(config, ['customers'])
      expect(await rejects()).toHaveLength(2)
      edit(a, { subscriptions_active_count: 3 })
      await runSync(config, ['customers'])
      expect(await rejects()).toMatchObject([{ key: String(b) }])
    })
  })

  test('no request is sent, and no checkpoint of a stream moves', async () => {
    await inWarehouse(async ({ config, ids: [a = 0], edit, simulator }) => {
      edit(a, { subscriptions_active_count: 'many' })
      await runSync(config, ['customers'])
      const sqlQuery = () =>
        withQuery(config.destination, query =>
          query(`select stream, cast(version as text) as version, cast(watermark as text) as watermark
                 from recharge._sync_checkpoints where stream = 'customers'`),
        )
      const before = await sqlQuery()
      simulator.clearRequests()
      await replayed(lenient(config), ['customers'])
      expect(simulator.requests).toEqual([])
      expect(await sqlQuery()).toEqual(before)
    })
  })
})
