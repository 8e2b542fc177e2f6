import { describe, expect, test } from 'vitest'
import { NO_PROGRESS, type Progress } from '../../src/pipeline/progress.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import type { ResourceName, Store } from '../../src/simulator/store.ts'
import { easternText } from '../../src/simulator/time.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeStore, type Ran, runBackfill, runSync, withSimulator } from '../support/run.ts'
import { marked } from '../support/warehouse.ts'

const HOUR = 3_600_000

interface Scene {
  readonly simulator: Simulator
  readonly store: Store
  readonly destination: DestinationConfig
  /** A sync of the given streams, an hour later. */
  sync(streams: readonly string[], progress?: Progress): Promise<Ran>
  backfill(streams: readonly string[]): Promise<Ran>
}

/** Streams of which an event may say that a record is deleted, each with how the event calls its records. */
const TOLD = {
  addresses: 'address',
  bundle_selections: 'bundle_selection',
  charges: 'charge',
  customers: 'customer',
  discounts: 'discount',
  onetimes: 'onetime',
  orders: 'order',
  plans: 'plan',
  subscriptions: 'subscription',
} as const satisfies Partial<Record<ResourceName, string>>

const lastId = (store: Store, resource: ResourceName): number => Number(store.all(resource).at(-1)?.id)

/** One that no overlap reads again: only an event can speak of it. */
function untouched(store: Store, resource: ResourceName): number {
  const oldest = store.all(resource).sort((a, b) => (String(a.updated_at) < String(b.updated_at) ? -1 : 1))[0]
  if (Date.parse(String(oldest?.updated_at)) > store.now().getTime() - 48 * HOUR)
    throw new Error('all were just touched')
  return Number(oldest?.id)
}

/** Something that happened to a record, as the events tell it. */
function happened(store: Store, verb: string, type: string, id: number): void {
  const [event] = store.all('events')
  store.insert('events', {
    ...event,
    id: store.newId('events'),
    object_id: id,
    object_type: type,
    verb,
    created_at: easternText(store.now().getTime()),
  })
}

