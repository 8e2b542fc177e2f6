import { describe, expect, test } from 'vitest'
import type { RequestStats } from '../../src/common/model.ts'
import type { Source } from '../../src/extract/source.ts'
import type { RequestSeen } from '../../src/simulator/faults.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { Store } from '../../src/simulator/store.ts'
import { type ReadPages, readStream, STREAMS, sourceOf } from '../support/read-stream.ts'
import { withSimulator } from '../support/run.ts'

/*
 * An API that answers late, at a rate that allows many requests at once: lists are read ahead by page numbers, and begun
 * before their turn. Nothing may rest on what a number leads to.
 */

const LATENCY = 150
const FIRST = 5000
const MANY = 2600
const named = (name: string) => STREAMS.find(stream => stream.name === name) as (typeof STREAMS)[number]
const METHODS = named('payment_methods')
const METAFIELDS = named('metafields')
const OWNERS = Object.keys(METAFIELDS.each?.values ?? {})

function methods(): Store {
  const store = new Store('2026-11-20T12:00:00Z')
  for (let i = 0; i < MANY; i++) store.insert('payment_methods', { id: FIRST + i, customer_id: i, status: 'valid' })
  return store
}

/** A source that knows how late the API answers. */
async function lateSource(simulator: Simulator, concurrency: number): Promise<Source> {
  const source = sourceOf(simulator, concurrency)
  const requestStats: RequestStats = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, readAgain: 0, warnings: [] }
  await source.token(requestStats, new AbortController().signal)
  simulator.clearRequests()
  return source
}

const readLate = async (simulator: Simulator, stream: (typeof STREAMS)[number], most = 40): Promise<ReadPages> =>
  await readStream(await lateSource(simulator, most), stream)

const isNumbered = ({ query }: RequestSeen): boolean => 'page' in query
const numbered = ({ requests }: Simulator): number => requests.filter(isNumbered).length

/** How many latencies passed from the first request to the last. */
const rounds = ({ requests }: Simulator): number =>
  Math.round(((requests.at(-1)?.at ?? 0) - (requests[0]?.at ?? 0)) / LATENCY)

const missing = (store: Store, { keys }: ReadPages): number[] => {
  const seen = new Set(keys)
  return store.all('payment_methods').flatMap(({ id }) => (seen.has(String(id)) ? [] : [Number(id)]))
}

describe('a list without times', () => {
  test('is read ahead: every record of it, few of them twice, in a few latencies', async () => {
    const store = methods()
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      const read = await readLate(simulator, METHODS)
      expect(read.error).toBeNull()
      expect(missing(store, read)).toEqual([])
      expect(read.keys.length).toBeLessThan(1.05 * MANY)
      expect(read.requestStats.readAgain).toBe(read.keys.length - MANY)
      expect(numbered(simulator)).toBeGreaterThan(5)
      // Eleven pages, one after another, would take ten.
      expect(rounds(simulator)).toBeLessThan(6)
      expect(simulator.requests.length).toBeLessThanOrEqual(11 + 6)
    })
  })

  test('is not read ahead where the rate leaves no room for it', async () => {
    await withSimulator({ store: methods(), latencyMs: LATENCY }, async simulator => {
      const { error, keys } = await readLate(simulator, METHODS, 1)
      expect([error, keys.length, numbered(simulator), simulator.requests.length]).toEqual([null, MANY, 0, 11])
    })
  })

  test('I2: whose records are added and deleted meanwhile: none that stays is missing', async () => {
    const store = methods()
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      const deleted = new Set<number>()
      let seen = 0
      simulator.faults.before(({ path }) => {
        if (path !== '/payment_methods') return
        seen += 1
        // The list begins with the newest: what is deleted moves all that follows forward, what is added moves it back.
        for (let n = 0; n < (seen % 2 === 0 ? 40 : 0); n++) deleted.add(FIRST + MANY - 1 - (seen * 40 + n))
        for (const id of deleted) store.table('payment_methods').remove(id)
        if (seen % 5 === 0) store.insert('payment_methods', { id: 900_000 + seen, customer_id: 1, status: 'valid' })
      })
      const read = await readLate(simulator, METHODS)
      expect(read.error).toBeNull()
      expect(numbered(simulator)).toBeGreaterThan(0)
      expect(deleted.size).toBeGreaterThan(100)
      const lost = missing(store, read).filter(id => id < 900_000)
      expect(lost).toEqual([])
    })
  })

  test('I2: whose numbers lead to pages in another order: it is read by its pointers', async () => {
    const store = methods()
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      simulator.faults.add({
        kind: 'rewrite',
        match: isNumbered,
        times: Number.POSITIVE_INFINITY,
        rewrite: ({ body }) => {
          const { payment_methods: page, ...rest } = JSON.parse(body.toString())
          return { body: Buffer.from(JSON.stringify({ ...rest, payment_methods: page.toReversed() })) }
        },
      })
      const read = await readLate(simulator, METHODS)
      expect([read.error, missing(store, read), read.keys.length]).toEqual([null, [], MANY])
      expect(numbered(simulator)).toBeGreaterThan(0)
    })
  })

  test('I2: whose numbers lead elsewhere behind a record that fits: it is read by its pointers', async () => {
    const store = methods()
    const ids = store.all('payment_methods').map(({ id }) => Number(id))
    const descending = ids.toSorted((a, b) => b - a)
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      simulator.faults.add({
        kind: 'rewrite',
        match: isNumbered,
        times: Number.POSITIVE_INFINITY,
        rewrite: ({ body }, { query }) => {
          const { payment_methods: page, ...rest } = JSON.parse(body.toString())
          const from = (Number(query.page) - 1) * Number(query.limit) + 600
          const others = descending.slice(from, from + page.length - 1).toReversed()
          const elsewhere = [page[0], ...others.map(id => store.get('payment_methods', id))].filter(Boolean)
          return { body: Buffer.from(JSON.stringify({ ...rest, payment_methods: elsewhere })) }
        },
      })
      const read = await readLate(simulator, METHODS)
      expect([read.error, missing(store, read), read.keys.length]).toEqual([null, [], MANY])
      expect(numbered(simulator)).toBeGreaterThan(0)
    })
  })

  test('I2: whose numbers are ignored: it is read by its pointers', async () => {
    const store = methods()
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      let first: Buffer | null = null
      simulator.faults.add({
        kind: 'rewrite',
        match: '/payment_methods',
        times: Number.POSITIVE_INFINITY,
        rewrite: ({ body }, { query }) => {
          first ??= body
          return { body: 'page' in query ? first : body }
        },
      })
      const read = await readLate(simulator, METHODS)
      expect([read.error, missing(store, read), read.keys.length]).toEqual([null, [], MANY])
      expect(numbered(simulator)).toBeGreaterThan(0)
      expect(numbered(simulator)).toBeLessThanOrEqual(6)
    })
  })

  test('whose numbers are refused: it is read by its pointers, and no list is asked for a number again', async () => {
    const store = methods()
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      simulator.faults.add({ kind: 'status', status: 422, match: isNumbered, times: 1000 })
      const source = await lateSource(simulator, 40)
      const read = await readStream(source, METHODS)
      expect([read.error, missing(store, read), read.keys.length]).toEqual([null, [], MANY])
      expect(numbered(simulator)).toBeGreaterThan(0)
      simulator.clearRequests()
      expect((await readStream(source, METHODS)).error).toBeNull()
      expect(numbered(simulator)).toBe(0)
    })
  })

  test('is not read ahead where answers come late only because this machine is busy', async () => {
    let isBusy = false
    await withSimulator({ store: methods(), latencyMs: () => (isBusy ? LATENCY : 10) }, async simulator => {
      const source = await lateSource(simulator, 40)
      isBusy = true
      const { error, keys } = await readStream(source, METHODS)
      expect([error, keys.length, numbered(simulator), simulator.requests.length]).toEqual([null, MANY, 0, 11])
    })
  })

  test('is not read ahead where the API answers soon: few requests fill the rate', async () => {
    await withSimulator({ store: methods(), latencyMs: 10 }, async simulator => {
      const { error, keys } = await readLate(simulator, METHODS)
      expect([error, keys.length, numbered(simulator), simulator.requests.length]).toEqual([null, MANY, 0, 11])
    })
  })
})

