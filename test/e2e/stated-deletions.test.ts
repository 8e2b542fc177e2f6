import { describe, expect, test } from 'vitest'
import type { IncludeDeleted } from '../../src/simulator/serve/route.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import type { Store } from '../../src/simulator/store.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runReconcile, runSync, withSimulator } from '../support/run.ts'
import { live, marked } from '../support/warehouse.ts'

/*
 * A deleted payment method is listed if `include_deleted` is sent and the API knows it, and then says when it was deleted.
 * Whether the admin API knows the parameter is not known: the rows have to come to the same in any case.
 */

const HOUR = 3_600_000
const METHODS = 'payment_methods'
/** As the API writes times of payment methods: US Eastern without an offset. */
const DELETED = '2026-11-19T08:30:00'
const DELETED_UTC = '2026-11-19 13:30:00'

interface Scene {
  readonly simulator: Simulator
  readonly store: Store
  readonly destination: DestinationConfig
  readonly ids: readonly number[]
  /** A sync an hour later. */
  sync(): Promise<Ran>
  reconcile(repair?: boolean): ReturnType<typeof runReconcile>
  sql(statement: string): Promise<Record<string, unknown>[]>
}

describe.each(drawDestination())('$name', place => {
  /** A store and a warehouse under each of these behaviours, one after the other. */
  async function under(
    behaviours: readonly IncludeDeleted[],
    work: (scene: Scene, behaviour: IncludeDeleted) => Promise<void>,
  ): Promise<void> {
    const store = makeStore({ customers: 15, months: 3 })
    const ids = store.all(METHODS).map(({ id }) => Number(id))
    await place.with(destination =>
      withFolder(async folder => {
        for (const includeDeleted of behaviours)
          await withSimulator({ store, includeDeleted }, simulator => {
            const config = { ...configFor(simulator, destination, folder), history: [METHODS] }
            const sync = (): Promise<Ran> => {
              store.advance(HOUR)
              return runSync(config, [METHODS])
            }
            const reconcile = (repair = false) => runReconcile(config, [METHODS], { repair })
            const sql = (statement: string) => withQuery(destination, query => query(statement))
            return work({ simulator, store, destination, ids, sync, reconcile, sql }, includeDeleted)
          })
      }),
    )
  }

  const remove = (store: Store, ids: readonly number[]): void => {
    for (const id of ids) store.edit(METHODS, id, { deleted_at: DELETED })
  }
  const by = (ids: readonly number[], how: string): Record<string, string> =>
    Object.fromEntries(ids.map(id => [String(id), how]))

  test('I12: a record that says when it was deleted marks its row with that time, once', () =>
    under(['served'], async ({ simulator, store, destination, ids, sync, reconcile, sql }) => {
      const [one = 0, two = 0, ...others] = ids
      remove(store, [one])
      expect((await sync()).of(METHODS)).toMatchObject({ added: ids.length, deleted: 1, problem: null, undeclared: {} })
      remove(store, [two])
      expect((await sync()).of(METHODS)).toMatchObject({ added: 0, changed: 1, deleted: 1, problem: null })
      expect(await marked(destination, METHODS)).toEqual(by([one, two], 'record'))
      expect(await live(destination, METHODS)).toEqual(others)
      const times = `select distinct cast(_deleted_at at time zone 'UTC' as text) as marked,
        cast(deleted_at at time zone 'UTC' as text) as said from recharge.payment_methods where _deleted_at is not null`
      expect(await sql(times)).toEqual([{ marked: DELETED_UTC, said: DELETED_UTC }])

      // Nothing is written for what says the same again, and a change of it is not another deletion.
      const requests = simulator.requests.length
      expect((await sync()).of(METHODS)).toMatchObject({ added: 0, changed: 0, deleted: 0 })
      expect(simulator.requests.slice(requests).filter(({ path }) => path === '/payment_methods')).toHaveLength(1)
      store.edit(METHODS, one, { status_reason: 'gone' })
      expect((await sync()).of(METHODS)).toMatchObject({ changed: 1, deleted: 0 })
      expect(await marked(destination, METHODS)).toEqual(by([one, two], 'record'))

      const { document, code } = await reconcile()
      expect([code, document.streams[0]]).toMatchObject([0, { missing: 0, changed: 0, gone: 0 }])

      // It exists again.
      store.edit(METHODS, one, { deleted_at: null })
      expect((await sync()).of(METHODS)).toMatchObject({ changed: 1, deleted: 0 })
      expect(await marked(destination, METHODS)).toEqual(by([two], 'record'))
    }))

  test('I16: the version of such a row ends when the record says that it was deleted', () =>
    under(['served'], async ({ store, ids, sync, sql }) => {
      await sync()
      const [one = 0] = ids
      store.edit(METHODS, one, { deleted_at: '2026-11-20T09:00:00' })
      await sync()
      const versions = await sql(`select cast(valid_to at time zone 'UTC' as text) as ended, deleted_at
        from recharge.payment_methods__history where id = ${one}`)
      expect(versions).toEqual([{ ended: '2026-11-20 14:00:00', deleted_at: null }])
    }))

  test.each(['ignored', 'refused'] as const)(
    'I12: where the parameter is %s, a complete list that lacks the record marks its row',
    behaviour =>
      under([behaviour], async ({ simulator, store, destination, ids, sync, reconcile }) => {
        const [one = 0, ...others] = ids
        expect((await sync()).of(METHODS)).toMatchObject({ added: ids.length, deleted: 0, problem: null })
        remove(store, [one])
        const requests = simulator.requests.length
        expect((await sync()).of(METHODS)).toMatchObject({ changed: 0, deleted: 1, problem: null, outcome: 'complete' })
        expect(await marked(destination, METHODS)).toEqual(by([one], 'absence'))
        expect(await live(destination, METHODS)).toEqual(others)
        const asked = simulator.requests.slice(requests).filter(({ path }) => path === '/payment_methods')
        expect(asked.map(({ status, query }) => [status, query.include_deleted])).toEqual(
          behaviour === 'refused'
            ? [
                [422, 'true'],
                [200, undefined],
              ]
            : [[200, 'true']],
        )
        expect((await sync()).of(METHODS)).toMatchObject({ added: 0, changed: 0, deleted: 0 })
        expect((await reconcile()).code).toBe(0)
      }),
  )

  test('I12: an API that begins or ceases to list deleted records changes no mark but how it was found', () =>
    under(['refused', 'served', 'ignored', 'refused', 'served'], async (scene, behaviour) => {
      const { store, destination, ids, sync } = scene
      const [one = 0, two = 0] = ids
      const first = (await marked(destination, METHODS).catch(() => null)) === null
      if (first) {
        await sync()
        remove(store, [one])
        expect((await sync()).of(METHODS)).toMatchObject({ deleted: 1 })
        expect(await marked(destination, METHODS)).toEqual(by([one], 'absence'))
        return
      }
      remove(store, behaviour === 'served' ? [one] : [two])
      const { deleted, problem } = (await sync()).of(METHODS)
      const before = { ...by([one], 'record'), ...by([two], 'absence') }
      const expected = {
        served: store.get(METHODS, two)?.deleted_at ? by([one, two], 'record') : by([one], 'record'),
        ignored: before,
        refused: before,
      }
      expect(await marked(destination, METHODS)).toEqual(expected[behaviour])
      expect(problem).toBeNull()
      expect(deleted).toBe(behaviour === 'ignored' ? 1 : 0)
      expect((await sync()).of(METHODS)).toMatchObject({ added: 0, changed: 0, deleted: 0 })
    }))

  test.each([200, 404] as const)(
    'reconcile finds a row that is not marked though its record says that it is deleted, and --repair marks it: GET %i',
    status =>
      under(['served'], async ({ simulator, store, destination, ids, sync, reconcile, sql }) => {
        const [one = 0] = ids
        remove(store, [one])
        await sync()
        await sql(`update recharge.payment_methods set _deleted_at = null, _deleted_by = null where id = ${one}`)
        // Whether the API serves a deleted payment method by its id is not known.
        if (status === 200)
          simulator.faults.add({
            kind: 'rewrite',
            match: `/payment_methods/${one}`,
            rewrite: () => ({
              status: 200,
              body: Buffer.from(JSON.stringify({ payment_method: store.get(METHODS, one) })),
            }),
          })
        const { document, code, text } = await reconcile(true)
        expect([code, document.streams[0]], text).toMatchObject([0, { missing: 0, changed: 0, gone: 1, repaired: 1 }])
        expect(await marked(destination, METHODS)).toEqual(by([one], status === 200 ? 'record' : 'probe'))
      }),
  )

  // DuckDB cannot change a row that a foreign key refers to.
  test.each(place.name === 'postgres' ? [false, true] : [false])(
    'reconcile --repair takes away a mark that somebody made in the name of the record; a foreign key to the table: %s',
    referenced =>
      under(['served'], async ({ destination, ids, sync, reconcile, sql }) => {
        await sync()
        const [one = 0] = ids
        if (referenced) {
          await sql('create table public.notes (method bigint references recharge.payment_methods (id))')
          await sql(`insert into public.notes values (${one})`)
        }
        await sql(`update recharge.payment_methods set deleted_at = now(), _deleted_at = now(), _deleted_by = 'record'
          where id = ${one}`)
        const { document, code, text } = await reconcile(true)
        expect([code, document.streams[0]], text).toMatchObject([0, { missing: 1, gone: 0, repaired: 1 }])
        expect(await marked(destination, METHODS)).toEqual({})
      }),
  )

  test('I12: a mark in the name of a record that does not say so is taken away when the record is read', () =>
    under(['served'], async ({ destination, ids, sync, sql }) => {
      await sync()
      const [one = 0] = ids
      await sql(`update recharge.payment_methods set _deleted_at = now(), _deleted_by = 'record' where id = ${one}`)
      expect((await sync()).of(METHODS)).toMatchObject({ changed: 1, deleted: 0 })
      expect(await marked(destination, METHODS)).toEqual({})
    }))

  test.each([200, 404] as const)(
    'I12: a large loss is confirmed by records that say that they are deleted, as by a 404: GET %i',
    status =>
      under(['ignored'], async ({ simulator, store, destination, sync }) => {
        const [model] = store.all(METHODS)
        const more = Array.from({ length: 40 }, (_, i) => store.insert(METHODS, { ...model, id: 50_000_000 + i }))
        await sync()
        const gone = more.slice(0, 20)
        remove(store, gone)
        let asked = 0
        simulator.faults.before(({ path }) => {
          const id = Number(path.split('/')[2])
          if (status === 404 || !gone.includes(id)) return
          asked += 1
          simulator.faults.add({
            kind: 'rewrite',
            match: path,
            rewrite: () => ({
              status: 200,
              body: Buffer.from(JSON.stringify({ payment_method: store.get(METHODS, id) })),
            }),
          })
        })
        expect((await sync()).of(METHODS)).toMatchObject({ deleted: 20, problem: null })
        expect(await marked(destination, METHODS)).toEqual(by(gone, 'absence'))
        expect(asked).toBe(status === 200 ? 5 : 0)
      }),
  )

  test('another refusal than of the parameter fails the stream', () =>
    under(['served'], async ({ simulator, sync }) => {
      simulator.faults.add({ kind: 'status', status: 422, body: { errors: 'no' }, match: '/payment_methods', times: 9 })
      const ran = await sync()
      expect([ran.code, ran.of(METHODS)]).toMatchObject([1, { outcome: 'failed', problem: { code: 'unprocessable' } }])
    }))
})
