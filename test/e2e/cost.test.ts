import { describe, expect, test } from 'vitest'
import { largeStore } from '../../bench/large-store.ts'
import { STREAMS } from '../../src/cli/app.ts'
import { parseInstant } from '../../src/common/instant.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { configFor, makeStore, runBackfill, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const instantOf = (day: string) => parseInstant(day, 'UTC')

describe.each(drawDestination())('$name', place => {
  test('I4: a sync of an unchanged store sends one request for each incremental stream, and the token check', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), refreshMs: () => DAY, views: true }
          expect((await runSync(config)).code).toBe(0)
          simulator.clearRequests()
          const second = await runSync(config)
          expect(second.code).toBe(0)
          const incremental = STREAMS.filter(({ sync }) => sync.mode === 'incremental')
          expect(simulator.requests.map(({ path }) => path).sort()).toEqual(
            ['/token_information', ...incremental.map(({ path }) => path)].sort(),
          )
          expect(second.report.views).toMatchObject({ made: [], dropped: [], problems: [] })
          for (const s of second.report.streams) expect([s.stream, s.added, s.changed]).toEqual([s.stream, 0, 0])
        }),
      ),
    )
  })

  test('a stream without a cursor is scanned again when its last scan is older than its own `refresh`', async () => {
    await withSimulator({ store: makeStore({ customers: 20, months: 3 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const refreshMs = (stream: string) => (stream === 'collections' ? 7 * DAY : DAY)
          const config = { ...configFor(simulator, destination, folder), refreshMs }
          const names = ['collections', 'webhooks']
          const requested = async () => {
            simulator.clearRequests()
            expect((await runSync(config, names)).code).toBe(0)
            // The two streams are read in parallel, in either order.
            return simulator.requests
              .map(({ path }) => path)
              .filter(path => path !== '/token_information')
              .sort()
          }
          // A new warehouse asks once which store its token is of.
          expect(await requested()).toEqual(['/collections', '/store', '/webhooks'])
          expect(await requested()).toEqual([])
          simulator.store.advance(DAY + 60_000)
          expect(await requested()).toEqual(['/webhooks'])
          simulator.store.advance(6 * DAY)
          expect(await requested()).toEqual(['/collections', '/webhooks'])
        }),
      ),
    )
  })

  test('a backfill reads its range, upserts, and does not move the watermark', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store } = simulator
          const config = configFor(simulator, destination, folder, { concurrency: 1 })
          await runSync(config, ['orders'])
          const { complete_to: watermark } = (await runSync(config, ['orders'])).of('orders')
          const [order] = store.all('orders').filter(o => o.status === 'success')
          // A change that `updated_at` does not show.
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
          const requests = simulator.requests.filter(r => r.path === '/orders' && r.query.updated_at_min).slice(-12)
          const bounds = requests.map(r => r.query.updated_at_min)
          expect(bounds).toEqual([...bounds].sort().reverse())
        }),
      ),
    )
  })

  test('a slow API is read by several readers in parallel', async () => {
    await withSimulator({ store: largeStore(4_000), latencyMs: 300 }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder, { concurrency: 20 })
          const { report } = await runSync(config, ['customers'])
          expect(report.streams[0]).toMatchObject({ outcome: 'complete', added: 4_000 })
          const firstRequests = simulator.requests.filter(({ path, query }) => path === '/customers' && !query.cursor)
          expect(firstRequests.length).toBeGreaterThan(4)
        }),
      ),
    )
  })
})
