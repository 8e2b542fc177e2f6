import { type Simulator, startSimulator } from '../src/simulator/server.ts'
import { chargesStore, largeStore } from './large-store.ts'

/** Serves a large store from a process of its own, and reports its requests. */
let simulator: Simulator | null = null
let latency = 0

interface Wanted {
  /** Prepared pages to serve charges from. Default: customers, made here. */
  readonly charges?: string
  readonly records: number
  readonly latencyMs: number
  readonly bucket: number
  readonly perSecond: number
}

// The parent process may have been interrupted.
process.once('disconnect', () => process.exit())
process.on('message', async (message: Wanted | 'seen') => {
  if (message !== 'seen') {
    const { records, charges, ...options } = message
    latency = options.latencyMs
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
