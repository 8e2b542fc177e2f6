import { describe, expect, test } from 'vitest'
import { createApp, STREAMS } from '../../src/app.ts'
import { reset } from '../../src/commands/reset.ts'
import { PLACES, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const charges = STREAMS.filter(({ name }) => name === 'charges')

describe.each(PLACES)('$name', place => {
  test('I11: charges that the API no longer serves stay, whatever is run: syncs, a reset, a walk from the start', async () => {
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
          await reset(app, stream, true)
          const again = await runSync(config, ['charges'])
          const served = again.of('charges').records
          expect(served).toBeLessThan((before.charges?.length ?? 0) / 2)
          expect(await dump(destination, charges)).toEqual(before)
        }),
      ),
    )
  })

  test('I11: events that the API no longer serves stay, and a pause longer than its memory is named', async () => {
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
          expect(await dump(destination, events)).toEqual(before)
          const third = await runSync(config, ['events'])
          expect(third.of('events').gaps).toEqual([])
        }),
      ),
    )
  })
})
