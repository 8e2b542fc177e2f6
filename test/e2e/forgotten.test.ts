import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { Gap } from '../../src/common/model.ts'
import { easternText } from '../../src/simulator/time.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const charges = STREAMS.filter(({ name }) => name === 'charges')

describe.each(drawDestination())('$name', place => {
  test('I11: charges that the API no longer serves stay, whatever is run: syncs, a reset, a scan from the start', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          await runSync(config, ['charges'])
          const before = await dump(destination, charges)
          simulator.store.advance(100 * DAY)
          const app = createApp(config, { level: 'silent' })
          const stream = charges[0]
          if (!stream) throw new Error('charges are not declared')
          await runSync(config, ['charges'])
          await reset(app, [stream], true)
          const again = await runSync(config, ['charges'])
          const served = again.of('charges').records
          expect(served).toBeLessThan((before.charges?.length ?? 0) / 2)
          expect(await dump(destination, charges)).toEqual(before)
        }),
      ),
    )
  })

  test('I11, I13: events that the API no longer serves stay, and a pause longer than its memory is named, once and for ever', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const events = STREAMS.filter(({ name }) => name === 'events')
          const config = configFor(simulator, destination, folder)
          const first = await runSync(config, ['events'])
          expect(first.of('events').added).toBeGreaterThan(0)
          expect(first.of('events').gaps).toEqual([])
          const before = await dump(destination, events)
          simulator.store.advance(21 * DAY)
          const second = await runSync(config, ['events'])
          expect(second.code).toBe(0)
          const [gap] = second.of('events').gaps
          expect(gap?.from).toBe(first.of('events').complete_to)
          const pause = Date.parse(gap?.to ?? '') - Date.parse(gap?.from ?? '')
          expect(Math.round(pause / DAY)).toBe(14)
          expect(second.of('events').problem?.code).toBe('gap')
          expect(second.text).toContain(`from ${gap?.from} to ${gap?.to}`)
          expect(await dump(destination, events)).toEqual(before)
          const third = await runSync(config, ['events'])
          expect(third.of('events').gaps).toEqual([])
          const app = createApp(config, { level: 'silent' })
          const { json, text } = await status(app, select(app, ['events']), null)
          expect(json).toMatchObject({
            streams: [{ gaps: [{ ...gap, run: second.report.run }], forgets: 'after 7 days (by created_at)' }],
          })
          expect(text).toContain('no run had read it')
        }),
      ),
    )
  })

  test('I13: a gap is found again by a scan that was broken off, and kept once, as long as it has become', async () => {
    await withSimulator({ store: makeStore({ customers: 60, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const { complete_to: from } = (await runSync(config, ['events'])).of('events')
          simulator.store.advance(21 * DAY)
          const [model] = simulator.store.all('events')
          for (let i = 0; i < 300; i++)
            simulator.store.insert('events', {
              ...model,
              id: 7_000_000_000 + i,
              created_at: easternText(simulator.store.now().getTime()),
            })
          for (let again = 0; again < 2; again++) {
            simulator.faults.add({ kind: 'status', status: 422, body: {}, match: r => 'cursor' in r.query })
            expect((await runSync(config, ['events'])).code).toBe(1)
            simulator.store.advance(HOUR)
          }
          const ran = await runSync(config, ['events'])
          expect(ran.code, ran.text).toBe(0)
          const gaps = await openedGaps(config, 'events')
          expect(gaps.map(gap => gap.from)).toEqual([from])
          expect(ran.of('events').gaps[0]?.to).toBe(gaps[0]?.to)
        }),
      ),
    )
  })

  test('I13: charges processed and forgotten within a pause can never be read: the pause is a gap', async () => {
    await withSimulator({ store: makeStore({ customers: 30, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const { complete_to: from } = (await runSync(config, ['charges'])).of('charges')
          simulator.store.advance(89 * DAY)
          expect((await runSync(config, ['charges'])).of('charges').gaps).toEqual([])
          const paused = (await runSync(config, ['charges'])).of('charges').complete_to
          simulator.store.advance(120 * DAY)
          const [gap] = (await runSync(config, ['charges'])).of('charges').gaps
          expect(gap?.from).toBe(paused)
          expect(from).not.toBe(paused)
          expect(Math.round((Date.parse(gap?.to ?? '') - Date.parse(gap?.from ?? '')) / DAY)).toBe(30)
          expect((await openedGaps(config, 'charges')).length).toBe(1)
        }),
      ),
    )
  })
})

async function openedGaps(config: Config, stream: string): Promise<readonly Gap[]> {
  const app = createApp(config, { level: 'silent' })
  await using destination = await app.open('read')
  const statuses = await destination.streamStatuses(select(app, [stream]).streams)
  return statuses.get(stream)?.gaps ?? []
}
