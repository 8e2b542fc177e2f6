import { STREAMS } from '../src/cli/app.ts'
import { fixturesOf } from '../src/cli/fixtures.ts'
import type { RequestSeen } from '../src/simulator/faults.ts'
import { type Simulator, startSimulator } from '../src/simulator/server.ts'
import { makeStore } from '../src/simulator/story.ts'
import { chargesStore, largeStore } from './large-store.ts'

/** Serves a large store from a process of its own, and reports its requests. */
let simulator: Simulator | null = null
let latency = 0

interface Wanted {
  /** Customers of a made-up shop that serves every stream. Default: one large stream. */
  readonly shop?: number
  /** Prepared pages to serve charges from. Default: customers, made here. */
  readonly charges?: string
  readonly records: number
  readonly latencyMs: number
  readonly bucket: number
  readonly perSecond: number
}

// The parent process may have been interrupted.
process.once('disconnect', () => process.exit())
process.on('message', async (message: Wanted | 'seen' | 'every' | 'clear' | 'sent') => {
  if (message === 'sent') {
    process.send?.(sentBy(performance.now()))
    return
  }
  if (message === 'clear') {
    simulator?.clearRequests()
    process.send?.('cleared')
    return
  }
  if (message === 'every') {
    process.send?.(everyRequest(simulator?.requests ?? []))
    return
  }
  if (message !== 'seen') {
    const { records, charges, shop, ...options } = message
    latency = options.latencyMs
    if (shop !== undefined) {
      const store = makeStore({ customers: shop, months: 24 })
      simulator = await startSimulator({ store, fixtures: fixturesOf(STREAMS), ...options })
      process.send?.({ url: simulator.url, token: simulator.token })
      return
    }
    simulator = await startSimulator({
      store: charges === undefined ? largeStore(records) : chargesStore(records, charges),
      ...options,
    })
    // The first request sorts the records, which takes a second for a million. The API would not need it.
    const headers = { 'x-recharge-access-token': simulator.token, 'x-recharge-version': '2021-11' }
    const list = charges === undefined ? 'customers' : 'charges'
    const first = new URL(`/${list}?sort_by=updated_at-asc&limit=1`, simulator.url)
    if ((await fetch(first, { headers })).status !== 200) throw new Error('the store does not answer')
    simulator.clearRequests()
    process.send?.({ url: simulator.url, token: simulator.token })
    return
  }
  const pages = (simulator?.requests ?? []).filter(({ path }) => path === '/customers')
  const answered = pages.filter(({ status }) => status === 200)
  const [first, last] = [answered[0], answered.at(-1)]
  process.send?.({
    requests: answered.length,
    seconds: ((last?.at ?? 0) - (first?.at ?? 0)) / 1000,
    throttled: pages.filter(({ status }) => status === 429).length,
    mostInFlight: mostInFlight(
      answered.map(({ at }) => at),
      latency,
    ),
  })
})

/** What has been sent so far. */
export interface Sent {
  readonly records: number
  /** Without those of pages that were requested twice. */
  readonly distinct: number
  /** In the last two seconds. */
  readonly lately: number
  readonly inFlight: number
}

function sentBy(now: number): Sent {
  const requests = (simulator?.requests ?? []).filter(({ status }) => status === 200 || status === 0)
  const done = requests.filter(({ status }) => status === 200)
  const count = (some: readonly RequestSeen[]): number => some.reduce((sum, { records }) => sum + records, 0)
  // Parents of a stream are read with it once more, and so is the store.
  const parents = ['/async_batches', '/bundle_products']
  const twice = parents.flatMap(path => done.filter(request => request.path === path).slice(1))
  return {
    records: count(done),
    distinct: count(done) - count(twice),
    lately: count(done.filter(({ at }) => at + latency >= now - 2_000)),
    inFlight: requests.length - done.length,
  }
}

/** What a run of all streams has asked for. */
export interface EveryRequest {
  /** Answered requests, that of the token included. */
  readonly requests: number
  /** From the first request of all to the last. */
  readonly seconds: number
  /** From the first request of a list to the last. */
  readonly readingSeconds: number
  readonly throttled: number
  /** Records sent. */
  readonly records: number
  /** Requests of each path. */
  readonly paths: Readonly<Record<string, number>>
}

function everyRequest(all: readonly RequestSeen[]): EveryRequest {
  const answered = all.filter(({ status }) => status === 200)
  const lists = answered.filter(({ path }) => !['/token_information', '/store'].includes(path))
  const seconds = (seen: readonly RequestSeen[]): number => ((seen.at(-1)?.at ?? 0) - (seen[0]?.at ?? 0)) / 1000
  const paths: Record<string, number> = {}
  for (const { path } of answered) paths[path] = (paths[path] ?? 0) + 1
  return {
    requests: answered.length,
    seconds: seconds(answered),
    readingSeconds: seconds(lists),
    throttled: all.filter(({ status }) => status === 429).length,
    records: answered.reduce((sum, { records }) => sum + records, 0),
    paths,
  }
}

/** The most requests that arrived within one latency. */
function mostInFlight(arrivals: readonly number[], latency: number): number {
  let from = 0
  let most = 0
  for (const [to, at] of arrivals.entries()) {
    while ((arrivals[from] ?? at) <= at - latency) from += 1
    most = Math.max(most, to - from + 1)
  }
  return most
}
