import { describe, expect, test } from 'vitest'
import { justBefore } from '../../src/common/instant.ts'
import type { Page, Scan } from '../../src/common/model.ts'
import { pageDecoders } from '../../src/pipeline/page-decoders.ts'
import { advanceScan, newScan } from '../../src/pipeline/scan-progress.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { Store } from '../../src/simulator/store.ts'
import { STREAMS, sourceOf } from '../support/read-stream.ts'
import { withSimulator } from '../support/run.ts'

/* A segment is split where a page begins that was requested by its number. Nothing may rest on where that is. */

const RECORDS = 6000
const CUSTOMERS = STREAMS.find(({ name }) => name === 'customers') as (typeof STREAMS)[number]
const LATENCY = 60

/** Customers of whom several share each second, as after a night of renewals. */
function crowded(perSecond: number): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  const start = store.now().getTime() - RECORDS * 60_000
  for (let i = 0; i < RECORDS; i++) {
    const stamp = `${new Date(start + Math.floor(i / perSecond) * perSecond * 60_000).toISOString().slice(0, 19)}+00:00`
    store.insert('customers', { id: 1000 + i, email: `c${i}@example.net`, created_at: stamp, updated_at: stamp })
  }
  return store
}

interface Read {
  readonly pages: readonly Page[]
  /** How often each record was read. */
  readonly times: ReadonlyMap<string, number>
  readonly numbered: number
  readonly requests: number
  /** Records that were sent more than once, and how many the scan has counted. */
  readonly again: number
  readonly counted: number
}

async function read(simulator: Simulator, expected: number | null): Promise<Read> {
  const source = sourceOf(simulator, 20)
  const { signal } = new AbortController()
  const requestStats = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, readAgain: 0, warnings: [] }
  // It learns the latency.
  await source.token(requestStats, signal)
  simulator.clearRequests()
  const scan = newScan({ since: null, until: null }, justBefore(source.clock()))
  const pages: Page[] = []
  const options = { readable: () => true, decoderOf: pageDecoders(), newestFirst: false, requestStats, signal }
  for await (const page of source.pages(CUSTOMERS, scan, { ...options, expected: () => expected })) pages.push(page)
  const times = new Map<string, number>()
  for (const key of pages.flatMap(({ decoded }) => decoded.keys)) times.set(key, (times.get(key) ?? 0) + 1)
  expect(isComplete(scan, pages)).toBe(true)
  const asked = simulator.requests.filter(({ path }) => path === '/customers')
  const again = asked.reduce((sum, { records }) => sum + records, 0) - times.size
  const numbered = asked.filter(({ query }) => 'page' in query).length
  return { pages, times, numbered, requests: asked.length, again, counted: requestStats.readAgain }
}

/** Whether the checkpoint takes the pages, in their order and one by one, for the whole window. */
function isComplete(scan: Scan, pages: readonly Page[]): boolean {
  let left: Scan | null = scan
  for (const page of pages) {
    if (left === null) return false
    const cursors = page.decoded.cursors.filter(at => at !== null).sort()
    const { range, ranges, resume, last, restarted } = page
    const [lowest = null, highest = null] = [cursors[0], cursors.at(-1)]
    left = advanceScan(left, [{ range, ranges, resume, last, restarted, lowest, highest, inOrder: true }])
  }
  return left === null
}

const missing = (store: Store, { times }: Read): number[] =>
  store.all('customers').flatMap(({ id }) => (times.has(String(id)) ? [] : [Number(id)]))

describe.each([1, 7, 400])('%i records in a second', perSecond => {
  test.each([RECORDS, null, 100, 50_000])(
    'every record is read, and few of them twice, when the API counts %j',
    async counted => {
      const store = crowded(perSecond)
      await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
        const seen = await read(simulator, counted)
        expect(missing(store, seen)).toEqual([])
        expect(seen.numbered).toBeGreaterThan(0)
        expect(seen.counted).toBe(seen.again)
        if (counted !== RECORDS) return
        expect(seen.again).toBeLessThan(0.05 * RECORDS)
        expect(seen.requests).toBeLessThanOrEqual(1.15 * (RECORDS / 250))
      })
    },
  )
})

