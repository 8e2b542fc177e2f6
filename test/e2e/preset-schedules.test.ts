import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import {
  configFor,
  makeStore,
  type Ran,
  runReconcile,
  runSync,
  STREAM_NAMES,
  type Store,
  sampleOf,
  withSimulator,
} from '../support/run.ts'
import { live, marked } from '../support/warehouse.ts'

/* The schedules are listed for one bundle product at a time, and refused to a store that has no presets. */

const DAY = 86_400_000
const PRODUCTS = 'bundle_products'
const SCHEDULES = 'bundle_selection_preset_schedules'
const PATH = '/bundle_selections/preset_schedules'
const STREAMS = [PRODUCTS, SCHEDULES]
const PATHS = [`/${PRODUCTS}`, PATH]
const REFUSED = { kind: 'status', status: 403, body: { errors: 'presets are not enabled' }, times: 1000 } as const

interface Scene {
  readonly simulator: Simulator
  readonly store: Store
  readonly destination: DestinationConfig
  /** A sync, a day later, so that every list is due. @param named streams; none: both and the customers, none of them named. */
  sync(named?: readonly string[]): Promise<Ran>
  readonly config: Config
  /** The paths of the requests since the last call, without the token. */
  requested(): string[]
}

/** A store with these bundle products, and so many schedules of each. */
function storeWith(schedules: Readonly<Record<number, number>>): Store {
  const store = makeStore({ customers: 3, months: 1 })
  store.declare(PRODUCTS)
  store.declare(SCHEDULES)
  for (const [product, count] of Object.entries(schedules)) {
    store.insert(PRODUCTS, { ...sampleOf(PRODUCTS), id: Number(product) })
    for (let i = 0; i < count; i++) addSchedule(store, Number(product))
  }
  return store
}

const addSchedule = (store: Store, product: number, more: StoreRecord = {}): number =>
  store.insert(SCHEDULES, { ...sampleOf(SCHEDULES), id: store.newId(SCHEDULES), bundle_product_id: product, ...more })

const idsOf = (store: Store, resource: string): number[] => store.all(resource).map(({ id }) => Number(id))

