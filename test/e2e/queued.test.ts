import { describe, expect, test } from 'vitest'
import type { Simulator } from '../../src/simulator/server.ts'
import type { Store } from '../../src/simulator/store.ts'
import { utcText } from '../../src/simulator/time.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeStore, type Ran, runBackfill, runSync, withSimulator } from '../support/run.ts'
import { live, marked } from '../support/warehouse.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Scene {
  readonly simulator: Simulator
  readonly store: Store
  readonly destination: DestinationConfig
  /** A sync of charges and orders, without the events that would tell as well, an hour later. */
  sync(refreshMs?: number): Promise<Ran>
  backfill(): Promise<Ran>
}

const queued = (store: Store, resource: 'charges' | 'orders' = 'charges'): number[] =>
  store
    .all(resource)
    .filter(({ status }) => status === 'queued')
    .map(({ id }) => Number(id))

const isSweep = (r: { readonly path: string; readonly query: Readonly<Record<string, string>> }): boolean =>
  r.path === '/charges' && r.query.status === 'queued'

describe.each(drawDestination())('$name', place => {
  const STREAMS = ['charges', 'orders']
  const sceneOf = (simulator: Simulator, destination: DestinationConfig, folder: string): Scene => {
    const { store } = simulator
    const config = configFor(simulator, destination, folder, { concurrency: 1 })
    return {
      simulator,
      store,
      destination,
      sync(refreshMs = 0) {
        store.advance(HOUR)
        return runSync({ ...config, refreshMs: () => refreshMs }, STREAMS)
      },
      backfill: () => runBackfill(config, STREAMS, { since: null, until: null }, false),
    }
  }
  const newStore = () => makeStore({ customers: 30, months: 6 })
  /** A store, and a warehouse that is empty. */
  const emptyScene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    withSimulator({ store: newStore() }, simulator =>
      place.with(destination => withFolder(folder => work(sceneOf(simulator, destination, folder)))),
    )
  const loaded = firstLoad(place, destination =>
    withSimulator({ store: newStore() }, simulator =>
      withFolder(async folder => {
        expect((await sceneOf(simulator, destination, folder).sync()).code).toBe(0)
        return simulator.store
      }),
    ),
  )
  /** A store, and a warehouse after a first sync of it. */
  const scene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    loaded((destination, store) =>
      withSimulator({ store }, simulator => withFolder(folder => work(sceneOf(simulator, destination, folder)))),
    )

  test('I12: queued charges and orders that a whole list of those does not show are marked, and no other', () =>
    scene(async ({ store, destination, sync, backfill }) => {
      const processed = store.all('charges').find(({ status }) => status === 'success')
      const [charge = 0] = queued(store)
      const [order = 0] = queued(store, 'orders')
      store.remove('charges', charge)
      store.remove('orders', order)
      store.remove('charges', Number(processed?.id))
      // A backfill reads all that there is, and deletes nothing.
      expect((await backfill()).code).toBe(0)
      expect(await marked(destination, 'charges')).toEqual({})
      const { of } = await sync()
      expect([of('charges').deleted, of('orders').deleted]).toEqual([1, 1])
      expect(await marked(destination, 'charges')).toEqual({ [charge]: 'absence' })
      expect(await marked(destination, 'orders')).toEqual({ [order]: 'absence' })
    }))

  test('I12: a charge that was processed between two pages of the list, or between list and scan, is not gone', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const [model] = store.all('charges').filter(({ status }) => status === 'queued')
      for (let i = 0; i < 400; i++)
        store.insert('charges', { ...model, id: 1_900_000_000 + i, updated_at: utcText(store.now().getTime()) })
      await sync()
      const all = queued(store)
      const processing = new Set<number>()
      const process = (id: number): void => {
        store.advance(1000)
        const now = utcText(store.now().getTime())
        store.edit('charges', id, { status: 'success', processed_at: now })
        processing.add(id)
      }
      let pages = 0
      simulator.faults.before(r => {
        if (r.path !== '/charges') return
        // The second page of the list: one is taken out that would have been on it.
        if (pages === 1) process(all.at(-1) ?? 0)
        // The first of the scan: one that the list has shown.
        if (pages === 2) process(all[0] ?? 0)
        pages += 1
      })
      const { of } = await sync()
      expect(processing.size).toBe(2)
      expect(of('charges')).toMatchObject({ outcome: 'complete', deleted: 0 })
      expect(await marked(destination, 'charges')).toEqual({})
    }))

  test('I12: a charge that is queued after the list was read is not gone', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const [model] = store.all('charges').filter(({ status }) => status === 'queued')
      simulator.faults.before(({ path, query }) => {
        if (path !== '/charges' || !('updated_at_min' in query) || store.get('charges', 1_900_000_000)) return
        store.advance(1000)
        store.insert('charges', { ...model, id: 1_900_000_000, updated_at: utcText(store.now().getTime()) })
      })
      expect((await sync()).of('charges')).toMatchObject({ added: 1, deleted: 0 })
      expect(await live(destination, 'charges')).toContain(1_900_000_000)
    }))

  test('I12: a list that is broken off marks nothing, and is begun again', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const [model] = store.all('charges').filter(({ status }) => status === 'queued')
      for (let i = 0; i < 400; i++)
        store.insert('charges', { ...model, id: 1_900_000_000 + i, updated_at: utcText(store.now().getTime()) })
      await sync()
      const gone = queued(store)[3] ?? 0
      store.remove('charges', gone)
      // Refused in its middle: the scan goes on without it.
      simulator.faults.add({
        kind: 'status',
        status: 422,
        body: {},
        match: r => r.path === '/charges' && 'cursor' in r.query,
      })
      const refused = await sync()
      expect(refused.of('charges')).toMatchObject({
        outcome: 'complete',
        deleted: 0,
        problem: { code: 'sweep_failed' },
      })
      // Ended whole, but the scan after it failed: what became of the absent is not known.
      simulator.faults.add({
        kind: 'status',
        status: 422,
        body: {},
        match: r => r.path === '/charges' && 'updated_at_min' in r.query,
      })
      expect((await sync()).code).toBe(1)
      expect(await marked(destination, 'charges')).toEqual({})
      expect((await sync()).of('charges').deleted).toBe(1)
      expect(await marked(destination, 'charges')).toEqual({ [gone]: 'absence' })
    }))

  test('I12: after a scan that an earlier run began nothing is marked: part of it was read before the list', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const now = utcText(store.now().getTime())
      const [model] = store.all('charges').filter(({ status }) => status === 'queued')
      for (let i = 0; i < 400; i++) store.insert('charges', { ...model, id: 1_900_000_000 + i, updated_at: now })
      store.remove('charges', queued(store)[3] ?? 0)
      simulator.faults.add({
        kind: 'status',
        status: 422,
        body: {},
        match: r => r.path === '/charges' && 'cursor' in r.query,
        skip: 1,
      })
      expect((await sync()).code).toBe(1)
      simulator.clearRequests()
      expect((await sync()).of('charges')).toMatchObject({ outcome: 'complete', deleted: 0 })
      expect(simulator.requests.filter(isSweep)).toEqual([])
      expect(await marked(destination, 'charges')).toEqual({})
      expect((await sync()).of('charges').deleted).toBe(1)
    }))

  test('I11, I12: a charge that may have been processed and forgotten is not marked because it is absent', () =>
    scene(async ({ store, destination, sync }) => {
      const before = queued(store)
      // All of them are processed in the first week of a pause of four months, and forgotten in its last.
      store.advance(7 * DAY)
      const now = utcText(store.now().getTime())
      for (const id of before.slice(0, -6)) store.edit('charges', id, { status: 'success', processed_at: now })
      store.advance(113 * DAY)
      const late = await sync()
      expect(late.of('charges')).toMatchObject({ deleted: 0, outcome: 'complete' })
      expect(late.text).toContain('it is not known whether their records are deleted')
      expect(await marked(destination, 'charges')).toEqual({})
      // One that was seen queued since has not been forgotten: its absence says that it is gone.
      const [seen = 0] = before.slice(-6)
      store.remove('charges', seen)
      store.advance(DAY)
      expect((await sync()).of('charges').deleted).toBe(1)
      expect(await marked(destination, 'charges')).toEqual({ [seen]: 'absence' })
    }))

  test('I12: one list for each `refresh`, whatever is synced in between', () =>
    emptyScene(async ({ simulator, store, sync }) => {
      const sweeps = async (): Promise<number> => {
        simulator.clearRequests()
        expect((await sync(DAY)).code).toBe(0)
        return simulator.requests.filter(isSweep).length
      }
      expect(await sweeps()).toBe(0)
      expect(await sweeps()).toBe(0)
      store.advance(DAY)
      expect(await sweeps()).toBe(1)
      expect(await sweeps()).toBe(0)
      // A job that starts every day at the same minute starts some seconds early now and then.
      store.advance(DAY - 2 * HOUR - 5000)
      expect(await sweeps()).toBe(1)
    }))

  test('I12: a filter that is not honoured lists too much, which marks nothing that is there', () =>
    scene(async ({ simulator, store, destination, sync }) => {
      const gone = queued(store)[2] ?? 0
      store.remove('charges', gone)
      simulator.faults.add({ kind: 'body', body: { charges: store.all('charges'), next_cursor: null }, match: isSweep })
      expect((await sync()).of('charges').deleted).toBe(1)
      expect(await marked(destination, 'charges')).toEqual({ [gone]: 'absence' })
      // And one that matches nothing, because it wants upper case, shows an empty list: not believed.
      simulator.faults.add({ kind: 'body', body: { charges: [], next_cursor: null }, match: isSweep })
      const empty = await sync()
      expect(empty.of('charges')).toMatchObject({ deleted: 0, problem: { code: 'not_marked' } })
      expect((await live(destination, 'charges')).length).toBe(store.count('charges'))
    }))
})
