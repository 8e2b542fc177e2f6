import { describe, expect, test } from 'vitest'
import type { RequestSeen } from '../../src/simulator/faults.ts'
import { drawDestination } from '../support/destinations.ts'
import { makeStore, resetStream, runBackfill, runSync } from '../support/run.ts'
import { synced } from '../support/synced.ts'
import { marked } from '../support/warehouse.ts'

const EMPTY = { customers: [], next_cursor: null }

describe.each(drawDestination())('$name', place => {
  test('I22: K4/17: a scan that reads nothing although rows stand in its lookback proves nothing', async () => {
    await synced(place, ['customers'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const edit = (name: string): number => {
        store.advance(3_600_000)
        const id = Number(store.all('customers')[0]?.id)
        store.edit('customers', id, { first_name: name, updated_at: store.now().toISOString() })
        return id
      }
      const id = edit('seen')
      const before = (await runSync(config, ['customers'])).of('customers').complete_to
      edit('unseen')
      simulator.faults.add({ kind: 'body', match: '/customers', body: EMPTY, times: 1 })
      const silent = await runSync(config, ['customers'])
      expect(silent.code, silent.text).toBe(0)
      expect(silent.of('customers')).toMatchObject({
        records: 0,
        complete_to: before,
        problem: { code: 'nothing_seen' },
      })
      // Longer than the lookback: with a watermark that had moved, the change would be read by nobody.
      store.advance(3 * 86_400_000)
      const after = await runSync(config, ['customers'])
      expect(after.of('customers').problem).toBeNull()
      const [row] = await sql(`select first_name from recharge.customers where id = ${id}`)
      expect(row).toEqual({ first_name: 'unseen' })
    })
  })

  test('I22: K4/17: so does a backfill, and a first read into tables that have rows', async () => {
    await synced(place, ['customers'], async ({ simulator, config }) => {
      const { store, faults } = simulator
      const empty = (): void =>
        faults.add({ kind: 'body', match: ({ path }) => path === '/customers', body: EMPTY, times: 1 })
      const backfill = async () =>
        (await runBackfill(config, ['customers'], { since: null, until: null }, false)).of('customers')
      empty()
      const silent = await backfill()
      expect(silent).toMatchObject({ records: 0, problem: { code: 'nothing_seen' } })
      expect(silent.problem?.message).toContain(`${store.count('customers')} rows`)
      expect((await backfill()).problem).toBeNull()

      await resetStream(config, 'customers')
      empty()
      const first = (await runSync(config, ['customers'])).of('customers')
      expect(first).toMatchObject({ records: 0, complete_to: null, problem: { code: 'nothing_seen' } })
      const second = (await runSync(config, ['customers'])).of('customers')
      expect(second).toMatchObject({ records: store.count('customers'), problem: null })
    })
  })

  test('I22: K4/17: a quiet stream without rows in its lookback goes on, and so does one whose rows were deleted', async () => {
    await synced(place, ['customers'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      store.advance(30 * 86_400_000)
      const quiet = (await runSync(config, ['customers'])).of('customers')
      expect(quiet.problem).toBeNull()
      store.advance(5 * 3_600_000)
      const next = (await runSync(config, ['customers'])).of('customers')
      expect(next).toMatchObject({ records: 0, problem: null })
      expect(String(next.complete_to) > String(quiet.complete_to)).toBe(true)
      const id = Number(store.all('customers')[0]?.id)
      store.edit('customers', id, { updated_at: store.now().toISOString() })
      store.advance(3_600_000)
      await runSync(config, ['customers'])
      store.remove('customers', id, { event: true })
      await runSync(config, ['events'])
      expect((await runSync(config, ['customers'])).of('customers')).toMatchObject({
        records: 0,
        deleted: 1,
        problem: null,
      })
      expect(await sql(`select _deleted_by from recharge.customers where id = ${id}`)).toEqual([
        { _deleted_by: 'event' },
      ])
    })
  })

  const METHODS = { payment_methods: [], next_cursor: null }
  /** A store with more payment methods than a page has, and a warehouse that agrees. */
  const withMethods = (work: Parameters<typeof synced>[2]): Promise<void> => {
    const store = makeStore({ customers: 5, months: 1 })
    const [model] = store.all('payment_methods')
    for (let i = store.count('payment_methods'); i < 300; i++)
      store.insert('payment_methods', { ...model, id: 900_000_000 + i })
    return synced(place, ['payment_methods'], work, { store })
  }
  const isPage = ({ query }: RequestSeen): boolean => 'cursor' in query

  test('I22: K4/17: an empty page behind a pointer is no end: the page before it shows whether more follows', () =>
    withMethods(async ({ simulator, config, destination }) => {
      const sync = async () => {
        simulator.store.advance(3_600_000)
        return (await runSync(config, ['payment_methods'])).of('payment_methods')
      }
      simulator.faults.add({ kind: 'body', match: isPage, body: METHODS })
      expect(await sync()).toMatchObject({ outcome: 'complete', deleted: 0, problem: null })
      simulator.faults.add({ kind: 'body', match: isPage, body: METHODS, times: 100 })
      expect(await sync()).toMatchObject({ outcome: 'failed', deleted: 0, problem: { code: 'stream_contract' } })
      simulator.faults.clear()
      expect(await sync()).toMatchObject({ outcome: 'complete', deleted: 0 })
      expect(await marked(destination, 'payment_methods')).toEqual({})
    }))

  test('I22: K4/17: a list that goes on with an empty page is read anew, and what was seen before counts no more', () =>
    withMethods(async ({ simulator, config, destination }) => {
      const sync = async () => {
        simulator.store.advance(3_600_000)
        return (await runSync(config, ['payment_methods'])).of('payment_methods')
      }
      simulator.faults.add({ kind: 'status', status: 422, match: isPage })
      expect(await sync()).toMatchObject({ outcome: 'failed' })
      // Now the list has one record, of those that the failed run had seen.
      const body = { ...METHODS, payment_methods: simulator.store.all('payment_methods').slice(0, 1) }
      simulator.faults.add({ kind: 'body', match: isPage, body: METHODS, times: 100 })
      simulator.faults.add({ kind: 'body', match: ({ path }) => path === '/payment_methods', body, times: 100 })
      const suspect = await sync()
      expect(suspect).toMatchObject({ outcome: 'complete', deleted: 0 })
      // It is read twice in this run, and neither time 249 of those 299 count as seen.
      expect(suspect.problem?.message.match(/: (\d+) rows were not seen again/g)).toEqual(
        Array(2).fill(': 299 rows were not seen again'),
      )
      simulator.faults.clear()
      expect(await sync()).toMatchObject({ outcome: 'complete', deleted: 0 })
      expect(await marked(destination, 'payment_methods')).toEqual({})
    }))
})
