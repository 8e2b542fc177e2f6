import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/cli/app.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { type Reconciled, reconcileStream } from '../../src/jobs/reconcile/reconcile-stream.ts'
import { StreamStats } from '../../src/pipeline/stream-stats.ts'
import { drawDestination } from '../support/destinations.ts'
import { runReconcile } from '../support/run.ts'
import { synced } from '../support/synced.ts'

const STREAMS = ['orders', 'charges']

/** Compares the one month that this random number chooses. */
async function compareMonth(config: Config, name: string, randomNumber: number): Promise<Reconciled> {
  const app = createApp(config, { level: 'silent' })
  const stream = app.streams.find(declared => declared.name === name)
  if (!stream) throw new Error(`${name} is not declared`)
  await using warehouse = await app.open('write')
  const stats = new StreamStats(name)
  const { signal } = new AbortController()
  await app.source.token(stats.requestStats, signal)
  const options = { ...app, warehouse, readable: () => true, sample: 1, repair: false, random: () => randomNumber }
  return await reconcileStream(stream, options, stats, signal)
}

const recordsOf = ({ lines }: Reconciled) => {
  const all = lines.find(({ method, bucket }) => method === 'records' && bucket === 'all')
  if (!all) throw new Error('no line of all records')
  return all
}

describe.each(drawDestination())('$name', place => {
  test('K8/43: a month is counted on both sides from its first to its last instant', async () => {
    await synced(place, STREAMS, async ({ config }) => {
      const months = (await compareMonth(config, 'orders', 0)).known
      expect(months.length).toBeGreaterThan(4)
      let around = 0
      for (const [i, month] of months.entries()) {
        const compared = await compareMonth(config, 'orders', i / months.length)
        expect(compared.months).toEqual([month])
        const { source_count, warehouse_count, agrees } = recordsOf(compared)
        expect([month, source_count, agrees]).toEqual([month, warehouse_count, true])
        around += compared.diff.seen.size - source_count
      }
      // Hours beyond both ends are read, because it is not known in which zone the API reads a filter.
      expect(around).toBeGreaterThan(0)
    })
  })

  test('K8/43: what was left out is counted and said, and what has come since the last sync is no difference', async () => {
    await synced(place, STREAMS, async ({ simulator, config, sql }) => {
      const [charge] = simulator.store.all('charges').filter(({ status }) => status === 'success')
      const stamp = simulator.store.now().toISOString().replace('.000Z', '+00:00')
      simulator.store.advance(3_600_000)
      const later = simulator.store.now().toISOString().replace('.000Z', '+00:00')
      simulator.store.insert('charges', { ...charge, id: 910_000_001, updated_at: later, processed_at: stamp })
      const rows = await sql('select count(*) as n from recharge.charges where _deleted_at is null')
      const found = await runReconcile(config, ['charges'], { sample: 1 })
      const { source_count, warehouse_count, left_out, pending, agrees } = found.of('charges')
      expect([source_count, agrees, pending], found.text).toEqual([warehouse_count, true, 1])
      expect(left_out).toBeGreaterThan(0)
      expect(found.text).toContain(`charges: ${left_out} rows are counted on neither side`)
      expect(found.text).toContain('agree in what was compared')
      const whole = await runReconcile(config, ['charges'])
      expect(Number(whole.of('charges').warehouse_count) + Number(left_out)).toBe(Number(rows[0]?.n))
    })
  })

  test('K4/17: a list that lacks records which the API serves by id is not whole, so the repair does not settle', async () => {
    await synced(place, ['plans'], async ({ simulator, config, sql }) => {
      const { store, faults } = simulator
      const [model] = store.all('plans')
      const added = store.newId('plans')
      store.insert('plans', { ...model, id: added })
      const other = (id: unknown): number => Number(id) + 1_000_000_000
      const otherIds = store.all('plans').map(record => ({ ...record, id: other(record.id) }))
      const body = { plans: otherIds, next_cursor: null }
      faults.add({ kind: 'body', body, match: ({ path }) => path === '/plans' })
      const bent = await runReconcile(config, ['plans'], { repair: true })
      expect(bent.code, bent.text).toBe(1)
      expect(bent.of('plans')).toMatchObject({ settled: false, problem: { code: 'list_incomplete' } })
      expect(await sql('select id from recharge.plans where _deleted_at is not null')).toEqual([])
      const [kept] = await sql(
        `select cast(missing + changed + gone - repaired as int) as differing from recharge._sync_reconciliations
         where method = 'records' and bucket = 'all'`,
      )
      expect(kept?.differing).toBeGreaterThan(0)
      // The API lists all of them again.
      const mended = await runReconcile(config, ['plans'], { repair: true })
      expect(mended.code, mended.text).toBe(0)
      expect(mended.of('plans')).toMatchObject({ missing: 1, repaired: 1, settled: true, problem: null })
    })
  })

  test('I22: a listed record without a key that can be read is not compared, and the comparison is not settled', async () => {
    await synced(place, ['plans'], async ({ simulator, config, sql }) => {
      const { store, faults } = simulator
      for (const id of [null, '[object Object]', { is: 1 }]) {
        const [first, ...others] = store.all('plans')
        const body = { plans: [{ ...first, id }, ...others], next_cursor: null }
        faults.add({ kind: 'body', body, match: ({ path }) => path === '/plans' })
        const bent = await runReconcile(config, ['plans'], { repair: true })
        expect(bent.code, `${bent.text} ${id}`).toBe(1)
        expect(bent.of('plans')).toMatchObject({ agrees: false, settled: false, problem: { code: 'not_compared' } })
      }
      expect(await sql('select id from recharge.plans where _deleted_at is not null')).toEqual([])
      // For `status` there was no comparison of all records.
      expect(
        await sql(`select 1 from recharge._sync_reconciliations where method = 'records' and bucket = 'all'`),
      ).toEqual([])
      const mended = await runReconcile(config, ['plans'])
      expect(mended.code, mended.text).toBe(0)
    })
  })

  test('I22: K1/2: a record that is missing and dated 2099 is not left to the next sync, which would not read it', async () => {
    await synced(place, ['plans'], async ({ simulator, config, sql }) => {
      const { store, faults } = simulator
      const [first, ...others] = store.all('plans')
      await sql(`delete from recharge.plans where id = ${first?.id}`)
      const body = { plans: [{ ...first, updated_at: '2099-01-01T00:00:00+00:00' }, ...others], next_cursor: null }
      faults.add({ kind: 'body', body, match: ({ path }) => path === '/plans' })
      const repaired = await runReconcile(config, ['plans'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(repaired.of('plans')).toMatchObject({ missing: 1, pending: 0, repaired: 1 })
      expect(await sql(`select id from recharge.plans where id = ${first?.id}`)).toHaveLength(1)
    })
  })
})
