import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { Fault, RequestSeen } from '../../src/simulator/faults.ts'
import { ANY_DESTINATION, type TestDestination, withFolder } from '../support/destinations.ts'
import { type Dump, dump } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'

const NAMES = ['charges', 'customers', 'metafields', 'payment_methods', 'events', 'products']
const TESTED = STREAMS.filter(({ name }) => NAMES.includes(name))
const original = makeStore({ customers: 150, months: 9 })
const newStore = () => original.copy()

const expectedTables = new Map<string, Dump>()

/** The tables of a run without faults. */
async function tablesWithoutFaults(place: TestDestination): Promise<Dump> {
  const known = expectedTables.get(place.name)
  if (known) return known
  const made = await syncUnderFaults(place, [])
  expectedTables.set(place.name, made.tables)
  return made.tables
}

interface Synced {
  readonly tables: Dump
  readonly runs: readonly Ran[]
  readonly limits: readonly string[]
}

/** Syncs under these faults until every stream is complete, five times at most. */
async function syncUnderFaults(
  place: TestDestination,
  faults: readonly Fault[],
  recharge: Partial<Config['recharge']> = {},
): Promise<Synced> {
  return withSimulator({ store: newStore() }, simulator =>
    place.with(destination =>
      withFolder(async folder => {
        const config = configFor(simulator, destination, folder, recharge)
        for (const fault of faults) simulator.faults.add(fault)
        const runs: Ran[] = []
        for (let ran = 0; ran < 5; ran++) {
          const run = await runSync(config, NAMES)
          runs.push(run)
          if (run.code === 0) break
        }
        const limits = simulator.requests.map(({ query }) => query.limit ?? '')
        return { tables: await dump(destination, TESTED), runs, limits }
      }),
    ),
  )
}

/** Not the token check and not the counts: a run goes on without those. */
const isPage = ({ path }: RequestSeen): boolean => path !== '/token_information' && !path.endsWith('/count')
const at =
  (path: string) =>
  (request: RequestSeen): boolean =>
    request.path === path

/** Faults that one run recovers from. */
const RECOVERABLE: readonly (readonly [string, Fault])[] = [
  ['429 without Retry-After', { kind: 'status', status: 429, body: { warning: 'too many requests' }, times: 2 }],
  ['429 with Retry-After', { kind: 'status', status: 429, headers: { 'Retry-After': '1' }, times: 1 }],
  ['409', { kind: 'status', status: 409, body: { error: 'A call to this route is already in progress.' }, times: 2 }],
  ['500', { kind: 'status', status: 500, times: 3 }],
  ['502 with HTML', { kind: 'status', status: 502, body: '<html>Bad gateway</html>', times: 2 }],
  ['503', { kind: 'status', status: 503, times: 2 }],
  ['504', { kind: 'status', status: 504, times: 2 }],
  ['a reset', { kind: 'reset', times: 2 }],
  ['a hang past the timeout', { kind: 'hang', times: 1 }],
  ['a truncated body', { kind: 'truncate', times: 2 }],
  ['malformed JSON', { kind: 'malformed', times: 2 }],
  ['an empty 200', { kind: 'empty', times: 2 }],
  ['a warning with 200', { kind: 'body', body: { warning: 'too many requests' }, times: 2 }],
  ['an error with 200', { kind: 'body', body: { error: 'something' }, times: 1 }],
  ['a full page without a cursor', { kind: 'noCursor', match: at('/charges'), times: 1 }],
  ['a full page without a cursor, in a stream without order', { kind: 'noCursor', match: at('/metafields'), times: 1 }],
  ['an empty page with a cursor', { kind: 'emptyPage', match: at('/charges'), skip: 1, times: 2 }],
  [
    'a repeated page with the pointer of the right one',
    { kind: 'repeatPage', match: at('/charges'), skip: 1, times: 1 },
  ],
  [
    'a repeated page with its own pointer',
    { kind: 'repeatPage', pointer: 'previous', match: at('/charges'), skip: 1, times: 2 },
  ],
]

