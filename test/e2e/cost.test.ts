import { describe, expect, test } from 'vitest'
import { largeStore } from '../../bench/large-store.ts'
import { STREAMS } from '../../src/cli/app.ts'
import { parseInstant } from '../../src/common/instant.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { configFor, makeStore, runBackfill, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const instantOf = (day: string) => parseInstant(day, 'UTC')

describe.each(DESTINATIONS)('$name', place => {
  test('I4: an unchanged store costs one request for each incremental stream and the token check', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), refreshMs: () => DAY }
          expect((await runSync(config)).code).toBe(0)
          simulator.clearRequests()
          const second = await runSync(config)
          expect(second.code).toBe(0)
          const incremental = STREAMS.filter(({ sync }) => sync.mode === 'incremental')
          expect(simulator.requests.map(({ path }) => path).sort()).toEqual(
            ['/token_information', ...incremental.map(({ path }) => path)].sort(),
          )
          for (const s of second.report.streams) expect([s.stream, s.added, s.changed]).toEqual([s.stream, 0, 0])
        }),
      ),
    )
  })

  test('a stream without a cursor is scanned again when its last scan is older than `refresh`, stream by stream', async () => {
    await withSimulator({ store: makeStore({ customers: 20, months: 3 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const refreshMs = (stream: string) => (stream === 'collections' ? 7 * DAY : DAY)
          const config = { ...configFor(simulator, destination, folder), refreshMs }
          const names = ['collections', 'webhooks']
          const asked = async () => {
            simulator.clearRequests()
            expect((await runSync(config, names)).code).toBe(0)
            // The two go side by side: which asks first is not said.
            return simulator.requests
              .map(({ path }) => path)
              .filter(path => path !== '/token_information')
              .sort()
          }
          // A new warehouse asks once which store its token is of.
          expect(await asked()).toEqual(['/collections', '/store', '/webhooks'])
          expect(await asked()).toEqual([])
          simulator.store.advance(DAY + 60_000)
          expect(await asked()).toEqual(['/webhooks'])
          simulator.store.advance(6 * DAY)
          expect(await asked()).toEqual(['/collections', '/webhooks'])
        }),
      ),
    )
  })

  test('a backfill reads its range, upserts, and leaves the watermark where it is', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store } = simulator
          const config = configFor(simulator, destination, folder, { concurrency: 1 })
          await runSync(config, ['orders'])
          const { complete_to: watermark } = (await runSync(config, ['orders'])).of('orders')
          const [order] = store.all('orders').filter(o => o.status === 'success')
          // Changed behind the API's back: `updated_at` does not tell.
          store.edit('orders', Number(order?.id), { note: 'quietly', updated_at: order?.updated_at })
          expect((await runSync(config, ['orders'])).of('orders').changed).toBe(0)
          const range = { since: null, until: null }
          const backfilled = await runBackfill(config, ['orders'], range, false)
          expect(backfilled.code, backfilled.text).toBe(0)
          expect(backfilled.of('orders')).toMatchObject({ added: 0, changed: 1, records: store.count('orders') })
          const after = await runSync(config, ['orders'])
          expect(after.of('orders').from).toBe(
            watermark && `${new Date(Date.parse(watermark) - DAY).toISOString().slice(0, 23)}000Z`,
          )
          const newest = await runBackfill(config, ['orders'], { ...range, since: instantOf('2026-06-01') }, true)
          expect(newest.code, newest.text).toBe(0)
          const asked = simulator.requests.filter(r => r.path === '/orders' && r.query.updated_at_min).slice(-12)
          const bounds = asked.map(r => r.query.updated_at_min)
          expect(bounds).toEqual([...bounds].sort().reverse())
        }),
      ),
    )
  })

  test('an API that takes long is read from several places at once', async () => {
    await withSimulator({ store: largeStore(4_000), latencyMs: 300 }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder, { concurrency: 20 })
          const { report } = await runSync(config, ['customers'])
          expect(report.streams[0]).toMatchObject({ outcome: 'complete', added: 4_000 })
          const begun = simulator.requests.filter(({ path, query }) => path === '/customers' && !query.cursor)
          expect(begun.length).toBeGreaterThan(4)
        }),
      ),
    )
  })
})
