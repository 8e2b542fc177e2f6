import { describe, expect, test } from 'vitest'
import { createApp, STREAMS } from '../../src/cli/app.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { type Reconciled, reconcileStream } from '../../src/jobs/reconcile/reconcile-stream.ts'
import { StreamStats } from '../../src/pipeline/stream-stats.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import {
  configFor,
  makeFullStore,
  makeStore,
  runReconcile,
  runSync,
  STREAM_NAMES,
  withSimulator,
} from '../support/run.ts'
import { synced } from '../support/synced.ts'

const DAY = 86_400_000
/** What most tests ask for, so that they share a first load. */
const TRADE = ['orders', 'customers']

/** Compares the one month that this random number chooses. */
async function compareMonth(config: Config, name: string, randomNumber: number): Promise<Reconciled> {
  const app = createApp(config, { level: 'silent' })
  const stream = app.streams.find(declared => declared.name === name)
  if (!stream) throw new Error(`${name} is not declared`)
  await using warehouse = await app.open('write')
  const { source, run, sleep, log } = app
  const stats = new StreamStats(name)
  const { signal } = new AbortController()
  // The first response brings the API's clock.
  await source.token(stats.requestStats, signal)
  const random = () => randomNumber
  const options = { source, warehouse, readable: () => true, run, sample: 1, repair: false, random, sleep, log }
  return await reconcileStream(stream, options, stats, signal)
}

