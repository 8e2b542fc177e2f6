import { describe, expect, test } from 'vitest'
import { justBefore } from '../../src/common/instant.ts'
import { newScan } from '../../src/pipeline/scan-progress.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { RequestSeen } from '../../src/simulator/faults.ts'
import type { Rewritten } from '../../src/simulator/serve/answer.ts'
import type { Ending } from '../../src/simulator/serve/list.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { CHEAP_DESTINATION, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { type ReadPages, readStream, STREAMS, sourceOf } from '../support/read-stream.ts'
import { configFor, runSync, Store, sampleOf, withSimulator } from '../support/run.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const PAGE = 250
const ENDINGS: readonly (readonly [Ending, readonly number[]])[] = [
  ['null', [0, 1, 249, 250, 251, 500, 750, 1000]],
  ['pointer', [1, 250, 500, 1000]],
  ['absent', [1, 2, 249, 250, 500]],
]
const [OWNERS] = STREAMS.flatMap(({ name, each }) => (name === 'metafields' && each ? [Object.keys(each.values)] : []))

const named = (name: string): Stream => {
  const found = STREAMS.find(stream => stream.name === name)
  if (!found) throw new Error(`no stream ${name}`)
  return found
}

/** Seconds before now at which the i-th record was changed. */
type Age = (i: number) => number
const APART: Age = i => 2000 - i
const TOGETHER: Age = () => 60

/** A store with this many records in every list of the streams. */
function storeOf(streams: readonly Stream[], count: number, age: Age = APART): Store {
  const store = new Store(new Date(NOW))
  for (const stream of streams) {
    const { name, parent, pagination } = stream
    store.declare(name)
    const isSingle = pagination === 'single'
    if (isSingle && !parent) {
      store.insert(name, sampleOf(name))
      continue
    }
    // Two parents: a list of this many records, and one of a single record.
    const owners = parent ? [1, 2] : stream.each ? OWNERS : [null]
    let id = 0
    for (const [at, owner] of (owners ?? []).entries())
      for (let i = 0; i < (isSingle || (parent && at > 0) ? 1 : count); i++) {
        id += 1
        store.insert(name, recordOf(stream, id, age(i), owner))
      }
    if (parent) for (const owner of [1, 2]) addParent(store, parent.stream, owner)
  }
  return store
}

function recordOf({ name, sync, parent, each, key }: Stream, id: number, age: number, owner: unknown) {
  const at = new Date(NOW - age * 1000).toISOString().slice(0, 19)
  return {
    ...sampleOf(name),
    ...(key[0] === 'id' ? { id } : {}),
    ...(name === 'charges' ? { processed_at: `${at}+00:00` } : {}),
    ...(sync.mode === 'incremental' ? { [sync.cursor]: `${at}+00:00` } : {}),
    ...(parent ? { [parent.as]: owner as number } : {}),
    ...(each ? { [each.parameter]: owner as string } : {}),
  }
}

function addParent(store: Store, name: string, id: number): void {
  store.declare(name)
  if (!store.get(name, id)) store.insert(name, { ...sampleOf(name), id, updated_at: '2026-11-20T11:00:00+00:00' })
}

/** Lists that a scan of the stream reads, with the records of each. */
function listsOf({ parent, each, pagination }: Stream, count: number): number[] {
  if (parent) return [2, pagination === 'single' ? 1 : count, 1]
  if (pagination === 'single') return [1]
  return each ? (OWNERS ?? []).map(() => count) : [count]
}

/** Requests that look for the end of a list: two, and three if its last pointer leads to an empty page. */
const mostFor = (ending: Ending): number => (ending === 'pointer' ? 3 : 2)

const pagesOf = (records: number): number => Math.max(1, Math.ceil(records / PAGE))
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Streams whose lists are of other streams' records are read alone, so that their parents are as few as they need. */
const ALONE = STREAMS.filter(({ parent }) => parent)
const TOGETHER_READ = STREAMS.filter(({ parent }) => !parent)
const SORTED = STREAMS.filter(({ sync }) => sync.mode === 'incremental')

async function expectWhole(streams: readonly Stream[], count: number, ending: Ending, age: Age = APART): Promise<void> {
  await withSimulator({ store: storeOf(streams, count, age), ending }, async simulator => {
    const source = sourceOf(simulator, 1)
    for (const stream of streams) {
      const lists = listsOf(stream, count)
      const { keys, requestStats, error } = await readStream(source, stream)
      expect([stream.name, error]).toEqual([stream.name, null])
      const records = sum(stream.parent ? lists.slice(1) : lists)
      const label = `${stream.name} of ${count}`
      if (stream.key[0] === 'id') expect([label, new Set(keys).size]).toEqual([label, records])
      else expect([label, keys.length]).toEqual([label, records])
      const pages = sum(lists.map(pagesOf))
      expect(requestStats.requests, `requests for ${label}`).toBeGreaterThanOrEqual(pages === 1 ? 1 : lists.length)
      // Only where a last page is full, or says nothing of a next one, is the end looked for.
      const exact = ending === 'null' && count % PAGE !== 0
      expect(requestStats.requests, `requests for ${label}`).toBeLessThanOrEqual(
        pages + (exact ? 0 : mostFor(ending) * lists.length),
      )
      expect(requestStats.retries, label).toBe(0)
    }
  })
}