describe.each(ANY_DESTINATION)('$name', place => {
  test.each(RECOVERABLE)(
    '%s: one run recovers from it, with the same tables as a run without faults',
    async (_what, fault) => {
      const { tables, runs } = await syncUnderFaults(place, [{ match: isPage, ...fault } as Fault])
      expect(
        runs.map(run => run.code),
        runs[0]?.text,
      ).toEqual([0])
      expect(tables).toEqual(await tablesWithoutFaults(place))
      for (const s of runs[0]?.report.streams ?? [])
        expect(s.added + s.changed + s.unchanged + s.rejected, `I8: ${s.stream}`).toBe(s.records)
    },
  )

  test('I8: the report adds up, and counts retries and 429', async () => {
    const { runs } = await syncUnderFaults(place, [
      { kind: 'status', status: 429, times: 2, match: at('/charges') },
      { kind: 'status', status: 500, times: 1, match: at('/customers') },
    ])
    const report = runs[0]?.report
    expect(report).toMatchObject({ throttled: 2, retries: 3 })
    for (const s of report?.streams ?? [])
      expect(s.added + s.changed + s.unchanged + s.rejected, s.stream).toBe(s.records)
  })

  test('after several 504 smaller pages are requested', async () => {
    const { limits, tables } = await syncUnderFaults(place, [
      { kind: 'status', status: 504, match: at('/charges'), times: 4 },
    ])
    expect(limits).toContain('100')
    expect(limits).toContain('50')
    expect(tables).toEqual(await tablesWithoutFaults(place))
  })

  test.each([
    [
      'a response of another API version',
      { kind: 'version', version: '2021-01', match: at('/charges'), skip: 1, times: 1 },
      /the response is of 2021-01/,
    ],
    [
      'page after page repeated',
      { kind: 'repeatPage', match: at('/charges'), skip: 1, times: 8 },
      /returned (the previous page again|a record changed at)/,
    ],
    [
      'a 422',
      { kind: 'status', status: 422, body: { errors: { limit: ['no'] } }, match: at('/charges'), skip: 1 },
      /422/,
    ],
  ] satisfies [string, Fault, RegExp][])(
    '%s fails that stream and no other; the next run resumes it',
    async (_what, fault, message) => {
      const { runs, tables } = await syncUnderFaults(place, [fault], { concurrency: 1 })
      expect(runs.map(run => run.code)).toEqual([1, 0])
      const [first] = runs
      expect(first?.of('charges')).toMatchObject({ outcome: 'failed' })
      expect(first?.of('charges').problem?.message).toMatch(message)
      expect(first?.report.streams.filter(s => s.outcome !== 'complete').map(s => s.stream)).toEqual(['charges'])
      expect(tables).toEqual(await tablesWithoutFaults(place))
    },
  )

  test.each([422, 404, 500])(
    'a saved cursor refused with %i: the range is read again from its position, and the report says so',
    async status => {
      await withSimulator({ store: newStore() }, simulator =>
        place.with(destination =>
          withFolder(async folder => {
            const config = configFor(simulator, destination, folder, { concurrency: 1 })
            const refused: Fault = { kind: 'status', status, match: r => 'cursor' in r.query }
            simulator.faults.add({ ...refused, status: 422 })
            expect((await runSync(config, ['charges'])).code).toBe(1)
            simulator.clearRequests()
            simulator.faults.add({ ...refused, times: status === 500 ? 8 : 1 })
            const second = await runSync(config, ['charges'])
            expect(second.code, second.text).toBe(0)
            expect(second.of('charges').problem).toMatchObject({ code: 'cursor_refused' })
            const again = simulator.requests.find(r => r.path === '/charges' && !('cursor' in r.query))
            expect(again?.query.updated_at_min).toMatch(/^20/)
            const tables = await dump(
              destination,
              TESTED.filter(({ name }) => name === 'charges'),
            )
            expect(tables.charges).toEqual((await tablesWithoutFaults(place)).charges)
          }),
        ),
      )
    },
  )

  test('a saved cursor of an unsorted stream refused: the stream is read again from its start, and the report says so', async () => {
    const store = makeStore({ customers: 20, months: 2 })
    const [template] = store.all('payment_methods')
    for (let i = 0; i < 700; i++) store.insert('payment_methods', { ...template, id: 900_000_000 + i })
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const refused: Fault = { kind: 'status', status: 422, match: r => 'cursor' in r.query }
          simulator.faults.add({ ...refused, skip: 1 })
          expect((await runSync(config, ['payment_methods'])).code).toBe(1)
          simulator.clearRequests()
          simulator.faults.add(refused)
          const second = await runSync(config, ['payment_methods'])
          expect(second.code, second.text).toBe(0)
          // The token, the saved cursor, the scan from its start, and a second scan for what changed since the first run.
          const scan = [false, true, true]
          expect(simulator.requests.map(r => 'cursor' in r.query)).toEqual([false, true, ...scan, ...scan])
          expect(second.of('payment_methods').problem).toMatchObject({ code: 'cursor_refused' })
          const rows = await dump(
            destination,
            STREAMS.filter(({ name }) => name === 'payment_methods'),
          )
          expect(rows.payment_methods?.length).toBe(store.count('payment_methods'))
        }),
      ),
    )
  })

  test('an interrupted full scan resumes from its cursor', async () => {
    const store = makeStore({ customers: 20, months: 2 })
    const [template] = store.all('payment_methods')
    for (let i = 0; i < 700; i++) store.insert('payment_methods', { ...template, id: 900_000_000 + i })
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          simulator.faults.add({ kind: 'status', status: 422, match: r => 'cursor' in r.query, skip: 1 })
          expect((await runSync(config, ['payment_methods'])).code).toBe(1)
          const second = await runSync(config, ['payment_methods'])
          // The rest of the first scan, and a second scan for what changed since the first run.
          const all = store.count('payment_methods')
          expect(second.of('payment_methods').records).toBe(all - 500 + all)
          expect(second.code).toBe(0)
        }),
      ),
    )
  })

  test.each([-10, 10])('I2: if the clock of the API is %i minutes off, no change is lost', async minutes => {
    await withSimulator({ store: newStore() }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store, faults } = simulator
          const config = configFor(simulator, destination, folder)
          faults.add({ kind: 'skew', ms: minutes * 60_000, times: 1_000_000 })
          const queued = store.all('charges').filter(({ status }) => status === 'queued')
          for (const [run, charge] of queued.slice(0, 4).entries()) {
            expect((await runSync(config, ['charges'])).code).toBe(0)
            store.advance(3 * 60_000)
            store.edit('charges', Number(charge.id), { note: `edit ${run}` })
          }
          const last = await runSync(config, ['charges'])
          expect(last.of('charges').changed).toBe(1)
          const { charges } = await dump(
            destination,
            TESTED.filter(({ name }) => name === 'charges'),
          )
          for (const [run, { id }] of queued.slice(0, 4).entries())
            expect(charges?.find(row => row.id === String(id))?.note).toBe(`edit ${run}`)
        }),
      ),
    )
  })

  test('I2: records are edited, inserted and deleted between the pages: no record that still exists is missing', async () => {
    await withSimulator({ store: newStore() }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store, faults } = simulator
          const config = configFor(simulator, destination, folder)
          let turn = 0
          faults.before(request => {
            if (request.path !== '/charges' && request.path !== '/metafields') return
            const name = request.path === '/charges' ? 'charges' : 'metafields'
            const records = store.all(name).filter(record => record.status !== 'success')
            const pick = (n: number) => records[(turn * 37 + n * 101) % records.length]
            turn += 1
            store.advance(1000)
            const edited = pick(1)
            const template = pick(2)
            if (edited) store.edit(name, Number(edited.id), { note: `turn ${turn}` })
            const stamp = `${store.now().toISOString().slice(0, 19)}+00:00`
            if (template)
              store.insert(name, { ...template, id: store.newId(name), updated_at: stamp, created_at: stamp })
            if (turn % 3 === 0) store.remove(name, Number(pick(3)?.id))
          })
          for (let run = 0; run < 3; run++) expect((await runSync(config, NAMES)).code).toBe(0)
          expect(turn).toBeGreaterThan(8)
          faults.clear()
          store.advance(60_000)
          expect((await runSync(config, NAMES)).code).toBe(0)
          const tables = await dump(destination, TESTED)
          const wall = store.now().getTime() - 90 * 86_400_000
          const served = store
            .all('charges')
            .filter(
              c =>
                !['success', 'refunded', 'partially_refunded'].includes(String(c.status)) ||
                Date.parse(String(c.processed_at)) >= wall,
            )
          const rows = new Map(tables.charges?.map(row => [row.id, row]))
          for (const charge of served)
            expect(rows.get(String(charge.id))?.note ?? null, `charge ${charge.id}`).toBe(charge.note ?? null)
          const fields = new Set(tables.metafields?.map(row => row.id))
          for (const field of store.all('metafields')) expect(fields.has(String(field.id))).toBe(true)
        }),
      ),
    )
  })

  test('I2: of thousands of records with the same second none is missing, even if the run is interrupted among them', async () => {
    const store = makeStore({ customers: 20, months: 2 })
    const [template] = store.all('customers')
    const stamp = '2026-11-19T05:00:07+00:00'
    for (let i = 0; i < 3000; i++)
      store.insert('customers', { ...template, id: 900_000_000 + i, updated_at: stamp, created_at: stamp })
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder, { concurrency: 1 })
          simulator.faults.add({ kind: 'status', status: 422, match: r => 'cursor' in r.query, skip: 4, times: 1 })
          expect((await runSync(config, ['customers'])).code).toBe(1)
          const second = await runSync(config, ['customers'])
          expect(second.code).toBe(0)
          // It resumed from its cursor, not from the start of that second.
          expect(second.of('customers').records).toBeLessThan(2500)
          const { customers } = await dump(
            destination,
            STREAMS.filter(({ name }) => name === 'customers'),
          )
          expect(customers?.length).toBe(store.count('customers'))
        }),
      ),
    )
  })
})
