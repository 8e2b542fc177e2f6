import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runSync, STREAM_NAMES, sampleOf, withSimulator } from '../support/run.ts'
import { leftBehind } from '../support/secrets.ts'
import { live, marked } from '../support/warehouse.ts'

/* The credit of a customer is one object, requested for each customer. */

const NAME = 'credit_summaries'
const isSummary = ({ path }: { readonly path: string }): boolean => path.endsWith('/credit_summary')

interface Scene {
  readonly simulator: Simulator
  readonly destination: DestinationConfig
  readonly folder: string
  /** Ids of the customers, each of whom has a summary. */
  readonly customers: readonly number[]
  /** A sync, an hour later. @param streams null: those that need not be named. */
  sync(streams?: readonly string[] | null, change?: Partial<Config>): Promise<Ran>
}

const summaryOf = (customer: number): StoreRecord => ({ ...sampleOf(NAME), customer_id: customer })

describe.each(drawDestination())('$name', place => {
  const scene = (work: (scene: Scene) => Promise<void>, options: SimulatorOptions = {}): Promise<void> => {
    const store = makeStore({ customers: 4, months: 1 })
    const customers = store.all('customers').map(({ id }) => Number(id))
    store.declare(NAME)
    for (const customer of customers) store.insert(NAME, summaryOf(customer))
    return withSimulator({ ...options, store }, simulator =>
      place.with(destination =>
        withFolder(folder => {
          const except = STREAM_NAMES.filter(name => name !== 'customers' && name !== NAME)
          const config = { ...configFor(simulator, destination, folder), streams: { except } }
          return work({
            simulator,
            destination,
            folder,
            customers,
            sync(streams = [NAME], change = {}) {
              store.advance(3_600_000)
              return runSync({ ...config, ...change }, streams)
            },
          })
        }),
      ),
    )
  }
  /** The body of the answers for one customer. */
  const answer = ({ simulator }: Scene, customer: number, body: Record<string, unknown>): void =>
    simulator.faults.add({
      kind: 'rewrite',
      times: 1000,
      match: ({ path }) => path === `/customers/${customer}/credit_summary`,
      rewrite: () => ({ status: 200, body: Buffer.from(JSON.stringify(body)) }),
    })

  test('it is read only if it is named: one request for each customer, with the details', () =>
    scene(async ({ simulator, destination, customers, sync }) => {
      const usual = await sync(null)
      expect(usual.report.streams.map(({ stream }) => stream)).toEqual(['customers'])
      simulator.clearRequests()
      const ran = await sync()
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of(NAME)).toMatchObject({ outcome: 'complete', added: customers.length, rejected: 0, undeclared: {} })
      const requests = simulator.requests.filter(isSummary)
      expect(requests.map(({ path }) => path).sort()).toEqual(
        customers.map(id => `/customers/${id}/credit_summary`).sort(),
      )
      for (const { query } of requests)
        expect(query).toEqual({ include: 'credit_details', 'include[]': 'credit_details' })
      expect(await live(destination, NAME, 'customer_id')).toEqual([...customers].sort((a, b) => a - b))
      const again = await sync()
      expect(again.of(NAME)).toMatchObject({ outcome: 'complete', added: 0, changed: 0, unchanged: customers.length })
      await withQuery(destination, async query => {
        expect(
          await query(`
            select distinct cast(s.total_available_balance as text) as total, d.name,
              cast(d.initial_balance as text) as opened, cast(d.available_balance_set_presentment_currency_amount as text) as seen
            from recharge.${NAME} s
            join recharge.${NAME}__credit_details d on d.credit_summary_id = s.customer_id
            join recharge.customers c on c.id = s.customer_id`),
        ).toEqual([{ total: '15.000000', name: 'Goodwill', opened: '20.000000', seen: '20.550000' }])
      })
    }))

  test('I9: the code that spends the credit is nowhere in clear', () =>
    scene(async ({ destination, folder, sync }) => {
      const { policies } = configFor({ url: '', token: '' } as Simulator, destination, folder)
      const codes = async (sensitive: 'hash' | 'keep') => {
        const ran = await sync([NAME], { policies: { ...policies, sensitive } })
        expect(ran.code, ran.text).toBe(0)
        const folders = [folder, ...(destination.kind === 'duckdb' ? [dirname(destination.file)] : [])]
        const texts = [...(await leftBehind(destination, folders)), ran.text, JSON.stringify(ran.report)]
        return texts.filter(text => text.includes('KILN-4821'))
      }
      expect(await codes('hash')).toEqual([])
      // The search is one that can fail.
      expect(await codes('keep')).not.toEqual([])
    }))

  test('whatever is null or absent is null, and the record keeps the id of its customer', () =>
    scene(async given => {
      const { destination, customers, sync } = given
      const [first = 0, second = 0, third = 0, fourth = 0] = customers
      answer(given, first, { credit_summary: {} })
      answer(given, second, {
        credit_summary: {
          customer_id: null,
          currency_code: null,
          include: null,
          max_redemption_limit_set: null,
          total_available_balance: null,
          total_available_balance_by_credit_type: null,
          total_available_balance_set: { presentment_currency: null },
        },
      })
      answer(given, third, { credit_summary: { customer_id: third, include: { credit_details: null } } })
      answer(given, fourth, { credit_summary: null })
      const ran = await sync()
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of(NAME)).toMatchObject({ outcome: 'complete', added: 3, rejected: 0, problem: null })
      expect(await live(destination, NAME, 'customer_id')).toEqual([first, second, third].sort((a, b) => a - b))
      await withQuery(destination, async query => {
        const rows = await query(`select total_available_balance as total, currency_code as code from recharge.${NAME}`)
        expect(rows).toEqual(rows.map(() => ({ total: null, code: null })))
        expect(await query(`select 1 from recharge.${NAME}__credit_details`)).toEqual([])
      })
    }))

  test('I12: the summary of a customer who was deleted is marked; that of one who was only not listed is not', () =>
    scene(async ({ simulator, destination, customers, sync }) => {
      await sync(['customers', NAME])
      const [gone = 0, , , unlisted = 0] = customers
      // It is deleted between the list of the customers and this request.
      simulator.faults.add({
        kind: 'status',
        status: 404,
        body: { errors: 'Not Found' },
        match: ({ path }) => path === `/customers/${gone}/credit_summary`,
      })
      const unserved = { outcome: 'complete', deleted: 0, problem: { code: 'not_marked' } }
      expect((await sync()).of(NAME)).toMatchObject(unserved)
      expect(await marked(destination, NAME, 'customer_id')).toEqual({})
      simulator.store.remove('customers', gone, { event: true })
      await sync(['customers', 'events'])
      const listed = simulator.store.all('customers').filter(({ id }) => id !== unlisted)
      simulator.faults.add({
        kind: 'body',
        body: { customers: listed, next_cursor: null },
        match: ({ path }) => path === '/customers',
      })
      expect((await sync()).of(NAME)).toMatchObject({ outcome: 'complete', deleted: 1 })
      expect(await marked(destination, NAME, 'customer_id')).toEqual({ [gone]: 'absence' })
    }))

  test('I12: a customer who has no summary any more has lost the row', () =>
    scene(async given => {
      const { destination, customers, sync } = given
      await sync()
      const [empty = 0] = customers
      answer(given, empty, { credit_summary: null })
      expect((await sync()).of(NAME)).toMatchObject({ outcome: 'complete', deleted: 1 })
      expect(await marked(destination, NAME, 'customer_id')).toEqual({ [empty]: 'absence' })
    }))

  test.each([
    ['I23: a refusal is a skip, which a stream that is named reports', 403, { errors: 'no credits in your plan' }],
    ['a path that answers 404 for every customer is skipped', 404, { errors: 'Not Found' }],
  ])('%s', (_what, status, body) =>
    scene(async ({ simulator, customers, sync }) => {
      simulator.faults.add({ kind: 'status', status, body, match: isSummary, times: 1000 })
      const ran = await sync(['customers', NAME])
      expect([ran.code, ran.of(NAME).outcome, ran.of('customers').outcome]).toEqual([1, 'skipped', 'complete'])
      // A refusal of one customer is that of all.
      expect(simulator.requests.filter(isSummary)).toHaveLength(status === 403 ? 1 : customers.length)
    }),
  )
})
