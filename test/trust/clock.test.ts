import { expect, test } from 'vitest'
import { CHEAP_DESTINATION, withFolder } from '../support/destinations.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const STREAMS = ['customers', 'orders', 'plans']

type Prepared = (change: () => void, run: () => ReturnType<typeof runSync>, faults: Faults) => Promise<void>
type Faults = Parameters<Parameters<typeof withSimulator>[1]>[0]['faults']

/** A store whose clock is that of this machine. `change` edits one customer and adds another, a second later. */
async function prepared(work: Prepared): Promise<void> {
  const store = makeStore({ customers: 30, months: 2 })
  store.setNow(new Date(Date.now() - 60_000))
  await withSimulator({ store }, simulator =>
    CHEAP_DESTINATION.with(destination =>
      withFolder(async folder => {
        const config = configFor(simulator, destination, folder)
        const change = (): void => {
          store.advance(1000)
          const [first] = store.all('customers')
          const { updated_at } = store.edit('customers', Number(first?.id), { first_name: 'Edited' })
          store.insert('customers', { ...first, id: store.newId('customers'), updated_at })
        }
        await work(change, () => runSync(config, STREAMS), simulator.faults)
      }),
    ),
  )
}

test('I22: K1/1: a 502 whose Date says 2099 moves no watermark, and what changes later is read', async () => {
  await prepared(async (change, run, faults) => {
    faults.add({
      kind: 'rewrite',
      match: '/customers',
      rewrite: () => ({ status: 502, headers: { date: 'Thu, 01 Jan 2099 00:00:00 GMT' } }),
    })
    const first = await run()
    expect(first.code, first.text).toBe(0)
    expect(first.report.retries).toBe(1)
    for (const { complete_to } of first.report.streams)
      expect(Date.parse(String(complete_to))).toBeLessThanOrEqual(Date.now())
    change()
    expect((await run()).of('customers')).toMatchObject({ added: 1, changed: 1 })
  })
})

test('I22: K1/1: a 502 tells no time, even if its Date is possible', async () => {
  await prepared(async (_change, run, faults) => {
    const date = new Date(Date.now() + 4 * 60_000).toUTCString()
    faults.add({ kind: 'rewrite', match: '/customers', rewrite: () => ({ status: 502, headers: { date } }) })
    const ran = await run()
    expect(ran.report.retries).toBe(1)
    for (const { complete_to } of ran.report.streams)
      expect(Date.parse(String(complete_to))).toBeLessThanOrEqual(Date.now())
  })
})

test('I22: K1/1: answers that are slightly behind or ahead are believed, whatever the status of others', async () => {
  await prepared(async (_change, run, faults) => {
    faults.add({ kind: 'skew', ms: 4 * 60_000, times: Number.POSITIVE_INFINITY })
    const ran = await run()
    expect(ran.report.streams.map(({ problem }) => problem)).toEqual([null, null, null])
    expect(Date.parse(String(ran.of('customers').complete_to))).toBeGreaterThan(Date.now() + 60_000)
  })
})

test('I22: K1/1: all answers of a run three days ahead move no watermark into the future, and one stream warns of it', async () => {
  await prepared(async (change, run, faults) => {
    faults.add({ kind: 'skew', ms: 3 * DAY, times: Number.POSITIVE_INFINITY })
    const first = await run()
    expect(first.code, first.text).toBe(0)
    const warned = first.report.streams.filter(({ problem }) => problem?.code === 'clock_ahead')
    expect(warned.length, JSON.stringify(first.report.streams.map(s => [s.complete_to, s.problem]))).toBe(1)
    expect(warned[0]?.problem?.next).toContain('Set the clock of this machine')
    for (const { complete_to } of first.report.streams)
      expect(Date.parse(String(complete_to))).toBeLessThanOrEqual(Date.now())
    faults.clear()
    change()
    expect((await run()).of('customers')).toMatchObject({ added: 1, changed: 1 })
  })
})