describe.each(ENDINGS)(
  'I22: K4/14: every list ends, and few requests look for its end; the last pointer: %s',
  (ending, sizes) => {
    test.each(sizes)('%i records in every list of every stream', async count => {
      await expectWhole(TOGETHER_READ, count, ending)
      for (const stream of ALONE) await expectWhole([stream], count, ending)
    })

    test('500 records of one second, which a filter by time cannot divide', async () => {
      await expectWhole(SORTED, 500, ending, TOGETHER)
    })

    test('250 parents', async () => {
      const store = new Store(new Date(NOW))
      for (let id = 1; id <= PAGE; id++) {
        addParent(store, 'async_batches', id)
        store.insert('async_batch_tasks', recordOf(named('async_batch_tasks'), id, 60, id))
      }
      await withSimulator({ store, ending }, async simulator => {
        const { keys, requestStats, error } = await readStream(sourceOf(simulator), named('async_batch_tasks'))
        expect([error, keys.length, new Set(keys).size]).toEqual([null, PAGE, PAGE])
        // A list of one record that names no pointer is asked for its page 2, and then once more for its page 1.
        expect(requestStats.requests).toBeLessThanOrEqual(PAGE * (ending === 'absent' ? 3 : 1) + 1 + mostFor(ending))
      })
    })
  },
)

test.each([500, 2000])('I22: K4/14: %i payment methods are complete in the first run, and in the next', async count => {
  await withSimulator({ store: storeOf([named('payment_methods')], count) }, simulator =>
    CHEAP_DESTINATION.with(destination =>
      withFolder(async folder => {
        const config = configFor(simulator, destination, folder)
        for (const added of [count, 0]) {
          simulator.clearRequests()
          const ran = await runSync(config, ['payment_methods'])
          expect(ran.code, ran.text).toBe(0)
          expect(ran.of('payment_methods')).toMatchObject({ outcome: 'complete', added, deleted: 0 })
          const pages = simulator.requests.filter(({ path }) => path.startsWith('/payment_methods'))
          expect(pages.length).toBe(count / PAGE + 2)
        }
        const [row] = await withQuery(destination, query =>
          query('select cast(count(*) as integer) as n from recharge.payment_methods where _deleted_at is null'),
        )
        expect(row?.n).toBe(count)
      }),
    ),
  )
})

test('I22: a page of another list of the stream is asked for again', async () => {
  const metafields = named('metafields')
  await withSimulator({ store: storeOf([metafields], 2) }, async simulator => {
    const [first] = OWNERS ?? []
    const mine = simulator.store.all('metafields').filter(({ owner_resource: owner }) => owner === first)
    const body = { metafields: mine, next_cursor: null }
    const match = ({ path, query }: RequestSeen): boolean => path === '/metafields' && query.owner_resource !== first
    simulator.faults.add({ kind: 'body', body, match, skip: 1 })
    const { keys, requestStats, error } = await readStream(sourceOf(simulator, 1), metafields)
    expect([error, new Set(keys).size, requestStats.retries]).toEqual([null, 2 * (OWNERS ?? []).length, 1])
  })
})

/** The body of a list as a test rewrites it. */
type Body = Record<string, unknown>

/** Reads the stream while every answer of its list is rewritten. */
const rewritten = (
  stream: Stream,
  store: Store,
  rewrite: (body: Body, asked: Readonly<Record<string, string>>) => Body,
): Promise<ReadPages & { readonly simulator: Simulator }> =>
  withSimulator({ store }, async simulator => {
    simulator.faults.add({
      kind: 'rewrite',
      match: stream.path,
      times: Number.POSITIVE_INFINITY,
      rewrite: ({ body }: Rewritten, { query }) => ({
        body: Buffer.from(JSON.stringify(rewrite(JSON.parse(body.toString()), query))),
      }),
    })
    return { ...(await readStream(sourceOf(simulator, 1), stream)), simulator }
  })

const CONTRACT = { code: 'stream_contract', reaction: 'fail' }
const METHODS = named('payment_methods')
const CUSTOMERS = named('customers')

type Asked = Readonly<Record<string, string>>
type More = (body: Body, asked: { readonly limit?: string; readonly cursor?: string | undefined }) => Body