describe.each(drawDestination())('$name', place => {
  test('warehouse and store agree in every stream after a sync, by every method, and the result is kept', async () => {
    await synced(
      place,
      STREAM_NAMES,
      async ({ config, destination, sql }) => {
        const before = await dump(destination, STREAMS)
        const whole = await runReconcile(config, STREAM_NAMES)
        expect(whole.text).not.toContain('DIFFERS')
        expect(whole.code, whole.text).toBe(0)
        expect(whole.document.agrees).toBe(true)
        for (const s of whole.document.streams) {
          expect([s.stream, s.outcome, s.agrees, s.problem]).toEqual([s.stream, 'complete', true, null])
          expect(s.source_count, s.stream).toBeGreaterThan(0)
          expect(s.warehouse_count, s.stream).toBe(s.source_count)
        }
        const sampled = await runReconcile(config, ['orders', 'charges', 'webhooks'], { sample: 1, repair: true })
        expect(sampled.code, sampled.text).toBe(0)
        expect(sampled.of('orders').compared).toHaveLength(1)
        expect(sampled.of('webhooks').compared).toBe('all')
        expect(await dump(destination, STREAMS)).toEqual(before)
        const kept = await sql(`select stream, method, bucket, agrees from recharge._sync_reconciliations `)
        expect(new Set(kept.map(({ stream }) => stream))).toEqual(new Set(STREAM_NAMES))
        // The counts of charges may include those that the lists hide; here they do.
        const differing = kept.filter(({ agrees }) => agrees !== true)
        expect(new Set(differing.map(({ stream, method }) => `${stream} ${method}`))).toEqual(
          new Set(['charges count']),
        )
        expect(kept.filter(({ stream, method }) => stream === 'orders' && method === 'count')).toHaveLength(2)
      },
      { store: makeFullStore({ customers: 12, months: 4 }) },
    )
  })

  test('--sample narrows a difference in counts down to its month, and reads no other', async () => {
    await synced(place, TRADE, async ({ simulator, config, sql }) => {
      const { store } = simulator
      const orders = store.all('orders')
      const order = orders[Math.floor(orders.length / 3)]
      store.remove('orders', Number(order?.id))
      simulator.clearRequests()
      const found = await runReconcile(config, ['orders'], { sample: 0 })
      expect(found.code).toBe(1)
      const month = String(order?.created_at).slice(0, 7)
      expect(found.of('orders')).toMatchObject({ compared: [month], gone: 1, missing: 0, changed: 0 })
      const lists = simulator.requests.filter(({ path, query }) => path === '/orders' && !query.cursor)
      expect(lists).toHaveLength(1)
      const counts = simulator.requests.filter(({ path }) => path === '/orders/count')
      expect(counts.length).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(9)))
      // Counts do not show a changed row. A month chosen at random may, and all months together do.
      await runReconcile(config, ['orders'], { sample: 0, repair: true })
      await sql(`update recharge.orders set note = 'by hand' where id = ${orders.at(-1)?.id}`)
      expect((await runReconcile(config, ['orders'], { sample: 0 })).code).toBe(0)
      const drawn = await runReconcile(config, ['orders'], { sample: 100 })
      expect(drawn.code).toBe(1)
      expect(drawn.of('orders')).toMatchObject({ changed: 1, missing: 0, gone: 0 })
    })
  })

  test('a count whose filter is ignored or shifted leads to more requests, never to another verdict', async () => {
    await synced(place, TRADE, async ({ simulator, config }) => {
      const { store } = simulator
      const order = store.all('orders')[5]
      store.remove('orders', Number(order?.id))
      const count = store.count('orders')
      // Every count is that of all orders, whatever the filter.
      simulator.faults.add({ kind: 'body', body: { count }, match: '/orders/count', times: 1000 })
      const found = await runReconcile(config, ['orders'], { sample: 0 })
      expect(found.of('orders')).toMatchObject({ compared: 'all', gone: 1, missing: 0, changed: 0 })
      simulator.faults.clear()
      // Every count is one too high. The records do not differ, and they decide.
      await runReconcile(config, ['orders'], { repair: true })
      simulator.faults.add({ kind: 'body', body: { count: count + 1 }, match: '/orders/count', times: 1000 })
      const agreed = await runReconcile(config, ['orders'], { sample: 0 })
      expect(agreed.code, agreed.text).toBe(0)
      expect(agreed.of('orders')).toMatchObject({ agrees: true, compared: 'all', problem: { code: 'miscounted' } })
    })
  })

  test('what changed since the last sync is no difference: it waits for the next', async () => {
    await synced(place, TRADE, async ({ simulator, config }) => {
      const { store } = simulator
      store.advance(60_000)
      const [customer] = store.all('customers')
      store.edit('customers', Number(customer?.id), { first_name: 'Later' })
      const now = `${store.now().toISOString().slice(0, 19)}+00:00`
      store.insert('customers', { ...customer, id: store.newId('customers'), created_at: now, updated_at: now })
      const found = await runReconcile(config, ['customers'])
      expect(found.code, found.text).toBe(0)
      expect(found.of('customers')).toMatchObject({ agrees: true, pending: 2, changed: 0, missing: 0 })
    })
  })

  test('records that the token may not read are not reported as gone', async () => {
    await withSimulator({ store: makeStore({ customers: 40, months: 4 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          expect((await runSync(config, ['metafields'])).code).toBe(0)
          const all = simulator.store.count('metafields')
          const refused = { kind: 'status', status: 403, body: { errors: 'no' }, times: 1000 } as const
          simulator.faults.add({ ...refused, match: ({ query }) => query.owner_resource === 'customer' })
          const found = await runReconcile(config, ['metafields'], { repair: true })
          // A sync without the scope is complete too.
          expect(found.code, found.text).toBe(0)
          expect(found.of('metafields')).toMatchObject({ gone: 0, agrees: true, problem: { code: 'partly_compared' } })
          expect(found.of('metafields').source_count).toBeLessThan(all)
        }),
      ),
    )
  })

  test('it ends as a sync does: throttled, interrupted, never synced, without the scope, one stream failing', async () => {
    await synced(place, TRADE, async ({ simulator, config, sql }) => {
      simulator.faults.add({ kind: 'status', status: 429, match: '/orders', times: 3 })
      const throttled = await runReconcile(config, ['orders'])
      expect(throttled.code, throttled.text).toBe(0)
      expect(throttled.document).toMatchObject({ throttled: 3, retries: 3 })
      const never = await runReconcile(config, ['orders', 'discounts'])
      expect(never.code).toBe(1)
      expect(never.of('discounts')).toMatchObject({ outcome: 'failed', agrees: null, problem: { code: 'never_read' } })
      expect(never.of('orders').agrees).toBe(true)
      simulator.faults.add({ kind: 'status', status: 403, body: { errors: 'no' }, match: '/customers', times: 100 })
      // It was read before, so it has failed; a stream that was never read would be skipped.
      expect((await runReconcile(config, ['customers'])).of('customers').outcome).toBe('failed')
      simulator.faults.clear()
      const stop = new AbortController()
      simulator.faults.before(request => {
        if (request.path === '/orders') stop.abort()
      })
      expect((await runReconcile(config, ['orders'], {}, stop.signal)).code).toBe(130)
      // It writes no rows, so the report of the last sync stays.
      expect(await sql(`select run from recharge._sync_runs`)).toHaveLength(1)
    })
  })

  test('rows that another run writes meanwhile are left to it', async () => {
    await synced(place, TRADE, async ({ simulator, config, sql }) => {
      // As a run that began after this one would leave them.
      await sql(`update recharge.customers set first_name = 'by another run', _synced_at = '2099-01-01T00:00:00Z'
        where id = (select min(id) from recharge.customers)`)
      const found = await runReconcile(config, ['customers'])
      expect(found.of('customers'), found.text).toMatchObject({ agrees: true, pending: 1, changed: 0, gone: 0 })
      // A repair locks the destination, so there is no other run.
      const repaired = await runReconcile(config, ['customers'], { repair: true })
      expect(repaired.of('customers')).toMatchObject({ agrees: false, changed: 1, repaired: 1 })
      expect(simulator.requests.filter(({ path }) => /\d$/.test(path))).toHaveLength(1)
    })
  })

  test('a month is compared completely, even if the API reads its filters as Eastern time', async () => {
    for (const easternFilters of [false, true])
      await synced(
        place,
        ['orders'],
        async ({ simulator, config }) => {
          const { store } = simulator
          const [first, early, late, gone] = store.all('orders').filter(o => String(o.created_at) > '2026-06-10')
          const move = (record: typeof early, created_at: string) =>
            store.edit('orders', Number(record?.id), { created_at, note: 'moved' })
          store.advance(60_000)
          // In the first hours of a month, and in its last.
          move(early, '2026-08-01T01:00:00+00:00')
          move(late, '2026-08-31T23:00:00+00:00')
          await runSync(config, ['orders'])
          const agreed = await runReconcile(config, ['orders'], { sample: 100 })
          expect(agreed.code, agreed.text).toBe(0)
          const months = agreed.of('orders').compared ?? []
          expect(months).toContain('2026-08')
          const drawn = await compareMonth(config, 'orders', (months.indexOf('2026-08') + 0.5) / months.length)
          expect([drawn.months, drawn.diff.agrees]).toEqual([['2026-08'], true])
          store.remove('orders', Number(gone?.id))
          const found = await runReconcile(config, ['orders'], { sample: 0 })
          expect(found.of('orders'), found.text).toMatchObject({ gone: 1, missing: 0, changed: 0 })
          expect(first).toBeDefined()
        },
        { easternFilters },
      )
  })

  test('where the source forgets, a comparison covers what a sync reads, and no more', async () => {
    const store = makeStore({ customers: 40, months: 7 })
    const [event] = store.all('events')
    // Still returned, half a day after the documented retention.
    const created_at = new Date(store.now().getTime() - 7.5 * DAY).toISOString().slice(0, 19)
    const id = store.newId('events')
    store.insert('events', { ...event, id, created_at })
    await synced(
      place,
      ['events'],
      async ({ config, sql }) => {
        expect(await sql(`select id from recharge.events where id = ${id}`)).toEqual([])
        const found = await runReconcile(config, ['events'])
        expect(found.of('events'), found.text).toMatchObject({ agrees: true, missing: 0 })
        expect(found.of('events').source_count).toBeGreaterThan(0)
      },
      { store },
    )
  })

  test('a record that cannot be loaded is there all the same', async () => {
    await synced(place, TRADE, async ({ simulator, config }) => {
      const [order] = simulator.store.all('orders')
      const { updated_at } = order ?? {}
      simulator.store.edit('orders', Number(order?.id), { total_price: 'a lot', updated_at })
      const strict = { ...config, policies: { ...config.policies, onMismatch: 'reject' as const } }
      const found = await runReconcile(strict, ['orders'])
      expect(found.code, found.text).toBe(0)
      expect(found.of('orders')).toMatchObject({ agrees: true, gone: 0, missing: 0, changed: 0 })
    })
  })
})

test('on the command line: --json prints one document, a wrong --sample exits 2, an unreachable destination exits 3', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const text = (destination: string) => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${simulator.url}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  ${destination}
`
      const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
      writeConfig(folder, text('duckdb: state/warehouse.duckdb'))
      await cli(folder, ['sync', '--streams', 'customers'], environment)
      const sampled = await cli(folder, ['reconcile', '--streams', 'customers', '--sample', '2', '--json'], environment)
      expect(sampled.code, sampled.stderr).toBe(0)
      expect(JSON.parse(sampled.stdout)).toMatchObject({ agrees: true, sample: 2, outcome: 'complete' })
      const shown = await cli(folder, ['reconcile', '--streams', 'customers'], environment)
      expect(shown.stdout).toMatch(/customers +agrees/)
      expect((await cli(folder, ['reconcile', '--sample', 'many'], environment)).code).toBe(2)
      writeConfig(folder, text('postgres: postgres://who:hunter2hunter2@127.0.0.1:9/nowhere'))
      expect((await cli(folder, ['reconcile'], environment)).code).toBe(3)
    }),
  )
})
