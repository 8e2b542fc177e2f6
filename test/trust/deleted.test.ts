import { describe, expect, test } from 'vitest'
import type { RunId } from '../../src/common/model.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'
import { live, marked } from '../support/warehouse.ts'

const HOUR = 3_600_000
/** Records of each of the two streams. */
const MANY = 30
const IDS = Array.from({ length: MANY }, (_, i) => 50_000_000 + i)
const isOne = ({ path }: { readonly path: string }): boolean => /^\/(collections|shipping_countries)\/./.test(path)

describe.each(drawDestination())('$name', place => {
  interface Scene {
    readonly simulator: Simulator
    readonly destination: DestinationConfig
    /** A sync so many hours later. @param refreshMs how old a list may be. */
    sync(stream: string, hours?: number, refreshMs?: number): Promise<Ran>
    /** The next list of the stream has only these records. */
    serve(stream: 'collections' | 'shipping_countries', ids: readonly number[]): void
    /** Requests for single records since the last call. */
    asked(): number
  }

  const loaded = firstLoad(place, destination => {
    const store = makeStore({ customers: 5, months: 2 })
    for (const name of ['collections', 'shipping_countries'] as const) {
      const [model] = store.all(name)
      for (const { id } of store.all(name)) store.remove(name, Number(id))
      for (const id of IDS) store.insert(name, { ...model, id })
    }
    return withSimulator({ store }, simulator =>
      withFolder(async folder => {
        const ran = await runSync(configFor(simulator, destination, folder), ['collections', 'shipping_countries'])
        expect(ran.code, ran.text).toBe(0)
        return simulator.store
      }),
    )
  })

  const scene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    loaded((destination, store) =>
      withSimulator({ store }, simulator =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          await work({
            simulator,
            destination,
            sync(stream, hours = 1, refreshMs = 0) {
              store.advance(hours * HOUR)
              return runSync({ ...config, refreshMs: () => refreshMs }, [stream])
            },
            serve(stream, ids) {
              const [model] = store.all(stream)
              const records = ids.map(id => store.get(stream, id) ?? { ...model, id })
              const body = { [stream]: records, next_cursor: null }
              simulator.faults.add({ kind: 'body', body, match: ({ path }) => path === `/${stream}` })
            },
            asked() {
              const asked = simulator.requests.filter(isOne).length
              simulator.clearRequests()
              return asked
            },
          })
        }),
      ),
    )

  test('I12: K2/9: a list that comes back with entirely other ids marks nothing', () =>
    scene(async ({ destination, sync, serve }) => {
      serve(
        'collections',
        IDS.map(id => id + 1_000_000),
      )
      const ran = await sync('collections')
      expect(ran.of('collections')).toMatchObject({ added: MANY, deleted: 0, problem: { code: 'not_marked' } })
      expect(await marked(destination, 'collections')).toEqual({})
    }))

  test('I12: K2/9: after a list that was not believed the next run reads the stream again, due or not', () =>
    scene(async ({ simulator, sync, serve }) => {
      const daily = (hours: number) => sync('collections', hours, 24 * HOUR)
      serve('collections', [1, 2, 3])
      expect((await daily(25)).of('collections')).toMatchObject({ problem: { code: 'not_marked' } })
      const next = await daily(1)
      expect(next.of('collections')).toMatchObject({ requests: 1, unchanged: MANY, problem: null })
      // That list is believed, so the stream is not due.
      expect((await daily(1)).of('collections').requests).toBe(0)
      expect(simulator.store.count('collections')).toBe(MANY)
    }))

  test('I12: K2/9: a short list that comes back twice with other ids marks nothing, because the API still has its records', () =>
    scene(async ({ simulator, destination, sync, serve }) => {
      for (const id of IDS.slice(6)) simulator.store.remove('collections', id)
      await sync('collections')
      expect((await sync('collections', 13)).of('collections').deleted).toBe(MANY - 6)
      for (const hours of [1, 13, 13]) {
        serve(
          'collections',
          IDS.slice(0, 6).map(id => id + 1_000_000),
        )
        expect((await sync('collections', hours)).of('collections')).toMatchObject({
          deleted: 0,
          problem: { code: 'not_marked' },
        })
      }
      for (const id of IDS.slice(0, 6)) expect(await marked(destination, 'collections')).not.toHaveProperty(String(id))
    }))

  test('I12: K2/9: records that a list leaves out and the API still returns by id are not marked, however often', () =>
    scene(async ({ destination, sync, serve, asked }) => {
      for (const hours of [1, 13, 13]) {
        serve('collections', IDS.slice(0, 18))
        asked()
        const ran = await sync('collections', hours)
        expect(ran.of('collections')).toMatchObject({ deleted: 0, problem: { code: 'not_marked' } })
        expect(ran.text).toContain('no longer listed 12 records at once')
        expect(asked()).toBe(1)
        expect(await marked(destination, 'collections')).toEqual({})
      }
      expect((await sync('collections')).of('collections').problem).toBeNull()
    }))

  test('I12: K2/9: a large loss is marked at once where the API has none of five of them, and has one that was listed', () =>
    scene(async ({ simulator, destination, sync, asked }) => {
      for (const id of IDS.slice(18)) simulator.store.remove('collections', id)
      asked()
      const ran = await sync('collections')
      expect(ran.of('collections')).toMatchObject({ deleted: 12, problem: null })
      expect(asked()).toBe(6)
      expect(await live(destination, 'collections')).toEqual(IDS.slice(0, 18))
      expect((await sync('collections')).of('collections')).toMatchObject({ deleted: 0, problem: null })
    }))

  test('I12: K2/9: where the API has no single record either, a second scan half a day later is needed', () =>
    scene(async ({ simulator, destination, sync }) => {
      for (const id of IDS.slice(18)) simulator.store.remove('collections', id)
      for (const [hours, deleted] of [
        [1, 0],
        [1, 0],
        [13, 12],
      ] as const) {
        simulator.faults.add({ kind: 'status', status: 404, body: {}, match: isOne, times: 6 })
        expect((await sync('collections', hours)).of('collections').deleted).toBe(deleted)
      }
      expect(await live(destination, 'collections')).toEqual(IDS.slice(0, 18))
    }))

  test('I12: K2/9: a stream whose records cannot be asked for needs the second scan too', () =>
    scene(async ({ simulator, destination, sync, asked }) => {
      for (const id of IDS.slice(18)) simulator.store.remove('shipping_countries', id)
      asked()
      expect((await sync('shipping_countries')).of('shipping_countries')).toMatchObject({
        deleted: 0,
        problem: { code: 'not_marked' },
      })
      expect((await sync('shipping_countries', 13)).of('shipping_countries').deleted).toBe(12)
      expect(asked()).toBe(0)
      expect(await live(destination, 'shipping_countries')).toEqual(IDS.slice(0, 18))
    }))

  test('I12: K2/9: ten rows or fewer are marked at once, and cost no request', () =>
    scene(async ({ simulator, sync, asked }) => {
      for (const id of IDS.slice(20)) simulator.store.remove('collections', id)
      asked()
      expect((await sync('collections')).of('collections')).toMatchObject({ deleted: 10, problem: null })
      expect(asked()).toBe(0)
    }))

  test('I12: K2/9: a request that fails confirms nothing', () =>
    scene(async ({ simulator, destination, sync }) => {
      for (const id of IDS.slice(18)) simulator.store.remove('collections', id)
      simulator.faults.add({ kind: 'status', status: 403, body: { errors: 'no' }, match: isOne })
      const ran = await sync('collections')
      expect(ran.of('collections')).toMatchObject({ outcome: 'complete', deleted: 0, problem: { code: 'not_marked' } })
      expect(await marked(destination, 'collections')).toEqual({})
    }))

  test('I12: K2/9: a few rows are not gone either because a list has as many other ids', () =>
    place.with(async config => {
      const stream: Stream = { ...parcels, sync: { mode: 'full' }, deletions: { absence: 'scan' } }
      await using warehouse = await openDestination(config, { mode: 'write', connections: 1 })
      await warehouse.prepare(allTables(stream))
      const first = await warehouse.checkpoint('parcels')
      const few = IDS.slice(0, 8)
      await warehouse.commit(
        batchOf(
          stream,
          few.map(id => parcel(id, 1)),
        ),
        first,
        moved(first, at(1)),
      )
      const from = await warehouse.checkpoint('parcels')
      const scan = at(2_000_000)
      const others = few.map(id => id + 1_000_000)
      const keys = others.map(String)
      const evidence = { scan, first: false, keys, unknown: false, parts: [], ended: scan, last: true, gap: null }
      const batch = {
        ...batchOf(
          stream,
          others.map(id => parcel(id, 1)),
        ),
        receivedAt: at(2_000_001),
      }
      expect(await warehouse.commit(batch, from, moved(from, at(2)), evidence)).toMatchObject({
        added: 8,
        deleted: 0,
        deletionSkipped: { why: 'few_seen', rows: 8 },
      })
    }))

  test('I12: K2/9: half a day is counted from the end of the first scan, which may have been interrupted for a day', () =>
    place.with(async config => {
      const stream: Stream = { ...parcels, sync: { mode: 'full' }, deletions: { absence: 'scan' }, retrieve: false }
      await using warehouse = await openDestination(config, { mode: 'write', connections: 1 })
      await warehouse.prepare(allTables(stream))
      const first = await warehouse.checkpoint('parcels')
      const records = IDS.map((id, i) => parcel(id, i))
      await warehouse.commit(batchOf(stream, records), first, moved(first, at(1)))
      const minute = 60
      const day = 1440 * minute
      const start = 2_000_000
      /** A scan that shows nothing. */
      const emptyScan = async (begun: number, ended: number) => {
        const from = await warehouse.checkpoint('parcels')
        const scan = at(begun)
        const evidence = { scan, first: false, keys: [], unknown: false, parts: [], ended: scan, last: true, gap: null }
        return await warehouse.commit(
          { ...batchOf(stream, []), receivedAt: at(ended) },
          from,
          moved(from, at(begun)),
          evidence,
        )
      }
      const suspect = { deleted: 0, deletionSkipped: { why: 'few_seen', rows: MANY } }
      expect(await emptyScan(start, start + day)).toMatchObject(suspect)
      expect(await emptyScan(start + day + minute, start + day + 2 * minute)).toMatchObject(suspect)
      expect(await emptyScan(start + day + 721 * minute, start + day + 722 * minute)).toMatchObject({ deleted: MANY })
    }))

  test('I12: K2/9: what was confirmed is marked once, also if it is written twice, and not by a run that was replaced', () =>
    place.with(async config => {
      const stream: Stream = { ...parcels, sync: { mode: 'full' }, deletions: { absence: 'scan' } }
      await using warehouse = await openDestination(config, { mode: 'write', connections: 1 })
      await warehouse.prepare(allTables(stream))
      const first = await warehouse.checkpoint('parcels')
      const records = IDS.map((id, i) => parcel(id, i))
      await warehouse.commit(batchOf(stream, records), first, moved(first, at(1)))
      const from = await warehouse.checkpoint('parcels')
      const scan = at(2_000_000)
      const keys = IDS.slice(0, 18).map(String)
      const evidence = { scan, first: false, keys, unknown: false, parts: [], ended: scan, last: true, gap: null }
      const to = moved(from, at(2))
      const batch = { ...batchOf(stream, records.slice(0, 18)), receivedAt: at(2_000_001) }
      const committed = await warehouse.commit(batch, from, to, evidence)
      expect(committed).toMatchObject({ deleted: 0, deletionSkipped: { why: 'large_loss', rows: 12 } })
      expect(await warehouse.lastCounts('parcels')).toEqual(committed)
      const { toConfirm } = committed.deletionSkipped ?? {}
      expect(toConfirm?.absent).toHaveLength(5)
      for (const key of toConfirm?.absent ?? []) expect(keys).not.toContain(key)
      expect(keys).toContain(toConfirm?.seen)
      await expect(
        warehouse.markAbsent(stream, { ...to, writer: 'other' as RunId }, scan, at(2_000_003)),
      ).rejects.toMatchObject({ kind: 'moved' })
      for (const _ of ['the answer is lost', 'again'])
        expect(await warehouse.markAbsent(stream, to, scan, at(2_000_004))).toEqual({ deleted: 12 })
      expect(await warehouse.checkpoint('parcels')).toEqual(to)
      expect(await warehouse.query('select key from recharge._sync_seen')).toEqual([])
    }))
})