/** A server that never gives more than 50 records, whatever `limit` says. */
const capped =
  (store: Store, stream: Stream, more: More = body => body) =>
  (body: Body, { limit = '50', page = '1', cursor }: Asked): Body => {
    const all = store.all(stream.name)
    const size = Math.min(50, Number(limit))
    const from = cursor === undefined ? (Number(page) - 1) * size : Number(cursor)
    const next = from + size < all.length ? String(from + size) : null
    return more({ ...body, next_cursor: next, [stream.list]: all.slice(from, from + size) }, { limit, cursor })
  }

/** The simulator cannot read the cursors of `capped`, so it is asked without them. */
const readCapped = async (stream: Stream, count: number, more: More = body => body): Promise<ReadPages> => {
  const store = storeOf([stream], count)
  const serve = capped(store, stream, more)
  return withSimulator({ store }, async simulator => {
    simulator.faults.add({
      kind: 'rewrite',
      match: stream.path,
      times: Number.POSITIVE_INFINITY,
      rewrite: (_, { query }) => ({ status: 200, body: Buffer.from(JSON.stringify(serve({}, query))) }),
    })
    return readStream(sourceOf(simulator, 1), stream)
  })
}

describe.each([METHODS, CUSTOMERS])('$name from an API that gives 50 records at most', stream => {
  test.each([0, 1, 49, 50, 51, 100, 120])('I22: K4/15: of %i records none is missing', async count => {
    const { keys, error } = await readCapped(stream, count)
    expect([error, new Set(keys).size]).toEqual([null, count])
  })

  test.each([
    ['a number', 5],
    ['a number that a float cannot hold', JSON.rawJSON('12345678901234567890')],
    ['an object', { after: 'abc' }],
    ['a list', ['abc']],
    ['true', true],
  ])('K4/15: a pointer that is %s breaks the contract, and nothing of the page is taken', async (_what, pointer) => {
    const { pages, error, requestStats } = await readCapped(stream, 120, body => ({ ...body, next_cursor: pointer }))
    expect(error).toMatchObject({ ...CONTRACT, message: expect.stringContaining('neither text nor null') })
    expect([pages.length, requestStats.requests]).toEqual([0, 1])
  })

  test.each([50, 120, 150])(
    'I22: K4/15: a pointer under another name: %i records are read by page numbers',
    async count => {
      const renamed = ({ next_cursor, ...body }: Body): Body => ({ ...body, next_token: next_cursor })
      const { keys, error } = await readCapped(stream, count, renamed)
      expect([error, new Set(keys).size]).toEqual([null, count])
    },
  )

  test('I22: K4/15: 50 records without a pointer may be a full page: the rest is read', async () => {
    const { keys, error } = await readCapped(stream, 120, (body, { cursor, limit }) =>
      cursor === '50' && limit === '250' ? { ...body, next_cursor: null } : body,
    )
    expect([error, new Set(keys).size]).toEqual([null, 120])
  })

  test('I22: K4/15: a pointer under another name, and page numbers that change nothing: the stream fails at once', async () => {
    const store = storeOf([stream], 120)
    const { error, requestStats } = await rewritten(stream, store, body => ({
      [stream.list]: (body[stream.list] as unknown[]).slice(0, 50).map((_, i) => store.all(stream.name)[i]),
    }))
    expect(error).toMatchObject({ ...CONTRACT, message: expect.stringContaining('page 2 is page 1 again') })
    expect(requestStats.requests).toBeLessThan(10)
  })
})

test('I22: K4/15: pages of two spellings of the pointer, one of them null', async () => {
  const store = storeOf([METHODS], 600)
  const { keys, error } = await rewritten(METHODS, store, ({ next_cursor, ...body }) => ({
    ...body,
    next_cursor: null,
    next: next_cursor,
  }))
  expect([error, new Set(keys).size]).toEqual([null, 600])
})

test('I22: K4/14: a full page without a pointer in the middle: no record is missing, of any stream', async () => {
  for (const stream of [METHODS, CUSTOMERS, named('events'), named('products')]) {
    await withSimulator({ store: storeOf([stream], 600) }, async simulator => {
      simulator.faults.add({ kind: 'noCursor', match: stream.path, skip: 1, times: 1 })
      const { keys, error } = await readStream(sourceOf(simulator), stream)
      expect([stream.name, error, new Set(keys).size]).toEqual([stream.name, null, 600])
    })
  }
})