test('a list by times that grows from month to month, and is not counted, is read in a few latencies', async () => {
  const store = new Store('2026-11-20T12:00:00Z')
  const now = store.now().getTime()
  for (let i = 0; i < MANY; i++) {
    // Half of the records are of the last sixteenth of the time.
    const stamp = `${new Date(now - 4e10 * (1 - i / MANY) ** 4 - 60_000).toISOString().slice(0, 19)}+00:00`
    store.insert('onetimes', { id: FIRST + i, created_at: stamp, updated_at: stamp, is_cancelled: false })
  }
  await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
    const { error, keys } = await readLate(simulator, named('onetimes'))
    expect(error).toBeNull()
    expect(new Set(keys).size).toBe(MANY)
    expect(keys.length).toBeLessThan(1.05 * MANY)
    expect(rounds(simulator)).toBeLessThan(6)
    expect(simulator.requests.length).toBeLessThanOrEqual(11 + 8)
  })
})

describe('the lists of one stream', () => {
  const owned = (each: number): Store => {
    const store = new Store('2026-11-20T12:00:00Z')
    for (const [i, owner] of OWNERS.entries())
      for (let n = 0; n < each; n++)
        store.insert('metafields', { id: 1 + i * each + n, owner_resource: owner, owner_id: n, key: 'k', value: 'v' })
    return store
  }

  test('are begun together', async () => {
    await withSimulator({ store: owned(300), latencyMs: LATENCY }, async simulator => {
      const { error, keys } = await readLate(simulator, METAFIELDS)
      expect([error, new Set(keys).size]).toEqual([null, 300 * OWNERS.length])
      expect(rounds(simulator)).toBeLessThan(4)
    })
  })

  test('a page of another one is asked for again, whichever comes first', async () => {
    const store = owned(3)
    await withSimulator({ store, latencyMs: LATENCY }, async simulator => {
      const [first] = OWNERS
      const mine = store.all('metafields').filter(({ owner_resource: owner }) => owner === first)
      // The answer to the second list comes at once with that of the first.
      const match = ({ path, query }: RequestSeen): boolean => path === '/metafields' && query.owner_resource !== first
      simulator.faults.add({ kind: 'body', body: { metafields: mine, next_cursor: null }, match, times: 1 })
      const { error, keys, requestStats } = await readLate(simulator, METAFIELDS)
      expect([error, new Set(keys).size, keys.length]).toEqual([null, 3 * OWNERS.length, 3 * OWNERS.length])
      expect(requestStats.retries).toBe(1)
    })
  })
})
