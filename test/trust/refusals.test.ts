import { describe, expect, test } from 'vitest'
import { ANY_DESTINATION, withFolder } from '../support/destinations.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { synced } from '../support/synced.ts'

const SELECTED = ['customers', 'orders', 'plans']

describe.each(ANY_DESTINATION)('$name', place => {
  test('I23: K3/10: every stream of a new warehouse is refused: nothing could run', async () => {
    await withSimulator({ store: makeStore({ customers: 5, months: 1 }), scopes: ['read_events'] }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          for (const streams of [SELECTED, ['orders']]) {
            const ran = await runSync(config, streams)
            expect(ran.code, ran.text).toBe(3)
            expect(ran.report).toMatchObject({ outcome: 'failed', problem: { code: 'all_refused' } })
            expect(ran.text).toContain(`all ${streams.length} selected streams were refused`)
          }
        }),
      ),
    )
  })

  test('I23: K3/10: every path refuses a warehouse that was read before: exit 3, and no stream is skipped', async () => {
    await synced(place, SELECTED, async ({ simulator, config }) => {
      simulator.faults.add({
        kind: 'status',
        status: 403,
        match: ({ path }) => path !== '/token_information',
        times: 1000,
      })
      const ran = await runSync(config, SELECTED)
      expect(ran.code, ran.text).toBe(3)
      expect(ran.report).toMatchObject({ outcome: 'failed', problem: { code: 'all_refused' } })
      expect(ran.report.streams.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed'])
    })
  })

  test('I23: K3/11: a stream that was read and has lost its scope has failed; one that never had it is skipped', async () => {
    await synced(place, SELECTED, async ({ simulator, config }) => {
      await withSimulator({ store: simulator.store, scopes: ['read_customers', 'read_products'] }, async narrowed => {
        const all = await runSync({ ...config, recharge: { ...config.recharge, baseUrl: narrowed.url } })
        expect(all.code, all.text).toBe(1)
        expect(all.report.outcome).toBe('failed')
        expect(outcomes(all, ['customers', 'orders', 'plans', 'subscriptions'])).toEqual([
          ['complete', undefined],
          ['failed', 'missing_scope'],
          ['complete', undefined],
          ['skipped', 'missing_scope'],
        ])
        expect(all.of('orders').problem?.message).toContain('the stream was read before')
      })
    })
  })

  test.each([
    [403, { errors: 'not in your plan' }, 'forbidden'],
    [404, { errors: 'Not Found' }, 'missing'],
    [422, { errors: { platform: 'not compatible' } }, 'unsupported'],
  ])('K3/11: a stream that was read and now answers %i has failed', async (status, body, code) => {
    // It is optional: where it was never read, each of these answers skips it.
    await synced(place, ['credit_accounts', 'customers'], async ({ simulator, config }) => {
      simulator.faults.add({ kind: 'status', status, body, match: '/credit_accounts', times: 10 })
      const ran = await runSync(config, ['credit_accounts', 'customers'])
      expect(ran.code, ran.text).toBe(1)
      expect(ran.of('credit_accounts')).toMatchObject({ outcome: 'failed', problem: { code } })
      expect(ran.of('customers').outcome).toBe('complete')
    })
  })

  test.each([
    [404, 'skipped', 'missing'],
    [410, 'skipped', 'missing'],
    [422, 'skipped', 'unprocessable'],
    [203, 'failed', 'refused'],
    [400, 'failed', 'refused'],
    [405, 'failed', 'refused'],
  ])('I23: a stream that not every store has, never read, answers %i: it is %s', async (status, outcome, code) => {
    await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const body = { errors: 'no' }
          simulator.faults.add({ kind: 'status', status, body, match: '/credit_accounts', times: 10 })
          const ran = await runSync(configFor(simulator, destination, folder), ['credit_accounts', 'customers'])
          expect(ran.of('credit_accounts'), ran.text).toMatchObject({ outcome, problem: { code } })
          expect(ran.of('customers').outcome).toBe('complete')
        }),
      ),
    )
  })

  test('K8/44: a named stream that is skipped has the run fail, in words as in the code', async () => {
    await withSimulator({ store: makeStore({ customers: 5, months: 1 }), scopes: ['read_customers'] }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const ran = await runSync(configFor(simulator, destination, folder), ['customers', 'orders'])
          expect(ran.code).toBe(1)
          expect(ran.report.outcome).toBe('failed')
          expect(ran.text).toContain('failed, because orders was selected by name and skipped')
        }),
      ),
    )
  })
})

const outcomes = (ran: Ran, streams: readonly string[]) =>
  streams.map(stream => [ran.of(stream).outcome, ran.of(stream).problem?.code])