test.each([METHODS, CUSTOMERS])(
  'I22: K4/14: $name that are resumed at a saved cursor end too, at 500',
  async stream => {
    await withSimulator({ store: storeOf([stream], 500) }, async simulator => {
      const source = sourceOf(simulator, 1)
      const whole = await readStream(source, stream)
      const [first, ...rest] = whole.pages
      const scan = newScan({ since: null, until: null }, justBefore(source.clock()))
      const segments = scan.segments.map(segment => ({ ...segment, resume: first?.resume ?? null }))
      const resumed = await readStream(source, stream, { ...scan, segments })
      expect(resumed.error).toBe(null)
      expect(new Set(resumed.keys)).toEqual(new Set(rest.flatMap(({ decoded }) => decoded.keys)))
      expect(resumed.requestStats.requests).toBe(3)
    })
  },
)

test('I22: K4/14: an API that gives no pointer at all after the first page: the next pages are read by number', async () => {
  await withSimulator({ store: storeOf([METHODS], 1100) }, async simulator => {
    simulator.faults.add({ kind: 'noCursor', match: METHODS.path, skip: 1, times: Number.POSITIVE_INFINITY })
    const { keys, error } = await readStream(sourceOf(simulator), METHODS)
    expect([error, new Set(keys).size]).toEqual([null, 1100])
  })
})

test('I22: K4/14: a record that is added while the full page is requested again is read too', async () => {
  const store = storeOf([CUSTOMERS], 250)
  await withSimulator({ store }, async simulator => {
    let added = false
    simulator.faults.before(({ query }) => {
      if (query.limit !== '249' || added) return
      added = true
      store.insert('customers', recordOf(CUSTOMERS, 9_999, 3000, null))
    })
    const { keys, error } = await readStream(sourceOf(simulator), CUSTOMERS)
    expect(added).toBe(true)
    expect([error, new Set(keys).size, keys.includes('9999')]).toEqual([null, 251, true])
  })
})

/** Lists without an end: known records under these pointers. */
const ENDLESS: readonly (readonly [string, (turn: number) => { from: number; pointer: string; renewed?: boolean }])[] =
  [
    [
      'cursors A, B, A, over records that are new each time',
      turn => ({ from: 0, pointer: turn % 2 === 0 ? 'A' : 'B', renewed: true }),
    ],
    ['cursors A, B, A', turn => ({ from: (turn % 2) * PAGE, pointer: turn % 2 === 0 ? 'A' : 'B' })],
    ['a cursor that leads to itself, over changing pages', turn => ({ from: (turn % 3) * PAGE, pointer: 'A' })],
    ['new cursors, over two pages in turn', turn => ({ from: (turn % 2) * PAGE, pointer: `c${turn}` })],
    ['new cursors, over all pages in turn', turn => ({ from: (turn % 3) * PAGE, pointer: `c${turn}` })],
    ['new cursors, over pages that never begin alike', turn => ({ from: (turn * PAGE) % 601, pointer: `c${turn}` })],
    ['new cursors, over the same page', turn => ({ from: 0, pointer: `c${turn}` })],
    ['new cursors, over empty pages', turn => ({ from: Number.NaN, pointer: `c${turn}` })],
  ]

/** A list snapshot: the queued charges, sorted by id. */
const QUEUED: Stream = {
  ...named('charges'),
  sync: { mode: 'full' },
  sort: 'id-asc',
  parameters: { status: 'queued' },
}

const SCANS: readonly (readonly [string, Stream, number])[] = [
  ['a full scan', METHODS, 1],
  ['a sorted scan', CUSTOMERS, 1],
  ['a parallel scan', CUSTOMERS, 4],
  ['an unsorted scan of a range', named('events'), 1],
  ['the list of each owner', named('metafields'), 1],
  ['the list of each parent', named('async_batch_tasks'), 1],
  ['the parents', named('async_batches'), 1],
  ['a list snapshot', QUEUED, 1],
]

describe.each(SCANS)('%s that finds a list without an end', (_scan, stream, readers) => {
  test.each(ENDLESS)('I22: K4/16: %s: the stream fails soon', async (_what, answer) => {
    const store = storeOf([stream], 601)
    let turn = 0
    const { error, requestStats } = await withSimulator({ store }, async simulator => {
      simulator.faults.add({
        kind: 'rewrite',
        match: ({ path }) => stream.parent === null || path !== '/async_batches',
        times: Number.POSITIVE_INFINITY,
        rewrite: () => {
          const all = store.all(stream.name).slice(0, 601)
          const { from, pointer, renewed = false } = answer(turn)
          turn += 1
          const records = Number.isNaN(from)
            ? []
            : [...all, ...all]
                .slice(from, from + PAGE)
                .map(record => (renewed ? { ...record, id: Number(record.id) + 1000 * turn } : record))
          return { status: 200, body: Buffer.from(JSON.stringify({ next_cursor: pointer, [stream.list]: records })) }
        },
      })
      return readStream(sourceOf(simulator, readers), stream)
    })
    expect(error).toMatchObject({ code: expect.stringMatching(/^(stream_contract|unavailable)$/) })
    expect(requestStats.requests).toBeLessThan(70)
  })
})