describe.each(drawDestination())('$name', place => {
  const scene = (
    schedules: Readonly<Record<number, number>>,
    work: (scene: Scene) => Promise<void>,
    options: SimulatorOptions = {},
  ): Promise<void> =>
    withSimulator({ ...options, store: storeWith(schedules) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store } = simulator
          const except = STREAM_NAMES.filter(name => ![...STREAMS, 'customers'].includes(name))
          const config = { ...configFor(simulator, destination, folder), refreshMs: () => DAY, streams: { except } }
          await work({
            simulator,
            store,
            destination,
            config,
            sync(named) {
              store.advance(DAY)
              return runSync(config, named ?? null)
            },
            requested() {
              const paths = simulator.requests.map(({ path }) => path).filter(path => PATHS.includes(path))
              simulator.clearRequests()
              return paths.sort()
            },
          })
        }),
      ),
    )

  test('every schedule of every bundle product is read; a pointer is sent without the id of the product', () =>
    scene({ 11: 300, 12: 1, 13: 0 }, async ({ simulator, store, destination, sync }) => {
      const ran = await sync()
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of(SCHEDULES)).toMatchObject({ outcome: 'complete', added: 301, rejected: 0, problem: null })
      expect(await live(destination, SCHEDULES)).toEqual(idsOf(store, SCHEDULES))
      const queries = simulator.requests.filter(({ path }) => path === PATH).map(({ query }) => query)
      const first = { sort_by: 'created_at-asc', limit: '250' }
      expect(queries).toEqual([
        { ...first, bundle_product_id: '13' },
        { ...first, bundle_product_id: '12' },
        { ...first, bundle_product_id: '11' },
        { cursor: expect.any(String), limit: '250' },
      ])
    }))

  test('a schedule is joined to its bundle, its variants and the selections; its days are dates', () =>
    scene({}, async ({ store, destination, sync }) => {
      store.insert(PRODUCTS, sampleOf(PRODUCTS))
      const id = Number(sampleOf(PRODUCTS).id)
      addSchedule(store, id, { start_date: '2026-11-02', end_date: '2026-11-08' })
      addSchedule(store, id, { start_date: '2026-11-02T00:00:00', end_date: '2026-11-08T05:00:00+00:00' })
      expect((await sync()).code).toBe(0)
      await withQuery(destination, async query => {
        const rows = await query(`
          select distinct cast(s.start_date as text) as first, cast(s.end_date as text) as last, p.title, v.title as variant
          from recharge.${SCHEDULES} s
          join recharge.${PRODUCTS} p on p.id = s.bundle_product_id
          join recharge.${PRODUCTS}__variants v on v.bundle_product_id = p.id`)
        expect(rows).toEqual([
          { first: '2026-11-02', last: '2026-11-08', title: 'Sampler Box', variant: 'Four small bags' },
        ])
        const types = await query(`select distinct data_type as t from information_schema.columns
          where table_name = '${SCHEDULES}' and column_name in ('start_date', 'end_date')`)
        expect(types.map(({ t }) => String(t).toLowerCase())).toEqual(['date'])
      })
    }))

  test.each([[null], [{ is: 11 }], [0], ['']])(
    'I12: a bundle product whose id is %j cannot be asked for, so its schedules are not said to be complete',
    id =>
      scene({ 11: 2 }, async ({ simulator, store, sync }) => {
        const body = { [PRODUCTS]: [{ ...store.get(PRODUCTS, 11), id }], next_cursor: null }
        simulator.faults.add({ kind: 'body', body, match: ({ path }) => path === `/${PRODUCTS}`, times: 10 })
        const ran = await sync()
        expect(ran.of(SCHEDULES)).toMatchObject({ outcome: 'failed', problem: { code: 'stream_contract' } })
        expect(ran.code).toBe(1)
      }),
  )

  test('I22: schedules of bundle products that are not listed are told of, and not marked', () =>
    scene({ 11: 2, 12: 1, 13: 1 }, async ({ simulator, destination, store, sync }) => {
      await sync()
      const [product] = store.all(PRODUCTS)
      const body = { [PRODUCTS]: [product], next_cursor: null }
      simulator.faults.add({ kind: 'body', body, match: ({ path }) => path === `/${PRODUCTS}`, times: 10 })
      const { problem, deleted } = (await sync()).of(SCHEDULES)
      expect(problem).toMatchObject({ code: 'not_marked' })
      expect(problem?.message).toMatch(/no longer listed the owners of [23] rows/)
      expect(deleted).toBe(0)
      simulator.faults.clear()
      expect((await sync()).of(SCHEDULES)).toMatchObject({ deleted: 0, problem: null })
      expect(await marked(destination, SCHEDULES)).toEqual({})
    }))

  test('I4: an unchanged store writes no row, and is asked only when the lists are due', () =>
    scene({ 11: 2, 12: 1 }, async ({ sync, store, config, requested }) => {
      await sync()
      expect(requested()).toEqual([`/${PRODUCTS}`, `/${PRODUCTS}`, PATH, PATH])
      const due = await sync()
      for (const name of STREAMS) expect(due.of(name)).toMatchObject({ outcome: 'complete', added: 0, changed: 0 })
      expect(requested()).toEqual([`/${PRODUCTS}`, `/${PRODUCTS}`, PATH, PATH])
      store.advance(-DAY)
      await sync()
      expect(requested()).toEqual([])
      const reconciled = await runReconcile(config, STREAMS)
      expect(reconciled.code, reconciled.text).toBe(0)
      expect(reconciled.of(SCHEDULES)).toMatchObject({ agrees: true, source_count: 3, warehouse_count: 3 })
    }))

  test('I23: a store without presets is skipped; the bundle products are read, and the exit code is 0', () =>
    scene({ 11: 2, 12: 1 }, async ({ simulator, destination, sync, requested }) => {
      simulator.faults.add({ ...REFUSED, match: PATH })
      for (const _again of [1, 2]) {
        const ran = await sync()
        expect(ran.code, ran.text).toBe(0)
        expect(ran.of(SCHEDULES)).toMatchObject({ outcome: 'skipped', problem: { code: 'forbidden' } })
        expect(ran.of(SCHEDULES).problem?.message).toContain('presets are not enabled')
        expect(ran.of(PRODUCTS).outcome).toBe('complete')
        // The refusal of one bundle product is that of all.
        expect(requested()).toEqual([`/${PRODUCTS}`, `/${PRODUCTS}`, PATH])
      }
      expect(await live(destination, SCHEDULES)).toEqual([])
      simulator.faults.clear()
      expect((await sync()).of(SCHEDULES)).toMatchObject({ outcome: 'complete', added: 3 })
      // What was read and is refused now has failed.
      simulator.faults.add({ ...REFUSED, match: PATH })
      const lost = await sync()
      expect([lost.code, lost.of(SCHEDULES).outcome]).toEqual([1, 'failed'])
    }))

  test('I23: a refusal is a skip too where there was no bundle product before, and so nothing to read', () =>
    scene({}, async ({ simulator, store, sync }) => {
      simulator.faults.add({ ...REFUSED, match: PATH })
      const none = await sync()
      expect([none.code, none.of(SCHEDULES).outcome]).toEqual([0, 'complete'])
      store.insert(PRODUCTS, { ...sampleOf(PRODUCTS), id: 11 })
      addSchedule(store, 11)
      const refused = await sync()
      expect([refused.code, refused.of(SCHEDULES).outcome], refused.text).toEqual([0, 'skipped'])
      simulator.faults.clear()
      expect((await sync()).of(SCHEDULES)).toMatchObject({ outcome: 'complete', added: 1 })
    }))

  test('a token without the scope is asked nothing, unless the stream is named', () =>
    scene(
      { 11: 1 },
      async ({ sync, requested }) => {
        const ran = await sync()
        expect([ran.code, ran.of(SCHEDULES).outcome, ran.of(PRODUCTS).outcome]).toEqual([0, 'skipped', 'skipped'])
        expect(ran.of(SCHEDULES).problem?.message).toBe('the token lacks read_bundle_products')
        expect(requested()).toEqual([])
        await sync([SCHEDULES])
        expect(requested()).toEqual([`/${PRODUCTS}`])
      },
      { scopes: ['read_customers', 'read_subscriptions'] },
    ))

  test('I12: what a list no longer shows is marked, and what is in a list that was not read is not', () =>
    scene({ 11: 3, 12: 2 }, async ({ simulator, store, destination, sync }) => {
      await sync()
      const [gone = 0] = idsOf(store, SCHEDULES)
      store.remove(SCHEDULES, gone)
      // One list answers 404, as that of a bundle product which was deleted between the two requests.
      simulator.faults.add({
        kind: 'status',
        status: 404,
        body: { errors: 'Not Found' },
        match: ({ path, query }) => path === PATH && query.bundle_product_id === '12',
      })
      const ran = await sync()
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of(SCHEDULES)).toMatchObject({ outcome: 'complete', deleted: 1, records: 2 })
      expect(await marked(destination, SCHEDULES)).toEqual({ [gone]: 'absence' })
      const owned = store
        .all(SCHEDULES)
        .filter(record => record.bundle_product_id === 12)
        .map(({ id }) => Number(id))
      store.remove(PRODUCTS, 12)
      await sync([PRODUCTS])
      await sync([SCHEDULES])
      expect(await marked(destination, SCHEDULES)).toEqual(
        Object.fromEntries([gone, ...owned].map(id => [id, 'absence'])),
      )
    }))

  test.each([
    ['for every bundle product', PATH, 'complete'],
    ['for the list of the bundle products', `/${PRODUCTS}`, 'skipped'],
  ])('a path that is not there is skipped: 404 %s', (_what, match, products) =>
    scene({ 11: 1, 12: 1 }, async ({ simulator, sync }) => {
      simulator.faults.add({ kind: 'status', status: 404, body: { errors: 'Not Found' }, match, times: 1000 })
      const ran = await sync()
      expect([ran.code, ran.of(PRODUCTS).outcome, ran.of(SCHEDULES).outcome]).toEqual([0, products, 'skipped'])
    }),
  )
})