describe.each(drawDestination())('$name', place => {
  const sceneOf = (simulator: Simulator, destination: DestinationConfig, folder: string): Scene => {
    const { store } = simulator
    // No list of the queued in between: what is marked here is marked because an event says so.
    const config = { ...configFor(simulator, destination, folder), refreshMs: () => 400 * 24 * HOUR }
    return {
      simulator,
      store,
      destination,
      sync(streams, progress) {
        store.advance(HOUR)
        return runSync(config, streams, undefined, progress)
      },
      backfill: streams => runBackfill(config, streams, { since: null, until: null }, false),
    }
  }
  const newStore = () => makeStore({ customers: 30, months: 4 })
  /** A store, and a warehouse that is empty. */
  const scene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    withSimulator({ store: newStore() }, simulator =>
      place.with(destination => withFolder(folder => work(sceneOf(simulator, destination, folder)))),
    )
  const loaded = firstLoad(place, destination =>
    withSimulator({ store: newStore() }, simulator =>
      withFolder(async folder => {
        const { code } = await sceneOf(simulator, destination, folder).sync(['subscriptions', 'customers', 'events'])
        expect(code).toBe(0)
        return simulator.store
      }),
    ),
  )
  /** A store, and a warehouse after a first sync of subscriptions, customers and events. */
  const syncedScene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    loaded((destination, store) =>
      withSimulator({ store }, simulator => withFolder(folder => work(sceneOf(simulator, destination, folder)))),
    )

  test('I12: a record of which an event says that it is deleted is marked, in the stream that the event names and in no other', () =>
    scene(async ({ store, destination, sync }) => {
      const all = [...Object.keys(TOLD), 'events']
      const resources = Object.keys(TOLD) as (keyof typeof TOLD)[]
      const gone = new Map(resources.map(resource => [resource, lastId(store, resource)]))
      // The same numbers are other records elsewhere.
      const [model] = store.all('discounts')
      for (const id of gone.values()) if (!store.get('discounts', id)) store.insert('discounts', { ...model, id })
      await sync(all)
      for (const [resource, id] of gone) store.remove(resource, id, { event: true })
      const { of } = await sync(all)
      for (const [resource, id] of gone) {
        expect([resource, of(resource).deleted]).toEqual([resource, 1])
        expect(await marked(destination, resource)).toEqual({ [id]: 'event' })
      }
      expect(Object.values((await sync(all)).report.streams).map(s => s.deleted)).toEqual(all.map(() => 0))
    }))

  test('I12: an event of another verb, of a kind that no stream has, or about an unknown record marks nothing', () =>
    syncedScene(async ({ store, destination, sync }) => {
      const streams = ['subscriptions', 'customers', 'events']
      const id = untouched(store, 'subscriptions')
      happened(store, 'cancelled', 'subscription', id)
      happened(store, 'deleted', 'punch_card', id)
      happened(store, 'deleted', 'subscription', 1)
      const { report } = await sync(streams)
      expect(report.streams.map(s => s.deleted)).toEqual([0, 0, 0])
      expect(await marked(destination, 'subscriptions')).toEqual({})
    }))

  test('I12: a record that is still listed after the event is not gone, and one that comes back loses the mark', () =>
    syncedScene(async ({ store, destination, sync }) => {
      const streams = ['subscriptions', 'events']
      // Taken out in the portal the record stays, and changes.
      const kept = lastId(store, 'subscriptions')
      store.edit('subscriptions', kept, { status: 'cancelled' })
      happened(store, 'deleted', 'subscription', kept)
      expect((await sync(streams)).of('subscriptions').deleted).toBe(0)
      const record = store.edit('subscriptions', kept, { status: 'expired' })
      await sync(streams)
      store.remove('subscriptions', kept, { event: true })
      expect((await sync(streams)).of('subscriptions').deleted).toBe(1)
      // Back as it was, but for the time: the same event is read again with every overlap, and is news no more.
      store.insert('subscriptions', { ...record, updated_at: `${store.now().toISOString().slice(0, 19)}+00:00` })
      for (let again = 0; again < 2; again++) {
        await sync(streams)
        expect(await marked(destination, 'subscriptions')).toEqual({})
      }
    }))

  test('I12: one that comes back as it was stays, though its event is read again when it is not', () =>
    scene(async ({ store, destination, sync }) => {
      const streams = ['subscriptions', 'events']
      const id = lastId(store, 'subscriptions')
      const record = store.edit('subscriptions', id, { quantity: 7 })
      store.advance(20 * HOUR)
      await sync(streams)
      store.remove('subscriptions', id, { event: true })
      expect((await sync(streams)).of('subscriptions').deleted).toBe(1)
      store.insert('subscriptions', record)
      expect((await sync(streams)).of('subscriptions').changed).toBe(1)
      store.advance(5 * HOUR)
      await sync(streams)
      // The overlap now begins after the record's last change, and before the event.
      expect((await sync(streams)).of('events').unchanged).toBeGreaterThan(0)
      expect(await marked(destination, 'subscriptions')).toEqual({})
    }))

  test('I12: a record that something happened to after the event is not gone', () =>
    syncedScene(async ({ store, destination, sync }) => {
      const streams = ['subscriptions', 'events']
      const id = untouched(store, 'subscriptions')
      happened(store, 'deleted', 'subscription', id)
      store.advance(60_000)
      happened(store, 'activated', 'subscription', id)
      await sync(streams)
      expect(await marked(destination, 'subscriptions')).toEqual({})
    }))

  test('I12: what an event said is kept until the stream that it concerns is scanned to its end', () =>
    syncedScene(async ({ simulator, store, destination, sync, backfill }) => {
      const streams = ['subscriptions', 'events']
      const id = lastId(store, 'subscriptions')
      store.remove('subscriptions', id, { event: true })
      // A backfill may be the first to read the event; it deletes nothing.
      expect((await backfill(streams)).code).toBe(0)
      expect(await marked(destination, 'subscriptions')).toEqual({})
      await sync(['events'])
      simulator.faults.add({ kind: 'status', status: 422, body: {}, match: '/subscriptions' })
      expect((await sync(streams)).code).toBe(1)
      expect(await marked(destination, 'subscriptions')).toEqual({})
      expect((await sync(['subscriptions'])).of('subscriptions').deleted).toBe(1)
      const tombstones = await withQuery(destination, query =>
        query("select count(*) as n from recharge._sync_tombstones where type = 'subscription'"),
      )
      expect(String(tombstones[0]?.n)).toBe('0')
    }))

  test('I12: a record deleted while its page is on the way is marked by the same run or the next, never kept', () =>
    syncedScene(async ({ simulator, store, destination, sync }) => {
      const streams = ['subscriptions', 'events']
      const id = lastId(store, 'subscriptions')
      store.edit('subscriptions', id, { quantity: 7 })
      let requests = 0
      // Events first: the record is deleted after they were read, and before its own list is.
      simulator.faults.before(({ path }) => {
        if (path === '/subscriptions' && requests++ === 0) store.remove('subscriptions', id, { event: true })
      })
      await sync(streams)
      simulator.faults.clear()
      await sync(streams)
      expect(await marked(destination, 'subscriptions')).toEqual({ [id]: 'event' })
    }))

  test('I12: events are read before the streams that they speak of', () =>
    scene(async ({ simulator, sync }) => {
      let meanwhile: readonly string[] = []
      // A stream that started together with the accounts has asked for its first page when those are committed.
      const accounts = Promise.withResolvers<void>()
      const progress: Progress = { ...NO_PROGRESS, ended: ({ stream }) => stream === 'accounts' && accounts.resolve() }
      simulator.faults.before(async ({ path }) => {
        if (path !== '/events') return
        await accounts.promise
        meanwhile = simulator.requests.map(request => request.path)
      })
      await sync(['charges', 'customers', 'events', 'subscriptions', 'accounts'], progress)
      // Of accounts no event speaks, so they need not wait.
      expect([...meanwhile].sort()).toEqual(['/accounts', '/events', '/store', '/token_information'])
    }))

  test('I12: where the API answers late, the streams that wait for events are counted meanwhile', async () => {
    const latencyMs = 200
    await withSimulator({ store: makeStore({ customers: 10, months: 2 }), latencyMs }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder, { concurrency: 'auto' })
          const ran = await runSync(config, ['customers', 'events'])
          expect(ran.code, ran.text).toBe(0)
          const sentAt = (path: string) => simulator.requests.find(request => request.path === path)?.at ?? Number.NaN
          expect(sentAt('/customers/count')).toBeLessThan(sentAt('/events') + latencyMs)
          expect(sentAt('/customers')).toBeGreaterThanOrEqual(sentAt('/events') + latencyMs)
        }),
      ),
    )
  })
})