test('records that move while they are read: none that stays is missing', async () => {
  const store = crowded(7)
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    const moved = new Set<string>()
    let seen = 0
    simulator.faults.before(({ path }) => {
      if (path !== '/customers') return
      // From the beginning, the middle and the end: pages after them begin elsewhere.
      seen += 1
      store.advance(1000)
      for (const i of [seen * 7, 2500 + seen * 11, 5000 + seen * 3].filter(place => place < RECORDS)) {
        store.edit('customers', 1000 + i, { first_name: `Moved ${seen}` })
        moved.add(String(1000 + i))
      }
    })
    const read1 = await read(simulator, RECORDS)
    expect(read1.numbered).toBeGreaterThan(3)
    expect(moved.size).toBeGreaterThan(50)
    expect(missing(store, read1).filter(id => !moved.has(String(id)))).toEqual([])
  })
})

test('an API that refuses page numbers is split by time, and is not asked for a number again and again', async () => {
  const store = crowded(1)
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    simulator.faults.add({
      kind: 'status',
      status: 422,
      body: { errors: { page: ['is not served'] } },
      match: ({ query }) => 'page' in query,
      times: 1000,
    })
    const seen = await read(simulator, RECORDS)
    expect(missing(store, seen)).toEqual([])
    expect(seen.numbered).toBeLessThanOrEqual(20)
    expect(simulator.requests.some(({ query }) => 'updated_at_min' in query)).toBe(true)
  })
})

test('an API that ignores page numbers is split by time, and is not asked for a number again and again', async () => {
  const store = crowded(1)
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    let first: Buffer | null = null
    simulator.faults.add({
      kind: 'rewrite',
      match: '/customers',
      times: Number.POSITIVE_INFINITY,
      rewrite: ({ body }, { query }) => {
        if (!('page' in query)) {
          if (!('cursor' in query)) first ??= body
          return { body }
        }
        return { body: first ?? body }
      },
    })
    const seen = await read(simulator, RECORDS)
    expect(missing(store, seen)).toEqual([])
    expect(seen.numbered).toBeGreaterThan(0)
    expect(seen.numbered).toBeLessThanOrEqual(20)
  })
})

test('pages without a pointer: every record is read', async () => {
  const store = crowded(7)
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    simulator.faults.add({ kind: 'noCursor', match: ({ query }) => 'page' in query, times: 1000 })
    expect(missing(store, await read(simulator, RECORDS))).toEqual([])
  })
})

test('pages that are counted in another order than cursors go: every record is read', async () => {
  const store = crowded(400)
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    const rows = [...store.all('customers')].sort(
      (a, b) => String(a.updated_at).localeCompare(String(b.updated_at)) || Number(b.id) - Number(a.id),
    )
    simulator.faults.add({
      kind: 'rewrite',
      match: ({ query }) => 'page' in query,
      times: 1000,
      rewrite: ({ body }, { query }) => {
        const { customers: _, next_cursor, ...rest } = JSON.parse(body.toString())
        const from = (Number(query.page) - 1) * Number(query.limit)
        const customers = rows.slice(from, from + Number(query.limit))
        const last = customers.at(-1)
        if (next_cursor === null || last === undefined)
          return { body: Buffer.from(JSON.stringify({ ...rest, next_cursor, customers })) }
        const cursor = JSON.parse(Buffer.from(next_cursor, 'base64').toString())
        const after = { ...cursor, starting_before_id: last.id, last_value: Date.parse(String(last.updated_at)) }
        const next = Buffer.from(JSON.stringify(after)).toString('base64')
        return { body: Buffer.from(JSON.stringify({ ...rest, next_cursor: next, customers })) }
      },
    })
    const seen = await read(simulator, RECORDS)
    expect(seen.numbered).toBeGreaterThan(0)
    expect(missing(store, seen)).toEqual([])
  })
})
