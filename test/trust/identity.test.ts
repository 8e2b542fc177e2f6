import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { SimulatorOptions } from '../../src/simulator/server.ts'
import type { Store } from '../../src/simulator/store.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runReconcile, runSync, withSimulator } from '../support/run.ts'

const STREAMS = ['customers', 'payment_methods']
const CANNOT_TELL = { scopes: ['read_customers', 'read_payment_methods'] }
const ANOTHER = { name: 'North Kiln', contact_email: 'ops@north-kiln.example' }

/** The store with the id and the name of its record changed: another store, as far as the API tells. */
function renamed(store: Store, id: number, name: string): Store {
  for (const resource of ['store', 'shop']) {
    const [record] = store.all(resource)
    store.remove(resource, Number(record?.id))
    store.insert(resource, { ...record, id, name })
  }
  return store
}

const makeA = (): Store => makeStore({ customers: 10, months: 2 })
const makeB = (): Store => renamed(makeStore({ customers: 12, months: 2, seed: 9 }), 777, 'Store B')

describe.each(drawDestination())('$name', place => {
  interface Place {
    readonly config: Config
    sql(statement: string): Promise<Record<string, unknown>[]>
    /** Runs a sync with another token. @returns what it printed, and the paths that it asked for. */
    as(
      options: SimulatorOptions & { readonly token: string },
      streams?: readonly string[],
    ): Promise<Ran & { readonly paths: readonly string[]; readonly config: Config }>
  }

  /** A warehouse that was read with one token. */
  const inWarehouse = (options: SimulatorOptions, work: (place: Place) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeA(), ...options }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          expect((await runSync(config, STREAMS)).code).toBe(0)
          await work({
            config,
            sql: statement => withQuery(destination, query => query(statement)),
            as: (other, streams = STREAMS) =>
              withSimulator(other, async simulated => {
                const with_ = configFor(simulated, destination, folder)
                const ran = await runSync(with_, streams)
                return { ...ran, paths: simulated.requests.map(({ path }) => path), config: with_ }
              }),
          })
        }),
      ),
    )

  test('I24: K2/5: the token of another store stops before anything is written, and both stores are named', async () => {
    await inWarehouse({}, async ({ sql, as }) => {
      const rows = () => sql('select id, _deleted_at, _hash from recharge.payment_methods order by id')
      const before = await rows()
      const tables = await sql(
        `select table_name from information_schema.tables where table_schema = 'recharge' order by 1`,
      )
      const ran = await as({ store: makeB(), token: 'sk_1x1_of_b' }, [...STREAMS, 'orders'])
      expect(ran.code, ran.text).toBe(3)
      expect(ran.report).toMatchObject({ outcome: 'failed', problem: { code: 'other_store' }, streams: [] })
      expect(ran.report.problem?.message).toMatch(/rows of store \d+ \(.+\), and the token is of store 777 \(Store B\)/)
      expect(await rows()).toEqual(before)
      expect(
        await sql(`select table_name from information_schema.tables where table_schema = 'recharge' order by 1`),
      ).toEqual(tables)
    })
  })

  test('I24: K2/5: check and reconcile say so too', async () => {
    await inWarehouse({}, async ({ config }) => {
      await withSimulator({ store: makeB(), token: 'sk_1x1_of_b' }, async simulator => {
        const other: Config = {
          ...config,
          recharge: { ...config.recharge, baseUrl: simulator.url, token: simulator.token },
        }
        const app = createApp(other, { level: 'silent' })
        const checked = await check(app, select(app, STREAMS), new AbortController().signal)
        expect(checked.code, checked.text).toBe(3)
        expect(checked.json).toMatchObject({
          findings: expect.arrayContaining([
            expect.objectContaining({
              what: 'store',
              state: 'problem',
              message: expect.stringContaining('store 777 (Store B)'),
            }),
          ]),
        })
        const reconciled = await runReconcile(other, STREAMS, { repair: true })
        expect(reconciled.code, reconciled.text).toBe(3)
        expect(reconciled.document.problem?.code).toBe('other_store')
      })
    })
  })

  test('I24: K2/5: another token of the same store is asked once for its store, and then costs no request', async () => {
    const store = makeA()
    await inWarehouse({ store }, async ({ as }) => {
      const first = await as({ store, token: 'sk_1x1_rotated' })
      expect(first.code, first.text).toBe(0)
      expect(first.paths.filter(path => path === '/store')).toEqual(['/store'])
      const second = await as({ store, token: 'sk_1x1_rotated' })
      expect(second.code, second.text).toBe(0)
      expect(second.paths).not.toContain('/store')
    })
  })

  test('I24: K2/5: a warehouse of an older version says by its table which store it has', async () => {
    await inWarehouse({}, async ({ config, sql, as }) => {
      expect((await runSync(config, ['shop'])).code).toBe(0)
      await sql(`delete from recharge._sync_settings where name = 'store'`)
      const ran = await as({ store: makeB(), token: config.recharge.token })
      expect(ran.code, ran.text).toBe(3)
      expect(ran.report.problem?.code).toBe('other_store')
    })
  })

  test('I24: K2/5: tokens that may not read their store are compared by a record that stands in the tables', async () => {
    await inWarehouse(CANNOT_TELL, async ({ sql, as }) => {
      // The owner is the same, as an agency is of the tokens of many stores.
      const other = await as({ ...CANNOT_TELL, store: makeB(), token: 'sk_1x1_of_b' })
      expect(other.code, other.text).toBe(3)
      expect(other.report.problem).toMatchObject({ code: 'other_store' })
      const rotated = { ...CANNOT_TELL, client: ANOTHER, token: 'sk_1x1_rotated' }
      const same = await as({ ...rotated, store: makeA() })
      expect(same.code, same.text).toBe(0)
      expect(same.paths.filter(path => /\/\d+$/.test(path))).toHaveLength(1)
      expect(
        await sql('select cast(count(*) as text) as n from recharge.customers where _deleted_at is not null'),
      ).toEqual([{ n: '0' }])
    })
  })

  test('I24: K2/5: where no record that stands can be read, nothing is proved', async () => {
    await inWarehouse(CANNOT_TELL, async ({ as }) => {
      const store = makeA()
      for (const resource of ['customers', 'payment_methods'] as const)
        for (const { id } of store.all(resource)) store.remove(resource, Number(id))
      const ran = await as({ ...CANNOT_TELL, store, token: 'sk_1x1_rotated' })
      expect(ran.code, ran.text).toBe(3)
      expect(ran.report.problem?.message).toContain('Kettle & Crane, and it cannot be proved')
      expect(ran.report.problem?.next).toContain('store_info')
    })
  })

  test('I24: K2/5: a warehouse without a row takes any store', async () => {
    await inWarehouse(CANNOT_TELL, async ({ sql, as }) => {
      for (const table of ['customers', 'payment_methods']) await sql(`delete from recharge.${table}`)
      const ran = await as({ ...CANNOT_TELL, store: makeB(), token: 'sk_1x1_of_b' })
      expect(ran.report.problem, ran.text).toBeNull()
    })
  })

  test('I24: K2/5: the token is kept as a salted hash, with the first commit', async () => {
    await withSimulator({ store: makeA() }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const recorded = () =>
            withQuery(destination, query => query(`select value from recharge._sync_settings where name = 'store'`))
          simulator.faults.add({ kind: 'status', status: 422, match: '/customers', times: 10 })
          expect((await runSync(config, ['customers'])).code).toBe(1)
          expect(await recorded()).toEqual([])
          simulator.faults.clear()
          expect((await runSync(config, ['customers'])).code).toBe(0)
          const [row] = await recorded()
          expect(JSON.parse(String(row?.value))).toMatchObject({ token: expect.stringMatching(/^[0-9a-f]{64}$/) })
          expect(String(row?.value)).not.toContain(simulator.token)
        }),
      ),
    )
  })
})
