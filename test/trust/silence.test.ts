import { describe, expect, test } from 'vitest'
import { DESTINATIONS } from '../support/destinations.ts'
import { resetStream, runBackfill, runSync } from '../support/run.ts'
import { synced } from '../support/synced.ts'

const EMPTY = { customers: [], next_cursor: null }

describe.each(DESTINATIONS)('$name', place => {
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
})
