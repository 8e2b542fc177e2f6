import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { plan } from '../../src/cli/commands/plan.ts'
import { streams } from '../../src/cli/commands/streams.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { ANY_DESTINATION, withFolder } from '../support/destinations.ts'
import { configFor, makeStore, runSync, STREAM_NAMES, withSimulator } from '../support/run.ts'

/* Not every name of a scope is documented. A stream that an unknown one may mean is tried, and the API decides. */

const SELECTED = ['bundle_selections', 'customers', 'metafields', 'orders']
const SCOPES = ['read_customers', 'read_bundles', 'read_weather']
const { signal } = new AbortController()

interface Scene {
  readonly simulator: Simulator
  readonly config: Config
  /** The paths of the requests since the last call, without the token and the store. */
  requested(): string[]
}

/** What the token says of itself, whatever the API lets it read. */
const saying = (simulator: Simulator, scopes: readonly string[]): void =>
  simulator.faults.add({
    kind: 'body',
    body: { token_information: { name: 'of a test', client: { name: 'Kettle & Crane' }, scopes } },
    match: '/token_information',
    times: 1000,
  })

describe.each(ANY_DESTINATION)('$name', place => {
  const scene = (options: SimulatorOptions, work: (scene: Scene) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 8, months: 3 }), ...options }, simulator =>
      place.with(destination =>
        withFolder(folder => {
          const except = STREAM_NAMES.filter(name => !SELECTED.includes(name))
          const config = { ...configFor(simulator, destination, folder), streams: { except } }
          const requested = () => {
            const paths = new Set(simulator.requests.map(({ path }) => path.replace(/\/count$/, '')))
            simulator.clearRequests()
            return [...paths].filter(path => !['/token_information', '/store', '/shop'].includes(path)).sort()
          }
          return work({ simulator, config, requested })
        }),
      ),
    )

  test('I23: a stream that an unknown scope may mean is requested, and skipped by the 403', () =>
    scene({ scopes: SCOPES }, async ({ config, requested }) => {
      const ran = await runSync(config)
      expect(ran.code, ran.text).toBe(0)
      expect(requested()).toEqual(['/bundle_selections', '/customers', '/metafields'])
      expect(ran.of('bundle_selections')).toMatchObject({
        outcome: 'skipped',
        requests: 1,
        problem: { code: 'forbidden' },
      })
      expect(ran.of('bundle_selections').problem?.message).toMatch(
        /403 .*; the token lacks read_subscriptions, so it was tried with read_bundles$/,
      )
      // What no unknown scope may mean costs no request.
      expect(ran.of('orders')).toMatchObject({ outcome: 'skipped', requests: 0, problem: { code: 'missing_scope' } })
    }))

  test('it is read where the API allows it, and has failed once the API does not', () =>
    scene({}, async ({ simulator, config }) => {
      saying(simulator, SCOPES)
      const ran = await runSync(config)
      expect(ran.code, ran.text).toBe(0)
      const { outcome, added } = ran.of('bundle_selections')
      expect([outcome, added]).toEqual(['complete', simulator.store.count('bundle_selections')])
      expect(added).toBeGreaterThan(0)
      simulator.faults.add({
        kind: 'status',
        status: 403,
        body: { errors: 'not in your plan' },
        match: '/bundle_selections',
      })
      const refused = await runSync(config)
      expect([refused.code, refused.of('bundle_selections').outcome]).toEqual([1, 'failed'])
    }))

  test('each list of a stream of several is tried, and those that are refused are named', () =>
    scene({ scopes: [...SCOPES, 'read_metafields'] }, async ({ simulator, config }) => {
      const ran = await runSync(config)
      const owners = simulator.requests.flatMap(({ path, query }) =>
        path === '/metafields' ? query.owner_resource : [],
      )
      expect([...new Set(owners)].sort()).toEqual(['address', 'charge', 'customer', 'order', 'store', 'subscription'])
      expect(ran.of('metafields')).toMatchObject({ outcome: 'complete', problem: { code: 'partly_forbidden' } })
      expect(ran.of('metafields').problem?.message).toContain('owner_resource=order was refused')
    }))

  test('check, plan and streams say what is tried, and why', () =>
    scene({ scopes: SCOPES }, async ({ config }) => {
      const app = createApp(config, { level: 'silent' })
      const checked = await check(app, select(app, null), signal)
      expect(checked.code).toBe(0)
      expect(checked.text).toContain(
        'bundle_selections is tried: the token lacks read_subscriptions, and read_bundles may mean the same',
      )
      expect(checked.text).toMatch(/\[ \] read_orders +orders, metafields \(in part\)/)
      // What it is tried with needs not be ticked.
      expect(checked.text).not.toMatch(/\[ \] .*bundle_selections/)
      const alone = await check(app, select(app, ['bundle_selections']), signal)
      expect([alone.code, alone.text]).toEqual([0, expect.not.stringContaining('PROBLEM')])

      const planned = await plan(app, select(app, null), signal)
      const { streams: steps, uncertain, skipped } = planned.json as Record<string, readonly unknown[]>
      expect(steps?.map(step => (step as { stream: string }).stream)).toEqual([
        'bundle_selections',
        'customers',
        'metafields',
      ])
      expect([uncertain, skipped]).toEqual([['bundle_selections'], ['orders']])
      expect(planned.text).toContain(
        'Tried, because a scope of the token may allow it, and skipped if Recharge refuses: bundle_selections',
      )

      // The API refuses to count them too.
      const counted = await plan(app, select(app, ['orders']), signal)
      expect((counted.json as { streams: object[] }).streams).toMatchObject([{ stream: 'orders', records: null }])

      const shown = await streams(app, signal)
      const all = (shown.json as { streams: readonly Record<string, unknown>[] }).streams
      const of = (name: string) => all.find(({ stream }) => stream === name)
      expect(of('bundle_selections')).toMatchObject({
        granted: null,
        missing: ['read_subscriptions'],
        perhaps: ['read_bundles'],
      })
      expect(of('customers')).toMatchObject({ granted: true, missing: [], perhaps: [] })
      expect(of('orders')).toMatchObject({ granted: false, perhaps: [] })
      expect(shown.text).toMatch(/\n *bundle_selections +read_subscriptions +\? /)
      expect(shown.text).toContain(
        'A stream with ? is tried, because of scopes whose meaning is not known: read_bundles',
      )
    }))
})
