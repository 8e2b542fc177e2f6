import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import type { ResourceName, Store } from '../../src/simulator/store.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { live, marked } from '../support/warehouse.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** In pages of 250, so that a scan has several. */
const MANY = 700

interface Scene {
  readonly simulator: Simulator
  readonly store: Store
  readonly destination: DestinationConfig
  /** A sync of the given streams, an hour later. */
  sync(streams: readonly string[], signal?: AbortSignal): Promise<Ran>
}

const ids = (store: Store, resource: ResourceName): number[] => store.all(resource).map(({ id }) => Number(id))

/** So many copies of one record, under ids of their own. */
function multiply(store: Store, resource: ResourceName, count: number, change: (i: number) => StoreRecord): number[] {
  const [model] = store.all(resource)
  return Array.from({ length: count }, (_, i) => store.insert(resource, { ...model, id: 50_000_000 + i, ...change(i) }))
}

/** Under it a value that does not fit costs its whole record. */
const REJECTING: Partial<Config> = {
  policies: { sensitive: 'keep', columns: {}, onMismatch: 'reject', drift: 'capture' },
}

describe.each(drawDestination())('$name', place => {
  const sceneOf = (
    simulator: Simulator,
    destination: DestinationConfig,
    folder: string,
    more: Partial<Config> = {},
  ): Scene => {
    const { store } = simulator
    return {
      simulator,
      store,
      destination,
      sync(streams, signal) {
        store.advance(HOUR)
        return runSync({ ...configFor(simulator, destination, folder), ...more }, streams, signal)
      },
    }
  }
  const newStore = () => makeStore({ customers: 15, months: 3 })
  /** A store, and a warehouse that is empty. */
  const scene = (work: (scene: Scene) => Promise<void>, more: Partial<Config> = {}): Promise<void> =>
    withSimulator({ store: newStore() }, simulator =>
      place.with(destination => withFolder(folder => work(sceneOf(simulator, destination, folder, more)))),
    )
  let added: readonly number[] = []
  const loaded = firstLoad(place, destination =>
    withSimulator({ store: newStore() }, simulator =>
      withFolder(async folder => {
        added = multiply(simulator.store, 'credit_accounts', MANY, () => ({}))
        expect((await sceneOf(simulator, destination, folder).sync(['credit_accounts'])).code).toBe(0)
        return simulator.store
      }),
    ),
  )
  /** A store with many credit accounts, and a warehouse after a first sync of those. */
  const manyAccounts = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    loaded((destination, store) =>
      withSimulator({ store }, simulator => withFolder(folder => work(sceneOf(simulator, destination, folder)))),
    )

  test('I12: what a whole scan did not see is marked, once; it loses the mark when it comes back', () =>
    scene(async ({ store, destination, sync }) => {
      await sync(['collections'])
      const [first] = store.all('collections')
      const id = Number(first?.id)
      store.remove('collections', id)
      const second = await sync(['collections'])
      expect(second.of('collections')).toMatchObject({ deleted: 1, added: 0, changed: 0, problem: null })
      expect(await marked(destination, 'collections')).toEqual({ [id]: 'absence' })
      expect((await sync(['collections'])).of('collections').deleted).toBe(0)
      store.insert('collections', first ?? {})
      expect((await sync(['collections'])).of('collections')).toMatchObject({ deleted: 0, changed: 1 })
      expect(await marked(destination, 'collections')).toEqual({})
      expect(await live(destination, 'collections')).toEqual(ids(store, 'collections'))
    }))

  test('I12: child rows stay with their owner', () =>
    scene(async ({ store, destination, sync }) => {
      store.insert('shipping_countries', {
        ...store.all('shipping_countries')[0],
        id: 77,
        provinces: [{ id: 1, code: 'X', name: 'Ex' }],
      })
      await sync(['shipping_countries'])
      const children = `select count(*) as n from recharge.shipping_countries__provinces where shipping_country_id = 77`
      store.remove('shipping_countries', 77)
      expect((await sync(['shipping_countries'])).of('shipping_countries').deleted).toBe(1)
      expect(String((await withQuery(destination, query => query(children)))[0]?.n)).toBe('1')
    }))

  test('I12: a scan broken off after any page marks nothing, and its later part does not condemn its earlier one', () =>
    manyAccounts(async ({ simulator, store, destination, sync }) => {
      const gone = added[300] ?? 0
      store.remove('credit_accounts', gone)
      for (const skip of [1, 1]) {
        simulator.faults.add({ kind: 'status', status: 422, body: {}, match: '/credit_accounts', skip })
        expect((await sync(['credit_accounts'])).code).toBe(1)
        expect(await marked(destination, 'credit_accounts')).toEqual({})
      }
      const end = await sync(['credit_accounts'])
      expect(end.code, end.text).toBe(0)
      expect(await marked(destination, 'credit_accounts')).toEqual({ [gone]: 'absence' })
    }))

  test('I12: a scan begun again because its cursor was refused still has seen what it saw', () =>
    manyAccounts(async ({ simulator, store, destination, sync }) => {
      store.remove('credit_accounts', added[400] ?? 0)
      simulator.faults.add({ kind: 'status', status: 422, body: {}, match: '/credit_accounts', skip: 2 })
      expect((await sync(['credit_accounts'])).code).toBe(1)
      simulator.faults.add({ kind: 'status', status: 422, body: {}, match: r => 'cursor' in r.query })
      expect((await sync(['credit_accounts'])).of('credit_accounts').problem?.code).toBe('cursor_refused')
      expect(await marked(destination, 'credit_accounts')).toEqual({ [added[400] ?? 0]: 'absence' })
    }))

  test('I12: what was inserted behind the scan is not gone', () =>
    manyAccounts(async ({ simulator, store, destination, sync }) => {
      // Newest first, and without an order to ask for: what comes during the scan lies before its beginning.
      let late = 0
      simulator.faults.before(({ path, query }) => {
        if (path === '/credit_accounts' && 'cursor' in query && late === 0)
          late = store.insert('credit_accounts', { ...store.all('credit_accounts')[0], id: 60_000_000 })
      })
      store.remove('credit_accounts', added[10] ?? 0)
      await sync(['credit_accounts'])
      expect(late).toBe(60_000_000)
      expect(await marked(destination, 'credit_accounts')).toEqual({ [added[10] ?? 0]: 'absence' })
      await sync(['credit_accounts'])
      expect(await live(destination, 'credit_accounts')).toEqual(ids(store, 'credit_accounts'))
    }))

  test('I12: what the token may not read any more is not absent', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      await sync(['metafields'])
      const before = await live(destination, 'metafields')
      const [note] = store.all('metafields').filter(m => m.owner_resource === 'customer')
      store.remove('metafields', Number(note?.id))
      simulator.faults.add({
        kind: 'status',
        status: 403,
        body: { errors: 'missing scope' },
        match: r => r.query.owner_resource === 'subscription',
      })
      const partly = await sync(['metafields'])
      expect(partly.of('metafields').problem?.code).toBe('partly_forbidden')
      expect(store.all('metafields').some(m => m.owner_resource === 'subscription')).toBe(true)
      expect(await marked(destination, 'metafields')).toEqual({ [Number(note?.id)]: 'absence' })
      expect((await live(destination, 'metafields')).length).toBe(before.length - 1)
    }))

  test('I11, I12: what belongs to a charge may be forgotten with it, so its absence says nothing', () =>
    scene(async ({ store, destination, sync }) => {
      const [model] = store.all('metafields')
      for (const [id, owner] of [
        [71, 'charge'],
        [72, 'order'],
      ] as const)
        store.insert('metafields', { ...model, id, owner_resource: owner })
      await sync(['metafields'])
      store.remove('metafields', 71)
      store.remove('metafields', 72)
      expect((await sync(['metafields'])).of('metafields').deleted).toBe(1)
      expect(await marked(destination, 'metafields')).toEqual({ 72: 'absence' })
    }))

  test('I12: a kind that a scope hides is not absent either, though another run of the scan read it in part', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      multiply(store, 'metafields', MANY, () => ({ owner_resource: 'customer' }))
      await sync(['metafields'])
      // The first run reads one page of the customers' and breaks off; the second may not read them any more.
      simulator.faults.add({
        kind: 'status',
        status: 422,
        body: {},
        match: r => r.path === '/metafields' && 'cursor' in r.query,
      })
      expect((await sync(['metafields'])).code).toBe(1)
      simulator.faults.add({
        kind: 'status',
        status: 403,
        body: {},
        match: r => r.query.owner_resource === 'customer' || 'cursor' in r.query,
      })
      await sync(['metafields'])
      expect(await marked(destination, 'metafields')).toEqual({})
    }))

  test('I12: a parent that is missing from its list has not lost what it owns; one that was deleted has', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const streams = ['async_batches', 'async_batch_tasks']
      const [batch] = store.all('async_batches')
      const parent = Number(batch?.id)
      for (const id of [901, 902, 903])
        store.insert('async_batches', { ...batch, id }) &&
          store.insert('async_batch_tasks', { ...store.all('async_batch_tasks')[0], id, batch_id: id })
      await sync(streams)
      const children = store.all('async_batch_tasks').filter(task => task.batch_id === parent)
      expect(children.length).toBeGreaterThan(0)
      // One answer without the parent, as from a store that hiccups: what it owns was not asked for.
      const others = store.all('async_batches').filter(({ id }) => id !== parent)
      simulator.faults.add({
        kind: 'body',
        body: { async_batches: others, next_cursor: null },
        match: r => r.path === '/async_batches',
      })
      await sync(['async_batch_tasks'])
      expect(await marked(destination, 'async_batch_tasks')).toEqual({})
      // One task that is missing from the whole list of its parent is gone.
      store.remove('async_batch_tasks', 902)
      await sync(streams)
      expect(await marked(destination, 'async_batch_tasks')).toEqual({ 902: 'absence' })
      store.remove('async_batches', parent)
      await sync(['async_batches'])
      await sync(['async_batch_tasks'])
      expect(await marked(destination, 'async_batch_tasks')).toEqual(
        Object.fromEntries([902, ...children.map(({ id }) => Number(id))].map(id => [id, 'absence'])),
      )
    }))

  test('I12: a stream that answers 404 marks nothing', () =>
    scene(async ({ simulator, destination, sync }) => {
      await sync(['gift_purchases', 'credit_accounts', 'retention_strategies'])
      const rows = await live(destination, 'retention_strategies')
      expect(rows.length).toBeGreaterThan(0)
      simulator.faults.add({
        kind: 'status',
        status: 404,
        body: { errors: 'Not Found' },
        match: '/retention_strategies',
      })
      expect((await sync(['retention_strategies'])).of('retention_strategies').outcome).toBe('failed')
      expect(await live(destination, 'retention_strategies')).toEqual(rows)
    }))

  test('I12: a rejected record was seen; one without a readable key may be any', () =>
    scene(async ({ store, destination, sync }) => {
      await sync(['webhooks'])
      const [first, second] = store.all('webhooks')
      store.remove('webhooks', Number(first?.id))
      store.insert('webhooks', { ...first, topic: { not: 'text' }, created_at: 'never', updated_at: 'never' })
      expect((await sync(['webhooks'])).of('webhooks')).toMatchObject({ rejected: 1, deleted: 0 })
      expect(await marked(destination, 'webhooks')).toEqual({})
      // The same record with an id that is no number: it may be the one that seems to be missing.
      store.remove('webhooks', Number(first?.id))
      store.insert('webhooks', { ...first, id: `${first?.id}x` })
      const unknown = await sync(['webhooks'])
      expect(unknown.of('webhooks')).toMatchObject({ rejected: 1, deleted: 0 })
      expect(unknown.text).toContain('whose key cannot be read')
      expect(await marked(destination, 'webhooks')).toEqual({})
      for (const { id } of store.all('webhooks'))
        if (typeof id !== 'number') store.remove('webhooks', store.newId('webhooks') - 1)
      expect((await sync(['webhooks'])).of('webhooks').deleted).toBe(1)
      expect(Object.keys(await marked(destination, 'webhooks'))).toEqual([String(first?.id)])
      expect(await live(destination, 'webhooks')).toContain(Number(second?.id))
    }, REJECTING))

  test('I12: an empty answer where rows stand is not believed, nor one of a part of them; a second scan half a day later is', () =>
    manyAccounts(async ({ simulator, store, destination, sync }) => {
      const rows = await live(destination, 'credit_accounts')
      const list = store.all('credit_accounts')
      for (const served of [[], list.slice(0, list.length / 3)]) {
        simulator.faults.add({
          kind: 'body',
          body: { credit_accounts: served, next_cursor: null },
          match: '/credit_accounts',
        })
        const hiccup = await sync(['credit_accounts'])
        expect(hiccup.of('credit_accounts').deleted).toBe(0)
        expect(hiccup.of('credit_accounts').problem?.code).toBe('not_marked')
        expect(await live(destination, 'credit_accounts')).toEqual(rows)
      }
      // A scan in between that saw them all settles the doubt: what comes next is doubted anew.
      await sync(['credit_accounts'])
      store.advance(DAY)
      simulator.faults.add({
        kind: 'body',
        body: { credit_accounts: [], next_cursor: null },
        match: '/credit_accounts',
      })
      expect((await sync(['credit_accounts'])).of('credit_accounts').deleted).toBe(0)
      for (const id of ids(store, 'credit_accounts')) store.remove('credit_accounts', id)
      expect((await sync(['credit_accounts'])).of('credit_accounts').deleted).toBe(0)
      store.advance(DAY)
      expect((await sync(['credit_accounts'])).of('credit_accounts').deleted).toBe(rows.length)
      expect(await live(destination, 'credit_accounts')).toEqual([])
    }))
})
